"""Missing, late and false."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest

from anlan.rules.calendar import before_clock, day_of, weekly_before
from anlan.rules.submission import Timeliness, judge

DAY = date(2024, 3, 1)
COMMITMENT = before_clock(DAY, time(10))
CLOSES = day_of(DAY).end


def at(clock: str, day: str = "2024-03-01") -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}+08:00")


@pytest.mark.req("GEN-08")
def test_missing_late_and_false_are_three_states() -> None:
    late = judge(COMMITMENT, at("11:00"), at("10:40"), CLOSES)
    assert late.done
    assert late.timeliness is Timeliness.LATE
    assert late.late_by == timedelta(minutes=40)
    missing = judge(COMMITMENT, CLOSES, None, CLOSES)
    assert missing.timeliness is Timeliness.MISSING
    assert not missing.done
    false = judge(COMMITMENT, at("11:00"), at("09:30"), CLOSES, contradicted=True)
    assert (false.timeliness, false.contradicted) == (Timeliness.ON_TIME, True)
    assert {late.contradicted, missing.contradicted} == {False}


@pytest.mark.parametrize(
    ("now", "expected"),
    [("09:59:59", Timeliness.PENDING), ("10:00:00", Timeliness.OVERDUE), ("23:59:59", Timeliness.OVERDUE)],
)
def test_until_midnight_an_absent_commitment_is_only_overdue(now: str, expected: Timeliness) -> None:
    assert judge(COMMITMENT, at(now), None, CLOSES).timeliness is expected


def test_what_comes_after_the_books_closed_is_missing_for_that_day() -> None:
    next_day = at("00:00:00", "2024-03-02")
    assert judge(COMMITMENT, next_day, next_day, CLOSES).timeliness is Timeliness.MISSING


def test_a_duty_without_closing_may_come_late_for_ever() -> None:
    weekly = weekly_before(DAY, 1, time(15))  # Tuesday 27 February 15:00
    assert judge(weekly, at("12:00"), at("11:00")).timeliness is Timeliness.LATE
