"""What is read of unit states: the list, what starts and stops on a day, and the units that may be named."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet

from anlan.apps.commitments.models import WorkUnit
from anlan.apps.commitments.selectors import workshops_of
from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import Device, DeviceKind, Enterprise
from anlan.apps.registry.selectors import equipment
from anlan.apps.unitstates.models import Change, ChangeState, UnitState
from anlan.rules.calendar import day_of

UNITS = (DeviceKind.UNIT, DeviceKind.PROCESS_UNIT)
"""Registered devices that start and stop."""


def unit_states_visible(scope: Scope) -> QuerySet[UnitState]:
    """Every declared change in scope, with its unit and enterprise."""
    rows = UnitState.objects.visible_to(scope)
    return rows.select_related("enterprise__supervisor", "device", "work_unit")


@dataclass(frozen=True)
class StartsAndStops:
    """装置开停车 of one day in a scope, for lists and bulletins."""

    rows: tuple[UnitState, ...]

    @property
    def words(self) -> str:
        """``1（合成装置）``; 无 when nothing starts or stops."""
        names = "、".join(row.unit_name for row in self.rows)
        return f"{len(self.rows)}（{names}）" if self.rows else "无"


def starts_and_stops(scope: Scope, day: date) -> StartsAndStops:
    """What starts or stops on a civil day at the enterprises of a scope, in the order of its beginning. One query."""
    period = day_of(day)
    rows = unit_states_visible(scope).filter(change__in=(Change.START, Change.STOP))
    rows = rows.filter(begins_at__gte=period.start, begins_at__lt=period.end).exclude(state=ChangeState.CANCELLED)
    return StartsAndStops(tuple(rows.order_by("begins_at", "pk")))


def changes_of(enterprise: Enterprise, day: date) -> list[UnitState]:
    """What concerns an enterprise on a day: what begins on it, and what began before and is not over. Machine's own
    read."""
    period = day_of(day)
    going_on = Q(state=ChangeState.DECLARED) | Q(state=ChangeState.DONE, ended_at__gt=period.start)
    begins = Q(begins_at__gte=period.start) & ~Q(state=ChangeState.CANCELLED)
    rows = UnitState.objects.by_the_machine().filter(going_on | begins, enterprise=enterprise)
    rows = rows.filter(begins_at__lt=period.end).select_related("device", "work_unit", "enterprise")
    return list(rows.order_by("begins_at", "pk"))


def units_of(enterprise: Enterprise) -> dict[str, Device | WorkUnit]:
    """What may be named as the unit: its registered units and its workshops, by a key that tells them apart. Two
    queries."""
    found: dict[str, Device | WorkUnit] = {f"device:{row.pk}": row for row in equipment.devices_of(enterprise, UNITS)}
    return found | {f"workshop:{row.pk}": row for row in workshops_of(enterprise)}
