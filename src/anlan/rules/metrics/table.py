"""A table of metrics: one line a unit, the total of the scope, and the places of a ranking (GEN-07)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from anlan.rules.metrics.adding import Facts
from anlan.rules.metrics.facts import HandlingFacts
from anlan.rules.metrics.metric import Figure, Metric
from anlan.rules.ranking import Place, rank, top

F = TypeVar("F", bound=Facts)
"""All units of one table have facts of one kind."""


@dataclass(frozen=True, slots=True)
class Line:
    """One unit with its facts and its place by the ranking metric."""

    unit: str
    facts: Facts
    metrics: tuple[Metric, ...]
    place: Place

    @property
    def figures(self) -> tuple[Figure, ...]:
        """In the order of the table's metrics. Worked out when asked for: a page shows a hundred of thousands."""
        return _figures(self.metrics, self.facts)


@dataclass(frozen=True, slots=True)
class Table:
    """Lines in order of place; units without a place (nothing to rank) come last, in the order given."""

    metrics: tuple[Metric, ...]
    ranked_by: Metric
    lines: tuple[Line, ...]
    total: tuple[Figure, ...]


def tabulate(
    metrics: Sequence[Metric], facts: Mapping[str, F], ranked_by: Metric, first: int | None = None,
    nothing: F | None = None,
) -> Table:  # fmt: skip
    """The table of these units, or of the ``first`` so many places with everyone tied on the last of them.

    The total is that of all units, computed from the summed facts, never from the units' figures; ``nothing`` is what
    the sum begins with, by default no handling at all.
    """
    places = rank(((unit, ranked_by.compute(each).value) for unit, each in facts.items()), ranked_by.direction)
    places = places if first is None else top(places, first)
    columns = tuple(metrics)
    lines = [Line(place.subject, facts[place.subject], columns, place) for place in places]
    whole: Facts = summed(facts.values(), HandlingFacts() if nothing is None else nothing)
    return Table(columns, ranked_by, tuple(lines), _figures(columns, whole))


def summed(facts: Iterable[F], nothing: F) -> F:
    """The sum; of nothing, ``nothing``."""
    return type(nothing).total([nothing, *facts])


def _figures(metrics: Sequence[Metric], facts: Facts) -> tuple[Figure, ...]:
    return tuple(metric.compute(facts) for metric in metrics)
