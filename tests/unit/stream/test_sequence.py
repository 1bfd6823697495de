"""Running numbers: gaps, late arrivals, repeats, restarts of the gateway, and reading the log again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from anlan.stream.sequence import MAX_GAPS, Arrival, Sequences

G = "54017000701"


def test_the_first_numbers_only_set_the_mark() -> None:
    numbers = Sequences()
    assert numbers.note(G, "b1", 41, 0) == Arrival.NEXT
    assert numbers.note(G, "b1", 42, 0) == Arrival.NEXT
    assert numbers.missing(G) == []


def test_a_restarted_gateway_begins_at_one_and_its_former_run_may_still_fill_up() -> None:
    numbers = Sequences()
    for number in (1, 2, 5):
        numbers.note(G, "b1", number, 7)
    assert numbers.note(G, "b2", 2, 8) == Arrival.SKIPPING
    assert [(gap.boot, gap.missing) for gap in numbers.missing(G)] == [("b1", [(3, 4)]), ("b2", [(1, 1)])]
    assert numbers.note(G, "b1", 3, 9) == Arrival.LATE
    assert numbers.note(G, "b1", 6, 9) == Arrival.LATE
    assert numbers.note(G, "b2", 1, 9) == Arrival.LATE
    assert [(gap.boot, gap.missing) for gap in numbers.missing(G)] == [("b1", [(4, 4)])]


def test_a_broken_numbering_does_not_grow_without_bound() -> None:
    numbers = Sequences()
    for number in range(1, 20_001, 2):
        numbers.note(G, "", number, number)
    assert len(numbers.missing(G)) == MAX_GAPS


@given(st.lists(st.integers(1, 60), max_size=120))
def test_what_is_missing_is_what_never_came_between_the_first_and_the_highest(order: list[int]) -> None:
    numbers = Sequences()
    for _ in range(2):  # the log read again changes nothing
        for number in order:
            numbers.note(G, "b", number, 0)
    missing = {n for gap in numbers.missing(G) for first, last in gap.missing for n in range(first, last + 1)}
    expected = set(range(order[0], max(order) + 1)) - set(order) if order else set()
    assert missing == expected
    assert all(gap.numbers for gap in numbers.missing(G))
