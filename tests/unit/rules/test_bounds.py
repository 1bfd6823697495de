"""What the words of a bound include."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from anlan.rules.bounds import Bound, bound_of, exceeds_years
from anlan.rules.level import Level


@pytest.mark.req("GEN-05")
def test_bounds_include_or_exclude_their_number() -> None:
    assert not exceeds_years(date(2004, 3, 1), date(2024, 3, 1), 20)
    assert exceeds_years(date(2004, 3, 1), date(2024, 3, 2), 20)
    more_than_nine = bound_of("以上（不含本数）")
    assert not more_than_nine.holds(9, 9)
    assert more_than_nine.holds(10, 9)
    assert [level for level in Level if level.at_least(Level.ORANGE)] == [Level.ORANGE, Level.RED]  # 较大以上


@pytest.mark.parametrize(
    ("word", "below", "equal", "above"),
    [
        ("以上", False, True, True),
        ("至少", False, True, True),
        ("不少于", False, True, True),
        ("以下", True, True, False),
        ("以内", True, True, False),
        ("超过", False, False, True),
        ("不足", True, False, False),
        ("以下（不含本数）", True, False, False),
    ],
)
def test_each_word_of_the_notices_has_its_bound(word: str, below: bool, equal: bool, above: bool) -> None:
    bound = bound_of(word)
    assert (bound.holds(8, 9), bound.holds(9, 9), bound.holds(10, 9)) == (below, equal, above)
    assert bound.holds(Fraction(18, 2), 9) is equal


def test_a_word_nobody_fixed_is_not_guessed() -> None:
    with pytest.raises(KeyError):
        bound_of("左右")


def test_a_unit_commissioned_on_29_february_is_twenty_years_old_on_28_or_29() -> None:
    assert not exceeds_years(date(2004, 2, 29), date(2024, 2, 29), 20)
    assert exceeds_years(date(2004, 2, 29), date(2024, 3, 1), 20)
    assert not exceeds_years(date(2004, 2, 29), date(2025, 2, 28), 21)


def test_bounds_are_text() -> None:
    assert Bound("at_least") is Bound.AT_LEAST
