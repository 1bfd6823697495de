"""Filings, shelves and suppression rules as pages and lists read them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from anlan.apps.alarms.models import (
    Alarm,
    AlarmState,
    Filing,
    FilingState,
    Shelving,
    ShelvingState,
    SuppressionRule,
    SuppressionState,
)
from anlan.apps.org.scope import Scope
from anlan.rules.alarms import Approver


def filings_visible(scope: Scope) -> QuerySet[Filing]:
    """All filings in scope, newest first, with what a list shows."""
    return Filing.objects.visible_to(scope).select_related("enterprise", "source", "device", "agency")


def filings_to_confirm(scope: Scope, agency_ids: Iterable[int]) -> QuerySet[Filing]:
    """What waits for the confirmation of these counties and parks. The caller speaks for them."""
    return filings_visible(scope).filter(_near(agency_ids), state=FilingState.FILED)


def shelvings_to_approve(
    scope: Scope, agency_ids: Iterable[int], principal_of: Iterable[int] = ()
) -> QuerySet[Shelving]:
    """Shelves of gas alarms that wait for these counties and parks, or for the principal of these enterprises."""
    here = _near(agency_ids, approver=Approver.COUNTY)
    mine = here | Q(enterprise__in=list(principal_of), approver=Approver.PRINCIPAL)
    return shelvings_visible(scope).filter(mine, state=ShelvingState.ASKED)


def suppressions_to_approve(scope: Scope, agency_ids: Iterable[int]) -> QuerySet[SuppressionRule]:
    """Versions of suppression rules that wait for the approval of these counties and parks."""
    return suppressions_visible(scope).filter(_near(agency_ids), state=SuppressionState.PROPOSED)


def filings_filed_by(scope: Scope, enterprise_ids: Iterable[int], actor_id: str, since: datetime) -> QuerySet[Filing]:
    """What a person filed for their enterprises: all that waits or is in force, and what was settled since."""
    mine = filings_visible(scope).filter(enterprise__in=list(enterprise_ids), filed_by_id=actor_id)
    going_on = Q(state__in=[FilingState.FILED, FilingState.CONFIRMED])
    return mine.filter(going_on | Q(decided_at__gte=since) | Q(ended_at__gte=since))


def _near(agency_ids: Iterable[int], **more: str) -> Q:
    """Of enterprises about which one of these agencies decides; see `anlan.apps.org.stand.Stand.agency_with`."""
    near = list(agency_ids)
    mine = Q(enterprise__supervisor__in=near) | Q(enterprise__county__in=near) | Q(enterprise__park__agency__in=near)
    return mine & Q(**more)


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
