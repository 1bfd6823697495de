"""Filings as they explain that data did not come (MON-06, DQ-13); read by whoever counts offline time.

As conditions on outages they say to the database what `Filing.covers` and `Filing.covers_all` say of one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from django.db.models import DateTimeField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Greatest, Least

from anlan.apps.alarms.models import Alarm, AlarmSide, AlarmState, Filing, FilingReach, FilingState
from anlan.apps.alarms.selectors.alarms import OURS
from anlan.apps.org.scope import Scope
from anlan.apps.registry.selectors import equipment

CONFIRMED = Q(state__in=[FilingState.CONFIRMED, FilingState.ENDED], effective_at__isnull=False)
"""Filings that were confirmed and not taken back before their start: they explain what lies in their window."""


def points_without_data(scope: Scope, start: datetime, until: datetime) -> QuerySet[Alarm]:
    """Points without data that began before ``until`` and were not back by ``start``."""
    rows = Alarm.objects.visible_to(scope).filter(OURS, side=AlarmSide.NO_DATA, started_at__lt=until)
    return rows.filter(Q(cleared_at__isnull=True) | Q(cleared_at__gt=start))


def never_delivered() -> QuerySet[Alarm, int]:
    """Points that are without data and never had any, as keys of points. Machine's own read."""
    silent = Alarm.objects.by_the_machine().filter(side=AlarmSide.NO_DATA, state=AlarmState.ACTIVE)
    return silent.filter(value__isnull=True).values_list("point_id", flat=True)


def in_force(enterprise_ids: Collection[int], at: datetime) -> list[Filing]:
    """Confirmed filings of these enterprises in force at ``at``, with their points. Machine's own read."""
    rows = Filing.objects.by_the_machine().filter(
        enterprise__in=enterprise_ids, state=FilingState.CONFIRMED, effective_at__lte=at, ends_at__gt=at
    )
    return list(rows.prefetch_related("points"))


def filings_between(scope: Scope, start: datetime, until: datetime) -> dict[int, list[Filing]]:
    """Confirmed filings whose window meets [start, until), by enterprise, each with its points."""
    rows = Filing.objects.visible_to(scope).filter(CONFIRMED, starts_at__lt=until, ends_at__gt=start)
    found: dict[int, list[Filing]] = defaultdict(list)
    for row in rows.prefetch_related("points").order_by("pk"):
        found[row.enterprise_id].append(row)
    return found


def _meeting(back: str, start: datetime, until: datetime) -> QuerySet[Filing]:
    """Confirmed filings of the enterprise whose window and the outage meet within [start, until)."""
    since = Greatest(OuterRef("started_at"), _instant(start))
    return Filing.objects.by_the_machine().filter(
        CONFIRMED,
        Q(ended_at__isnull=True) | Q(ended_at__gt=since),
        enterprise=OuterRef("enterprise"),
        starts_at__lt=Least(Coalesce(OuterRef(back), _instant(until)), _instant(until)),
        ends_at__gt=since,
    )


def touching(start: datetime, until: datetime) -> Exists:
    """As a condition on alarms; the same as `Filing.covers`, said to the database."""
    named = Filing.points.through.objects.filter(filing=OuterRef("pk"), point=OuterRef(OuterRef("point")))
    covering = (
        Q(reach=FilingReach.ENTERPRISE)
        | Q(reach=FilingReach.SOURCE, source=OuterRef("point__source"))
        | Q(reach=FilingReach.DEVICE, device=OuterRef("point__device"))
        | (Q(reach=FilingReach.POINTS) & Exists(named))
    )
    return Exists(_meeting("cleared_at", start, until).filter(covering))


def explaining(start: datetime, until: datetime) -> Exists:
    """As a condition on outages of gateways; the same as `Filing.covers_all`, said to the database."""
    named = Filing.points.through.objects.filter(filing=OuterRef(OuterRef("pk")), point=OuterRef("pk"))
    points = equipment.points_in_use().filter(gateway=OuterRef(OuterRef("gateway")))
    outside = points.exclude(source=Coalesce(OuterRef("source"), 0)).exclude(device=Coalesce(OuterRef("device"), 0))
    covering = Q(reach=FilingReach.ENTERPRISE) | (Exists(points) & ~Exists(outside.exclude(Exists(named))))
    return Exists(_meeting("ended_at", start, until).filter(covering))


def _instant(at: datetime) -> Value:
    return Value(at, output_field=DateTimeField())
