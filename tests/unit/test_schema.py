"""A declared field reads what people type into one value, and shows it so that reading gives it back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.rules.calendar import CIVIL_ZONE
from anlan.schema import Field, Schema, options

DAY, MOMENT = Field("d", "日期", kind="day"), Field("m", "时刻", kind="moment")
NUMBER = Field("n", "数", kind="number", unit="t", least=0, most=100)


@pytest.mark.parametrize(
    "typed", ["2024-03-01", "2024/3/1", "2024.03.01", "2024年3月1日", "２０２４－０３－０１", date(2024, 3, 1)]
)
def test_a_day_as_people_write_it(typed: Any) -> None:
    assert DAY.read(typed) == date(2024, 3, 1)


@pytest.mark.parametrize("typed", ["2024-02-30", "20240301", "三月一日", "0001-01-01", "9999-12-31", "2024-3", "1"])
def test_what_is_no_day_is_refused_in_words(typed: str) -> None:
    with pytest.raises(ValueError, match="日期"):
        DAY.read(typed)


@pytest.mark.parametrize("typed", ["2024-03-01 09:30", "2024-03-01T09:30", "2024/3/1 9:30", "2024年3月1日 9：30"])
def test_a_moment_is_read_in_the_civil_clock(typed: str) -> None:
    assert MOMENT.read(typed) == datetime(2024, 3, 1, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize("typed", ["2024-03-01 24:30", "2024-03-01", "2024-03-01 9", "09:30"])
def test_what_is_no_moment_is_refused_in_words(typed: str) -> None:
    with pytest.raises(ValueError, match=r"时刻|日期"):
        MOMENT.read(typed)


def test_zero_and_none_are_answers_and_empty_is_not() -> None:
    asked = Field("n", "数量", kind="number", required=True)
    assert asked.read("0") == 0
    assert Field("t", "高处作业", required=True).read("无") == "无"
    for empty in ("", "  ", None, "\u200b"):
        with pytest.raises(ValueError, match="必须填写"):
            asked.read(empty)


@pytest.mark.parametrize("typed", ["-0.1", "100.5", "1e9"])
def test_a_number_outside_its_bounds_is_refused_with_them(typed: str) -> None:
    with pytest.raises(ValueError, match="0～100"):
        NUMBER.read(typed)
    assert NUMBER.in_words(NUMBER.read("12.50")) == "12.5 t"


def test_a_text_that_is_too_long_is_refused_and_several_lines_stay_lines() -> None:
    with pytest.raises(ValueError, match="超过 5 个字符"):
        Field("t", "名称", longest=5).read("六个字的名称")
    assert Field("t", "经过", kind="words").read(" 一\r\n\u202e二 \x00\n") == "一\n二"


def test_a_field_of_an_unknown_kind_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="no kind"):
        Field("t", "名称", kind="colour")


@given(st.dates(date(1970, 1, 1), date(2199, 12, 30)), st.datetimes(datetime(1970, 1, 2), datetime(2199, 12, 30)))
def test_what_is_stored_is_read_back(day: date, moment: datetime) -> None:
    at = moment.replace(second=0, microsecond=0, tzinfo=CIVIL_ZONE)
    schema = Schema((DAY, MOMENT, NUMBER, Field("c", "类别", kind="choices", choices=options("甲", "乙"))))
    values = {"d": day, "m": at, "n": 1.5, "c": ["乙", "甲"]}
    assert schema.taken(schema.stored(values)) == values
    typed = {key: schema[key].in_words(value).removesuffix(" t") for key, value in values.items()}
    assert schema.read(typed) == (values, {})


def test_every_wrong_field_is_told_at_once_and_a_strange_one_too() -> None:
    schema = Schema((Field("a", "甲", required=True), NUMBER))
    values, wrong = schema.read({"n": "x", "z": 1})
    assert values == {}
    assert wrong == {"z": "没有这个字段", "a": "必须填写", "n": "“x”不是数"}


@pytest.mark.parametrize(
    ("kind", "kept", "words"),
    [
        ("choice", ["甲", "乙"], "甲、乙"),
        ("choices", "甲", "甲"),
        ("choices", 7, "7"),
        ("choices", [["甲"]], "['甲']"),
        ("flag", "否", "否"),
        ("flag", "", ""),
        ("moment", "2026-03-01T09:30:00", "2026-03-01T09:30:00"),
        ("number", "约五", "约五"),
    ],
)
def test_what_an_earlier_version_kept_in_another_kind_is_shown_as_it_stands(kind: str, kept: Any, words: str) -> None:
    schema = Schema((Field("a", "甲", kind=kind, choices=options("甲", "乙")),), version=2)
    held = schema.taken({"a": kept})
    assert schema["a"].in_words(held["a"]) == words
    assert schema.taken(schema.stored(held)) == held


def test_a_choice_that_is_made_twice_is_made_once() -> None:
    assert Field("c", "类别", kind="choices", choices=options("甲", "乙")).read("乙、甲、乙") == ["乙", "甲"]


@pytest.mark.parametrize("kind", ["number", "choice", "choices", "day", "moment", "flag", "code", "phone"])
def test_an_answer_without_end_is_refused_and_not_said_again(kind: str) -> None:
    with pytest.raises(ValueError, match="超过 2000 个字符") as refused:
        Field("a", "甲", kind=kind, choices=options("甲")).read("9" * 2_000_000)
    assert len(str(refused.value)) < 100


def test_two_numbers_that_differ_in_a_digit_that_is_kept_differ_in_words() -> None:
    field = Field("n", "数", kind="number")
    assert field.in_words(field.read("123456789012.11")) != field.in_words(field.read("123456789012.12"))
