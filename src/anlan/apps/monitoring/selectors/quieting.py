"""Filings, shelves and suppression rules as pages and lists read them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from anlan.apps.monitoring.models import (
    Alarm,
    AlarmState,
    Filing,
    FilingState,
    Shelving,
    ShelvingState,
    SuppressionRule,
)
from anlan.apps.org.models import Agency
from anlan.apps.org.scope import Scope


def filings_visible(scope: Scope) -> QuerySet[Filing]:
    """All filings in scope, newest first, with what a list shows."""
    return Filing.objects.visible_to(scope).select_related("enterprise", "source", "device", "agency")


def filings_to_confirm(agency: Agency) -> QuerySet[Filing]:
    """What waits for the confirmation of one county or park. The caller speaks for the agency."""
    mine = Q(enterprise__supervisor=agency) | Q(enterprise__county=agency) | Q(enterprise__park__agency=agency)
    return Filing.objects.by_the_machine().filter(mine, state=FilingState.FILED)


def shelvings_visible(scope: Scope) -> QuerySet[Shelving]:
    """All shelves in scope, newest first, with what a list shows."""
    return Shelving.objects.visible_to(scope).select_related("enterprise", "point")


def suppressions_visible(scope: Scope) -> QuerySet[SuppressionRule]:
    """All versions of all suppression rules in scope, with what a list shows."""
    rows = SuppressionRule.objects.visible_to(scope).select_related("enterprise", "condition", "agency")
    return rows.prefetch_related("points")


def shelved_now(point_ids: Iterable[int], now: datetime) -> dict[tuple[int, str], Shelving]:
    """The shelves in force among these points, by point and side. Exact whether or not the clock has come to an end."""
    rows = Shelving.objects.by_the_machine().filter(
        point__in=list(point_ids), state=ShelvingState.IN_FORCE, ends_at__gt=now
    )
    return {(row.point_id, row.side): row for row in rows}


def is_shelved(now: datetime) -> Exists:
    """As a condition on alarms: the alarm's side of its point is shelved at ``now``."""
    in_force = Shelving.objects.by_the_machine().filter(state=ShelvingState.IN_FORCE, ends_at__gt=now)
    return Exists(in_force.filter(point=OuterRef("point"), side=OuterRef("side")))


def shelved_alarms(rows: QuerySet[Alarm], now: datetime) -> QuerySet[Alarm]:
    """Active alarms that are shelved; found from the shelves, which are few, and not by walking through all alarms."""
    in_force = Shelving.objects.by_the_machine().filter(state=ShelvingState.IN_FORCE, ends_at__gt=now)
    return rows.filter(is_shelved(now), state=AlarmState.ACTIVE, point__in=in_force.values("point"))
