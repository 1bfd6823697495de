"""Ratios: compared exactly, shown rounded, and never invented for an empty base (GEN-06).

Must never compare the shown number: 74.996 % is shown as 75.00 % and still misses 75 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

NO_BASE = "—"
"""What is shown when there is nothing to divide by."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """`part` of `whole`, both counts (or seconds) ≥ 0. A base of 0 has no value, which is neither 0 % nor 100 %."""

    part: int
    whole: int

    def __post_init__(self) -> None:
        if self.part < 0 or self.whole < 0:
            raise ValueError("a ratio is made of counts")

    @property
    def value(self) -> Fraction | None:
        """The exact fraction, or None on an empty base."""
        return Fraction(self.part, self.whole) if self.whole else None

    def at_least(self, percent: int | Fraction) -> bool | None:
        """Whether the exact ratio reaches the percentage; None on an empty base."""
        return None if self.value is None else self.value * 100 >= percent

    @property
    def text(self) -> str:
        """As shown: two decimals, half up, `97.50 %`; `—` on an empty base."""
        if self.value is None:
            return NO_BASE
        return f"{percent_text(self.value)} %"


def percent_text(value: Fraction) -> str:
    """A fraction as a percentage with two decimals, rounded half up, without the sign: 1/8 → `12.50`."""
    hundredths = (value * 20000 + 1) // 2
    sign, hundredths = ("-", -hundredths) if hundredths < 0 else ("", hundredths)
    return f"{sign}{hundredths // 100}.{hundredths % 100:02d}"


def head_count(percent: int | Fraction, base: int) -> int:
    """How many heads a percentage of a base is: rounded up, at least 1 when anyone is there, 0 when nobody is."""
    if percent <= 0 or base < 0:
        raise ValueError("a head count needs a positive percentage of a count")
    return max(1, -(-(Fraction(percent) * base) // 100)) if base else 0
