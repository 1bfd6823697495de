"""Identifications as pages list them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from django.db.models import QuerySet

from anlan.apps.identification.models import Identification, State
from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import Enterprise


def identifications_visible(scope: Scope) -> QuerySet[Identification]:
    """Every identification in scope, with its enterprise and source."""
    return Identification.objects.visible_to(scope).select_related("enterprise", "source")


def in_force(enterprise: Enterprise, unit: str) -> Identification | None:
    """The one in force of a unit. Machine's own read."""
    rows = Identification.objects.by_the_machine().select_related("enterprise", "source")
    return rows.filter(enterprise=enterprise, unit=unit, state=State.CONFIRMED).first()


def to_review(scope: Scope, enterprise_ids: Collection[int]) -> QuerySet[Identification]:
    """Those of these enterprises that wait for a review, the oldest first."""
    rows = identifications_visible(scope).filter(enterprise__in=list(enterprise_ids), state=State.ENTERED)
    return rows.order_by("made_at", "pk")


def to_file(rows: QuerySet[Identification]) -> QuerySet[Identification]:
    """Those of some that are major hazard sources in force and not filed yet, the oldest first."""
    return rows.filter(state=State.CONFIRMED, is_major=True, filed_on=None).order_by("decided_at", "pk")


def near(scope: Scope, agencies: Collection[int]) -> QuerySet[Identification]:
    """Identifications in scope whose filing one of these agencies takes in."""
    return Identification.objects.visible_to(scope).near(agencies).select_related("enterprise", "source")


def to_do_again(scope: Scope, enterprise_ids: Collection[int], until: date) -> QuerySet[Identification]:
    """Those in force of these enterprises that are to be made again until a day, the soonest first."""
    rows = identifications_visible(scope).filter(enterprise__in=list(enterprise_ids), state=State.CONFIRMED)
    return rows.filter(again_on__lte=until).order_by("again_on", "pk")


def history_of(scope: Scope, row: Identification) -> list[Identification]:
    """All identifications of the same unit, newest first."""
    rows = Identification.objects.visible_to(scope).filter(enterprise=row.enterprise, unit=row.unit)
    return list(rows.order_by("-made_at", "-pk"))
