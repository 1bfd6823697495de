"""A table of metrics: one line a unit, the total of the scope, and the places of a ranking (GEN-07)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from anlan.rules.metrics.facts import HandlingFacts, total
from anlan.rules.metrics.metric import Figure, Metric
from anlan.rules.ranking import Place, rank, top


@dataclass(frozen=True, slots=True)
class Line:
    """One unit with its figures in the order of the table's metrics, and its place by the ranking metric."""

    unit: str
    facts: HandlingFacts
    figures: tuple[Figure, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Table:
    """Lines in order of place; units without a place (nothing to rank) come last, in the order given."""

    metrics: tuple[Metric, ...]
    ranked_by: Metric
    lines: tuple[Line, ...]
    total: tuple[Figure, ...]


def tabulate(
    metrics: Sequence[Metric], facts: Mapping[str, HandlingFacts], ranked_by: Metric, first: int | None = None
) -> Table:
    """The table of these units, or of the ``first`` so many places with everyone tied on the last of them.

    The total is that of all units, computed from the summed facts, never from the units' figures.
    """
    places = rank(((unit, ranked_by.compute(each).value) for unit, each in facts.items()), ranked_by.direction)
    places = places if first is None else top(places, first)
    lines = [
        Line(place.subject, facts[place.subject], _figures(metrics, facts[place.subject]), place) for place in places
    ]
    return Table(tuple(metrics), ranked_by, tuple(lines), _figures(metrics, total(facts.values())))


def _figures(metrics: Sequence[Metric], facts: HandlingFacts) -> tuple[Figure, ...]:
    return tuple(metric.compute(facts) for metric in metrics)
