"""One metric: its definition in words and the function that computes it from facts.

Must never round before comparing (GEN-06) and never give an empty base a value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from anlan.rules.ranking import Direction
from anlan.rules.ratio import NO_BASE, percent_text

FORMULA = "算法为本地设定"
"""Shown beside every definition: the notices give none."""


class MetricUnit(StrEnum):
    """What a figure counts in."""

    COUNT = "count"
    PERCENT = "percent"
    MINUTES = "minutes"
    RATE = "rate"
    """So many alarms in a length of time, as a mean."""


@dataclass(frozen=True, slots=True)
class Figure:
    """``part`` of ``whole``; a plain count has no whole. Minutes are made of seconds: part seconds in whole cases."""

    part: Fraction
    whole: int | None = None

    @property
    def value(self) -> Fraction | None:
        """The exact value: a count, a share (1 is all), or the mean of the parts; None on an empty base."""
        if self.whole is None:
            return self.part
        return self.part / self.whole if self.whole else None


Read = Callable[[Any], int]
"""From the facts of a table to one whole number."""
Compute = Callable[[Any], Figure]
"""From the facts of a table to one figure."""


@dataclass(frozen=True, slots=True)
class Metric:
    """``denominator`` is empty for a count. ``article`` says by which rule it is watched, never how it is computed."""

    id: str
    title: str
    unit: MetricUnit
    direction: Direction
    article: str
    definition: str
    numerator: str
    denominator: str
    compute: Compute
    """From the facts of its table (`HandlingFacts`, `AlarmFacts`)."""
    drills_to: str
    """The list of facts behind the figure, a key of `anlan.rules.metrics.facts.LISTS`."""

    @property
    def unit_words(self) -> str:
        words = {MetricUnit.COUNT: "个", MetricUnit.PERCENT: "%", MetricUnit.MINUTES: "分钟", MetricUnit.RATE: "条"}
        return words[self.unit]

    @property
    def direction_words(self) -> str:
        return "由高到低，高者为差" if self.direction is Direction.WORST_FIRST else "由高到低，高者为优"

    @property
    def first_words(self) -> str:
        """What the first place of a ranking by this metric means."""
        return "1 为最差" if self.direction is Direction.WORST_FIRST else "1 为最优"

    def text(self, figure: Figure) -> str:
        """As shown: a whole number, or two decimals rounded half up; — on an empty base."""
        value = figure.value
        if value is None:
            return NO_BASE
        match self.unit:
            case MetricUnit.COUNT:
                return str(int(value))
            case MetricUnit.PERCENT:
                return f"{percent_text(value)} %"
            case MetricUnit.MINUTES | MetricUnit.RATE:
                return percent_text(value / 100)

    def number(self, figure: Figure) -> float | int | None:
        """For a spreadsheet and for programs: the count, the percentage, or the minutes, to two decimals."""
        value = figure.value
        if value is None:
            return None
        if self.unit is MetricUnit.COUNT:
            return int(value)
        return float(percent_text(value if self.unit is MetricUnit.PERCENT else value / 100))


def count(read: Read) -> Compute:
    """A plain count."""
    return lambda facts: Figure(Fraction(read(facts)))


def share(part: Read, whole: Read) -> Compute:
    """So much of a whole."""
    return lambda facts: Figure(Fraction(part(facts)), whole(facts))


def minutes(microseconds: Read, cases: Read) -> Compute:
    """Microseconds as minutes, in the mean over so many cases."""
    return lambda facts: Figure(Fraction(microseconds(facts), 60_000_000), cases(facts))
