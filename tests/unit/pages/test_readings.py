"""How a value stands on a page: fresh, stale, bad, never seen, or unanswered; and which way it goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from anlan.apps.gateways.selectors import LiveValue
from anlan.apps.registry.models import Point
from anlan.pages.points.reading import Reading, Trust, trust_of

NOW = datetime(2024, 3, 1, 1, 0, tzinfo=UTC)


def point(**values: object) -> Point:
    return Point(**{"code": "p", "range_min": 0.0, "range_max": 2.0, "decimals": 2, "no_data_s": 60.0, **values})


def live(value: float | None = 1.0, *, age: float = 1.0, quality: int = 0, trend: float | None = None) -> LiveValue:
    at = NOW - timedelta(seconds=age)
    return LiveValue("p", value, quality, at, at, 0, trend)


def test_a_value_is_trusted_until_its_own_limit_has_passed() -> None:
    assert trust_of(point(), live(age=59), True, NOW) is Trust.FRESH
    assert trust_of(point(), live(age=61), True, NOW) is Trust.STALE
    assert trust_of(point(no_data_s=600.0), live(age=61), True, NOW) is Trust.FRESH


def test_a_value_received_now_is_fresh_though_it_was_sampled_long_ago() -> None:
    late = LiveValue("p", 1.0, 0, NOW - timedelta(hours=1), NOW, 0)
    assert trust_of(point(), late, True, NOW) is Trust.FRESH


@pytest.mark.parametrize(("quality", "trust"), [(0, Trust.FRESH), (1, Trust.FRESH), (2, Trust.BAD)])
def test_bad_quality_is_said_and_uncertain_is_shown(quality: int, trust: Trust) -> None:
    assert trust_of(point(), live(quality=quality), True, NOW) is trust


def test_silence_of_the_engine_is_not_silence_of_the_point() -> None:
    assert trust_of(point(), None, False, NOW) is Trust.UNANSWERED
    assert trust_of(point(), None, True, NOW) is Trust.NEVER
    assert trust_of(point(), LiveValue("p", None, 0, None, None, 0), True, NOW) is Trust.NEVER
    assert trust_of(point(), live(None), True, NOW) is Trust.BAD


@pytest.mark.parametrize(
    ("trend", "words"), [(0.034, "升 0.03/分"), (-0.5, "降 0.50/分"), (0.004, "平稳"), (0.0, "平稳"), (None, "")]
)
def test_the_direction_is_told_at_the_sensor_s_resolution(trend: float | None, words: str) -> None:
    assert Reading(point(), Trust.FRESH, live(trend=trend)).direction == words


def test_a_stale_value_has_no_direction() -> None:
    assert Reading(point(), Trust.STALE, live(trend=0.5)).direction == ""


def test_limits_stand_in_ascending_order_and_only_those_that_are_set() -> None:
    assert Reading(point(h=1.5, hh=1.58), Trust.NEVER).limits_words == "高 1.50 · 高高 1.58"
    assert Reading(point(ll=0.1, l=0.2, h=1.5), Trust.NEVER).limits_words == "低低 0.10 · 低 0.20 · 高 1.50"
    assert Reading(point(), Trust.NEVER).limits_words == ""
