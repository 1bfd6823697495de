"""The rules in force: for one place or many, on a day. One query however many places are asked for.

A place is named by the path of its agency (``/1/4/9/``): its localities are the agencies on that path. What was
judged is remembered per process by its very input, never by time, so that no process answers from an old copy.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from django.db.models import Q

from anlan.apps.rulebook.models import Refinement, as_value
from anlan.rules import rulebook
from anlan.rules.rulebook import Override, RulesInForce, Step, Value


def in_force(paths: Collection[str], on: date) -> dict[str, RulesInForce]:
    """The rules in force on a civil day at each of the places."""
    found = _overrides({pk for path in paths for pk in ids_of(path)}, on)
    return {path: _judged(on, tuple(o for pk in ids_of(path) for o in found.get(pk, ()))) for path in set(paths)}


def rules_at(path: str, on: date) -> RulesInForce:
    """The rules in force at one place."""
    return in_force([path], on)[path]


def values_anywhere(key: str, on: date) -> set[Value]:
    """Every value of a number that may count somewhere on a day: the shipped one and those that localities gave it."""
    return values_of_all([key], on)[key]


def values_of_all(keys: Collection[str], on: date) -> dict[str, set[Value]]:
    """`values_anywhere` for several numbers, with one query."""
    shipped = _judged(on, ())
    found = {key: {shipped.entry(key).value} for key in keys}
    rows = Refinement.objects.by_the_machine().filter(_counting(on), key__in=list(keys), value__isnull=False)
    for key, value in rows.values_list("key", "value"):
        found[key].add(as_value(value))
    return found


@dataclass(frozen=True, slots=True)
class Made:
    """One row on the way from the shipped number to the one in force at a place."""

    refinement: Refinement
    step: Step


def trail(path: str, key: str, on: date, rows: Sequence[Refinement]) -> list[Made]:
    """What each locality above a place makes of a number on a day, widest first; ``rows`` is its `history`."""
    steps = rulebook.book().trail(key, on, _codes(path, rows), [row.override(row.agency.code) for row in rows])
    by_override = {row.override(row.agency.code): row for row in rows}
    return [Made(by_override[step.override], step) for step in steps]


def history(path: str, key: str | None = None) -> list[Refinement]:
    """Every refinement that the localities of a place ever entered, in the order of entering; all keys without one."""
    rows = Refinement.objects.by_the_machine().filter(agency__in=ids_of(path)).select_related("agency")
    return list(rows.filter(key=key) if key else rows)


def below(path: str, key: str, on: date) -> list[Refinement]:
    """The values that count on a day in localities below a place, the newest of each; for the machine's own judging."""
    rows = Refinement.objects.by_the_machine().filter(_counting(on), key=key, agency__path__startswith=path)
    rows = rows.exclude(agency__path=path).select_related("agency").order_by("effective_from", "pk")
    newest = {row.agency_id: row for row in rows}
    return [row for row in newest.values() if row.value is not None]


def ids_of(path: str) -> list[int]:
    """Keys of the agencies on a path, widest first."""
    return [int(part) for part in path.strip("/").split("/") if part]


def _codes(path: str, rows: Iterable[Refinement]) -> list[str]:
    codes = {row.agency_id: row.agency.code for row in rows}
    return [codes[pk] for pk in ids_of(path) if pk in codes]


def _counting(on: date) -> Q:
    return Q(effective_from__lte=on) & (Q(effective_to__isnull=True) | Q(effective_to__gte=on))


def _overrides(agency_ids: Collection[int], on: date) -> dict[int, list[Override]]:
    rows = (
        Refinement.objects.by_the_machine()
        .filter(_counting(on), agency__in=sorted(agency_ids))
        .order_by("pk")
        .values_list(
            "agency_id", "key", "value", "agency__code", "effective_from", "effective_to", "document", "waiver"
        )
    )
    found: dict[int, list[Override]] = {}
    for agency_id, key, value, locality, begins, ends, document, waiver in rows:
        override = Override(key, as_value(value), locality, begins, ends, document, waiver)
        found.setdefault(agency_id, []).append(override)
    return found


@lru_cache(maxsize=4096)
def _judged(on: date, overrides: tuple[Override, ...]) -> RulesInForce:
    return rulebook.load(list(dict.fromkeys(override.locality for override in overrides)), on, overrides)
