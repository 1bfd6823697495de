"""Places in a ranking (GEN-07).

The direction belongs to the metric, ties share a place, and nobody is put on a list of the worst for having none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction


class Direction(StrEnum):
    """Which end of the metric comes first."""

    WORST_FIRST = "worst_first"  # counts of risk: the highest number leads
    BEST_FIRST = "best_first"  # rates of duty done: the highest number leads, as praise


@dataclass(frozen=True, slots=True)
class Place:
    """One subject's place: 1, 1, 3 …; None (shown —) without a value, or with none of what is counted."""

    subject: str
    value: int | Fraction | None
    place: int | None

    @property
    def text(self) -> str:
        return "—" if self.place is None else str(self.place)


def rank(values: Iterable[tuple[str, int | Fraction | None]], direction: Direction) -> list[Place]:
    """All subjects in order of place; those without a place come last, in the order given."""
    given = list(values)
    placed = [
        (subject, value)
        for subject, value in given
        if value is not None and not (direction is Direction.WORST_FIRST and value == 0)
    ]
    # rounding keeps the order, so fractions are compared only where their rounded values are the same
    placed.sort(key=lambda pair: (float(pair[1]), pair[1]), reverse=True)
    ranked: list[Place] = []
    for number, (subject, value) in enumerate(placed, 1):
        tied = bool(ranked) and ranked[-1].value == value
        ranked.append(Place(subject, value, ranked[-1].place if tied else number))
    names = {subject for subject, _ in placed}
    return ranked + [Place(subject, value, None) for subject, value in given if subject not in names]


def top(places: Sequence[Place], n: int) -> list[Place]:
    """The list of the first n: everyone tied at place n stays on it; those without a place are never on it."""
    return [place for place in places if place.place is not None and place.place <= n]
