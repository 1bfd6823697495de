"""Exact ratios, their display, and heads of a percentage."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.rules.ratio import Ratio, head_count, percent_text


@pytest.mark.req("GEN-06")
def test_ratios_are_compared_exactly_and_heads_round_up() -> None:
    assert Ratio(3, 4).at_least(75)
    assert not Ratio(74, 99).at_least(75)
    assert Ratio(74, 99).text == "74.75 %"
    assert head_count(10, 31) == 4
    assert head_count(1, 3) == 1
    assert head_count(10, 0) == 0
    assert Ratio(0, 0).text == "—"
    assert Ratio(0, 0).value is None
    assert Ratio(0, 0).at_least(0) is None


def test_a_ratio_that_displays_as_the_limit_may_still_miss_it() -> None:
    assert Ratio(74996, 100000).text == "75.00 %"
    assert not Ratio(74996, 100000).at_least(75)


def test_rates_of_the_notices_read_with_two_decimals() -> None:
    assert (Ratio(39, 40).text, Ratio(36, 40).text, Ratio(38, 40).text) == ("97.50 %", "90.00 %", "95.00 %")
    assert (Ratio(0, 7).text, Ratio(7, 7).text) == ("0.00 %", "100.00 %")


def test_counts_cannot_be_negative() -> None:
    with pytest.raises(ValueError, match="counts"):
        Ratio(-1, 4)
    with pytest.raises(ValueError, match="head count"):
        head_count(0, 4)


@given(st.fractions(min_value=-10, max_value=10))
def test_the_display_is_never_off_by_more_than_half_a_hundredth(value: Fraction) -> None:
    assert abs(Fraction(percent_text(value)) - value * 100) <= Fraction(1, 200)


@given(st.integers(1, 100), st.integers(0, 10_000))
def test_heads_are_the_least_number_that_reaches_the_percentage(percent: int, base: int) -> None:
    heads = head_count(percent, base)
    assert heads * 100 >= percent * base
    assert base == 0 or heads == 1 or (heads - 1) * 100 < percent * base
    assert heads <= base
