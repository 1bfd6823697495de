"""The line of an enterprise: its supervisor, county, town and park with all agencies above them. Whoever is on none of
these ways cannot see it, and nothing about it may be decided by them or given to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from anlan.apps.org.models import Agency


@dataclass(frozen=True, slots=True)
class Line:
    """The agencies of one enterprise, by key."""

    near: frozenset[int]
    """Supervisor, county and park: where decisions about the enterprise are made."""
    all: frozenset[int]
    """These, the town, and everything above."""


def line_of(enterprise: Any) -> Line:
    """The line of one enterprise; one query."""
    return lines_of([enterprise])[enterprise.pk]


def lines_of(enterprises: Iterable[Any]) -> dict[int, Line]:
    """The lines of enterprises by their keys; one query for any number of them, whatever is joined."""
    wanted = list(enterprises)
    direct = {pk for each in wanted for pk in (each.supervisor_id, each.county_id, each.town_id) if pk is not None}
    parks = {each.park_id for each in wanted if each.park_id is not None}
    agencies = Agency.objects.by_the_machine().filter(Q(pk__in=direct) | Q(park__in=parks)).order_by()
    paths, of_park = {}, {}
    for pk, path, park in agencies.values_list("pk", "path", "park"):
        paths[pk] = path
        if park is not None:
            of_park[park] = pk
    found = {}
    for each in wanted:
        near = {each.supervisor_id, each.county_id} | ({of_park[each.park_id]} if each.park_id in of_park else set())
        above = (paths[pk] for pk in near | {each.town_id} if pk in paths)
        found[each.pk] = Line(
            frozenset(near), frozenset(int(part) for path in above for part in path.strip("/").split("/"))
        )
    return found
