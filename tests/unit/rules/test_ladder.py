"""The exact grid of a ladder."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.rules.ladder import Ladder, Step, merge, newest_step, next_step, notice_due, order_due, steps_between
from anlan.rules.level import Level
from anlan.rules.slots import Slot
from anlan.rules.warning_handling import LADDERS

YELLOW, ORANGE, RED = LADDERS[Level.YELLOW], LADDERS[Level.ORANGE], LADDERS[Level.RED]


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2024-{text}+08:00")


T0 = at("03-01T08:00")


def clocks(steps: list[Step]) -> list[str]:
    return [step.due.strftime("%d %H:%M") for step in steps]


def test_yellow_has_24_notices_up_to_and_with_the_site_order() -> None:
    steps = steps_between(YELLOW, T0, T0, order_due(YELLOW, T0))
    assert order_due(YELLOW, T0) == at("03-02T08:00")
    assert len(steps) == 24
    assert clocks(steps)[:2] == ["01 09:00", "01 10:00"]
    assert clocks(steps)[-1] == "02 08:00"


def test_orange_orders_after_twelve_hours_and_red_after_two() -> None:
    assert order_due(ORANGE, T0) == at("03-01T20:00")
    assert order_due(RED, T0) == at("03-01T10:00")
    assert clocks(steps_between(RED, T0, T0, at("03-01T10:00"))) == ["01 08:30", "01 09:00", "01 09:30", "01 10:00"]


def test_steps_go_on_after_the_order_and_over_29_february() -> None:
    start = at("02-28T23:30")
    assert clocks(steps_between(RED, start, at("02-29T23:30"), at("03-01T00:30"))) == ["01 00:00", "01 00:30"]
    assert next_step(ORANGE, T0, at("03-08T08:00")) == Step(169, at("03-08T09:00"))


def test_bounds_of_a_stretch_exclude_its_start_and_include_its_end() -> None:
    assert clocks(steps_between(ORANGE, T0, at("03-01T09:00"), at("03-01T10:00"))) == ["01 10:00"]
    assert steps_between(ORANGE, T0, at("03-01T09:00"), at("03-01T09:59:59")) == []
    assert newest_step(ORANGE, T0, at("03-01T08:59:59")) == 0
    assert next_step(ORANGE, T0, at("03-01T08:00")) == Step(1, at("03-01T09:00"))


def test_notices_are_counted_from_one() -> None:
    with pytest.raises(ValueError, match="from 1"):
        notice_due(RED, T0, 0)


def test_catch_up_sends_one_notice_for_three_missed_steps() -> None:
    back = at("03-01T11:15")
    merged = merge(steps_between(ORANGE, T0, T0, back), back)
    assert merged is not None
    assert (merged.step, merged.due, merged.late) == (3, at("03-01T11:00"), True)
    assert merged.missed == (at("03-01T09:00"), at("03-01T10:00"), at("03-01T11:00"))
    assert merge(steps_between(ORANGE, T0, back, back), back) is None  # the second run at the same instant


def test_a_step_due_at_the_return_is_listed_with_the_missed_ones() -> None:
    back = at("03-01T10:00")
    merged = merge(steps_between(ORANGE, T0, T0, back), back)
    assert merged is not None
    assert (merged.step, merged.late) == (2, False)
    assert merged.missed == (at("03-01T09:00"), at("03-01T10:00"))


def test_a_single_step_sent_in_time_missed_nothing() -> None:
    due = at("03-01T09:00")
    on_time, late = merge([Step(1, due)], due), merge([Step(1, due)], due + timedelta(seconds=1))
    assert on_time is not None
    assert late is not None
    assert (on_time.missed, on_time.late) == ((), False)
    assert (late.missed, late.late) == ((due,), True)


def test_a_snapshot_survives_json_and_a_foreign_one_is_refused() -> None:
    for ladder in LADDERS.values():
        assert Ladder.from_json(ladder.to_json()) == ladder
    for text in ("{}", "[]", "null", '{"format": 2}', "x", RED.to_json().replace("city", "moon")):
        with pytest.raises(ValueError):
            Ladder.from_json(text)


def test_a_ladder_without_length_is_refused() -> None:
    with pytest.raises(ValueError, match="intervals"):
        Ladder(Level.RED, timedelta(0), timedelta(1), Slot.CITY, timedelta(1), Slot.CITY, "")


lengths = st.timedeltas(min_value=timedelta(microseconds=1), max_value=timedelta(days=2))
ladders = st.builds(
    Ladder, st.sampled_from([Level.RED, Level.YELLOW]), lengths, lengths, st.sampled_from(Slot), lengths,
    st.sampled_from(Slot), st.text(max_size=9),
)  # fmt: skip
instants = st.datetimes(min_value=datetime(2024, 1, 1), max_value=datetime(2025, 1, 1), timezones=st.just(UTC))
usual = st.sampled_from([YELLOW, ORANGE, RED])


@given(ladders)
def test_every_snapshot_survives_json(ladder: Ladder) -> None:
    assert Ladder.from_json(ladder.to_json()) == ladder


@given(usual, instants, st.lists(st.timedeltas(timedelta(0), timedelta(days=3)), min_size=1, max_size=8))
def test_however_often_the_clock_looks_no_step_is_lost_or_repeated(
    ladder: Ladder, start: datetime, looks: list[timedelta]
) -> None:
    marks = [start, *sorted(start + look for look in looks)]
    seen = [step for after, until in pairwise(marks) for step in steps_between(ladder, start, after, until)]
    assert seen == steps_between(ladder, start, start, marks[-1])
    assert [step.number for step in seen] == list(range(1, len(seen) + 1))


@given(ladders, instants, st.integers(1, 100_000))
def test_the_grid_never_drifts(ladder: Ladder, start: datetime, number: int) -> None:
    due = notice_due(ladder, start, number)
    assert due == start + ladder.first_after + (number - 1) * ladder.every
    assert newest_step(ladder, start, due) == number
    assert newest_step(ladder, start, due - timedelta(microseconds=1)) == number - 1
    assert next_step(ladder, start, due).number == number + 1
    assert next_step(ladder, start, due - timedelta(microseconds=1)) == Step(number, due)
