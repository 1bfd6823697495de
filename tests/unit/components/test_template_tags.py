"""Words for times and values, as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.template import Context, Template
from hypothesis import given
from hypothesis import strategies as st

from anlan.components.templatetags.anlan import clock_words, countdown, duration_words, figure, level_words, short_time

NOW = datetime(2024, 3, 1, 1, 41, 26, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "不到 1 分"),
        (59, "不到 1 分"),
        (60, "1 分"),
        (3599, "59 分"),
        (6060, "1 小时 41 分"),
        (90000, "1 天 1 小时"),
    ],
)
def test_a_duration_has_two_units_at_most(seconds: float, words: str) -> None:
    assert duration_words(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "00:00"),
        (1114, "18:34"),
        (3599, "59:59"),
        (3600, "1:00"),
        (47 * 3600 + 120, "47:02"),
        (49 * 3600, "2 天 1:00"),
    ],
)
def test_a_countdown_shows_minutes_and_seconds_below_an_hour_and_hours_above(seconds: float, words: str) -> None:
    assert clock_words(seconds) == words


@given(st.floats(min_value=-1e7, max_value=1e7))
def test_words_are_found_for_every_length(seconds: float) -> None:
    assert duration_words(seconds)
    assert clock_words(seconds)


def test_an_overdue_countdown_says_by_how_much() -> None:
    shown = countdown(Context({"now": NOW}), NOW - timedelta(seconds=200))
    assert "已超 03:20" in shown
    assert "over" in shown


def test_a_time_of_another_day_carries_its_date_in_civil_time() -> None:
    assert short_time(NOW, NOW) == "09:41"
    assert short_time(datetime(2024, 2, 29, 15, 59, tzinfo=UTC), NOW) == "2-29 23:59"
    assert short_time(datetime(2024, 2, 29, 16, 0, tzinfo=UTC), NOW) == "00:00"


def test_a_value_has_the_decimals_of_its_sensor_and_a_missing_one_is_a_dash() -> None:
    assert figure(1.6, 3) == "1.600"
    assert figure(0, 1) == "0.0"
    assert figure(None, 2) == "–"


def test_a_level_is_told_by_word_not_by_colour_alone() -> None:
    shown = Template("{% load anlan %}{% level_badge 'orange' %}").render(Context())
    assert "橙色 较大" in shown
    assert "l-orange" in shown
    assert level_words("none") == "无预警"


def test_names_from_the_database_are_escaped() -> None:
    shown = Template("{% load anlan %}{% level_badge level %}").render(Context({"level": "<b>"}))
    assert "<b>" not in shown
