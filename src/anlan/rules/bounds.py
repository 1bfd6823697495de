"""What 以上, 以下, 以内, 超过 and 不含本数 include (GEN-05).

Must never decide by the sign a programmer happened to type: a rule names its word, the word names its bound.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from fractions import Fraction

from anlan.rules.calendar import add_months

Number = int | Fraction


class Bound(StrEnum):
    """One side of a limit, with or without the number itself."""

    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    MORE_THAN = "more_than"
    LESS_THAN = "less_than"

    def holds(self, value: Number, limit: Number) -> bool:
        """Whether the value lies on this side of the limit. Exact numbers only, no floats."""
        match self:
            case Bound.AT_LEAST:
                return value >= limit
            case Bound.AT_MOST:
                return value <= limit
            case Bound.MORE_THAN:
                return value > limit
            case Bound.LESS_THAN:
                return value < limit


WORDS: dict[str, Bound] = {
    "以上": Bound.AT_LEAST,
    "至少": Bound.AT_LEAST,
    "不少于": Bound.AT_LEAST,
    "不低于": Bound.AT_LEAST,
    "及以上": Bound.AT_LEAST,
    "以下": Bound.AT_MOST,
    "以内": Bound.AT_MOST,
    "不超过": Bound.AT_MOST,
    "超过": Bound.MORE_THAN,
    "以上（不含本数）": Bound.MORE_THAN,
    "不足": Bound.LESS_THAN,
    "低于": Bound.LESS_THAN,
    "以下（不含本数）": Bound.LESS_THAN,
}
"""The words of the notices and what they include."""


def bound_of(word: str) -> Bound:
    """The bound a word of the notices stands for; an unknown word raises `KeyError` rather than being guessed."""
    return WORDS[word]


def exceeds_years(since: date, on: date, years: int) -> bool:
    """Whether more than that many years have run (超过N年): on the anniversary itself, not yet."""
    return on > add_months(since, 12 * years)
