"""When things come again, counted by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from anlan.rules.recurrence import Cycle, Daily, Monthly, Once, Recurrence, Weekly

MARCH = (date(2024, 3, 1), date(2024, 3, 31))


def keys(every: Recurrence, first: date, last: date) -> list[str]:
    return [turn.key for turn in every.turns(first, last)]


def test_every_day_by_ten_is_two_in_the_morning_of_the_world() -> None:
    turns = list(Daily(time(10)).turns(date(2024, 2, 28), date(2024, 3, 1)))
    assert [turn.key for turn in turns] == ["2024-02-28", "2024-02-29", "2024-03-01"]
    assert turns[1].due_at == datetime(2024, 2, 29, 2, 0, tzinfo=UTC)


def test_the_end_of_a_day_is_the_midnight_after_it() -> None:
    (turn,) = Daily().turns(date(2024, 3, 1), date(2024, 3, 1))
    assert turn.due_at == datetime(2024, 3, 1, 16, 0, tzinfo=UTC)


def test_weeks_begin_on_monday_and_a_week_that_began_before_is_none_of_these() -> None:
    turns = list(Weekly(day=1, by=time(15)).turns(*MARCH))  # the first of March 2024 is a Friday
    assert [turn.first for turn in turns] == [date(2024, 3, day) for day in (4, 11, 18, 25)]
    assert turns[0].key == "2024-W10"
    assert turns[0].due_at == datetime(2024, 3, 5, 7, 0, tzinfo=UTC)


def test_the_first_week_of_a_quarter_ends_on_its_seventh_day() -> None:
    turns = list(Monthly(within=7, months=3).turns(date(2024, 1, 1), date(2024, 12, 31)))
    assert [turn.key for turn in turns] == ["2024-01+3", "2024-04+3", "2024-07+3", "2024-10+3"]
    assert turns[1].due_at == datetime(2024, 4, 7, 16, 0, tzinfo=UTC)
    assert turns[3].last == date(2024, 12, 31)


def test_the_thirty_first_of_a_short_month_is_its_last_day() -> None:
    days = [turn.due_at for turn in Monthly(within=31, by=time(12)).turns(date(2024, 2, 1), date(2024, 4, 30))]
    assert [(at + timedelta(hours=8)).day for at in days] == [29, 31, 30]


def test_a_cycle_is_counted_from_its_anchor_also_backwards() -> None:
    every = Cycle(10, date(2024, 3, 5), within=2, by=time(8))
    turns = list(every.turns(date(2024, 2, 20), date(2024, 3, 20)))
    assert [turn.first for turn in turns] == [date(2024, 2, 24), date(2024, 3, 5), date(2024, 3, 15)]
    assert turns[1].due_at == datetime(2024, 3, 6, 0, 0, tzinfo=UTC)


def test_once_is_once() -> None:
    once = Once(date(2024, 3, 5), date(2024, 3, 25))
    assert keys(once, *MARCH) == ["2024-03-05"]
    assert keys(once, date(2024, 3, 6), date(2024, 3, 31)) == []


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(0, 60), st.integers(0, 60))
def test_a_stretch_cut_in_two_has_the_same_turns(first: date, days: int, more: int) -> None:
    middle, last = first + timedelta(days=days), first + timedelta(days=days + more + 1)
    for every in (Daily(), Weekly(), Monthly(), Monthly(months=3), Cycle(7, date(2024, 3, 5)), Cycle(11, first)):
        parts = keys(every, first, middle) + keys(every, middle + timedelta(days=1), last)
        assert parts == keys(every, first, last)
        assert len(set(parts)) == len(parts)
