"""Places, ties, and who is not on a list."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.rules.ranking import Direction, rank, top


@pytest.mark.req("GEN-07")
def test_ties_share_a_place_and_zero_is_never_worst() -> None:
    places = rank([("甲", 9), ("乙", 9), ("丙", 5), ("丁", 0)], Direction.WORST_FIRST)
    assert [place.text for place in places] == ["1", "1", "3", "—"]
    assert [place.subject for place in top(places, 2)] == ["甲", "乙"]
    cities = [(f"市{n}", 12 - n) for n in range(9)] + [("零一", 0), ("零二", 0), ("零三", 0)]
    assert len(top(rank(cities, Direction.WORST_FIRST), 10)) == 9


def test_everyone_tied_at_the_last_place_stays_on_the_list() -> None:
    places = rank([("甲", 9), ("乙", 5), ("丙", 5), ("丁", 5), ("戊", 1)], Direction.WORST_FIRST)
    assert [place.subject for place in top(places, 2)] == ["甲", "乙", "丙", "丁"]


def test_a_rate_of_zero_has_a_place_and_no_rate_has_none() -> None:
    rates = [("甲", Fraction(1, 2)), ("乙", Fraction(0)), ("丙", None)]
    places = rank(rates, Direction.BEST_FIRST)
    assert [(place.subject, place.text) for place in places] == [("甲", "1"), ("乙", "2"), ("丙", "—")]


@given(st.lists(st.integers(0, 5), max_size=30), st.integers(1, 12))
def test_a_place_is_one_more_than_the_number_ahead(counts: list[int], n: int) -> None:
    places = rank([(str(i), count) for i, count in enumerate(counts)], Direction.WORST_FIRST)
    assert sorted(place.subject for place in places) == sorted(str(i) for i in range(len(counts)))
    for place in places:
        ahead = sum(count > (place.value or 0) for count in counts)
        assert place.place == (ahead + 1 if place.value else None)
    assert all(place.value for place in top(places, n))
