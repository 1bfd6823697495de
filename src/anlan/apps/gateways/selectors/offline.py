"""How long points and gateways were without data, and what of it confirmed filings explain (MON-04, MON-06, DQ-13).

A constant number of queries. What no filing touches is added up in the database; the rest, little, is split here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypedDict

from django.db.models import (
    Count,
    DateTimeField,
    F,
    Q,
    QuerySet,
    Value,
)
from django.db.models.functions import Coalesce, Greatest, Least

from anlan.apps.alarms.models import Alarm, Filing
from anlan.apps.alarms.selectors.filed import explaining, filings_between, points_without_data, touching
from anlan.apps.gateways.models import CameraOutage, OfflineSpell
from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import Enterprise, Point
from anlan.apps.registry.selectors import equipment
from anlan.database import lasting
from anlan.rules.metrics.offline import OfflineFacts, explained

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

_MICROSECOND = timedelta(microseconds=1)


class Filed(TypedDict):
    """What is added to an outage: whether a filing explains something of it."""

    filed: bool


def outages(scope: Scope, start: datetime, until: datetime) -> QuerySet[WithAnnotations[Alarm, Filed]]:
    """Points without data that began before ``until`` and were not back by ``start``; ``filed``: a filing explains
    something of it."""
    return points_without_data(scope, start, until).annotate(filed=touching(start, until))


def link_outages(scope: Scope, start: datetime, until: datetime) -> QuerySet[WithAnnotations[OfflineSpell, Filed]]:
    """Outages of gateways that began before ``until`` and were not over by ``start``; ``filed`` as for points."""
    rows = OfflineSpell.objects.visible_to(scope).filter(started_at__lt=until)
    rows = rows.filter(Q(ended_at__isnull=True) | Q(ended_at__gt=start))
    return rows.annotate(filed=explaining(start, until))


def offline_facts(
    scope: Scope, start: datetime, end: datetime, now: datetime, *, without_filed: bool
) -> dict[int, OfflineFacts]:
    """Facts of each enterprise with points in use, by its key, for [start, end) as far as it has gone by.

    ``without_filed``: what a confirmed filing explains is no offline time; else it counts like any other. It is told
    as filed either way.
    """
    until = min(end, now)
    found: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for pk, points, gateways in equipment.sizes(scope):
        found[pk] |= {"points": points, "gateways": gateways}
    filings = filings_between(scope, start, until)
    for pk, number, total in _sums(points_without_data(scope, start, until), "cleared_at", start, until):
        found[pk]["outages"] += number
        found[pk]["offline_us"] += total
    touched = outages(scope, start, until).order_by().filter(filed=True).select_related("point")
    for alarm in touched.iterator() if filings else ():
        since, back = max(alarm.started_at, start), min(alarm.cleared_at or until, until)
        windows = [each.window for each in filings.get(alarm.enterprise_id, ()) if each.covers(alarm.point)]
        filed = explained(since, back, windows)
        facts = found[alarm.enterprise_id]
        facts["filed"] += 1
        facts["filed_us"] += filed // _MICROSECOND
        if without_filed:
            facts["outages"] -= 1
            facts["offline_us"] -= filed // _MICROSECOND
    spells = link_outages(scope, start, until).order_by()
    for pk, number, total in _sums(spells, "ended_at", start, until):
        found[pk]["link_outages"] += number
        found[pk]["link_us"] += total
    if without_filed and filings:
        for pk, filed in _filed_links(spells.filter(filed=True), filings, start, until):
            found[pk]["link_us"] -= filed // _MICROSECOND
    return {pk: OfflineFacts(**facts) for pk, facts in found.items()}


def _sums(rows: QuerySet[Any], back: str, start: datetime, until: datetime) -> Iterable[tuple[int, ...]]:
    """Per enterprise: how many, and their time within [start, until) in microseconds."""
    last = Least(Coalesce(F(back), _instant(until)), _instant(until))
    lasted = lasting.total(Greatest(F("started_at"), _instant(start)), last)
    told: Any = rows.order_by().values_list("enterprise_id").annotate(number=Count("*"), total=lasted)
    numbers: Iterable[tuple[int, ...]] = told.as_numbers()
    return numbers


def _filed_links(
    spells: QuerySet[OfflineSpell], filings: dict[int, list[Filing]], start: datetime, until: datetime
) -> Iterable[tuple[int, timedelta]]:
    rows = list(spells)
    points: dict[int, list[Point]] = defaultdict(list)
    for point in equipment.points_in_use().filter(gateway__in={row.gateway_id for row in rows}):
        points[point.gateway_id].append(point)
    for row in rows:
        explaining = [each for each in filings[row.enterprise_id] if each.covers_all(points[row.gateway_id])]
        since, back = max(row.started_at, start), min(row.ended_at or until, until)
        yield row.enterprise_id, explained(since, back, [each.window for each in explaining])


def _instant(at: datetime) -> Value:
    return Value(at, output_field=DateTimeField())


def outages_since(enterprise: Enterprise, since: datetime, now: datetime) -> int:
    """How often the links of an enterprise went offline since an instant, or its least steady camera did: the greater.
    What a confirmed filing explains does not count. Machine's own read; two queries."""
    spells = OfflineSpell.objects.by_the_machine().filter(enterprise=enterprise, started_at__gt=since)
    links = spells.exclude(explaining(since, now)).count()
    rows = CameraOutage.objects.by_the_machine().filter(enterprise=enterprise, started_at__gt=since)
    cameras = rows.order_by().values("camera").annotate(times=Count("pk")).values_list("times", flat=True)
    return max(links, *map(int, cameras), 0)
