"""Points, sources and gateways for the system's own work: unscoped, so nothing of it goes to a screen as it is."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, QuerySet

from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import Enterprise, Gateway, HazardSource, Point


def points_in_use() -> QuerySet[Point]:
    """Points that must deliver: in use, of active gateways of active enterprises."""
    return Point.objects.by_the_machine().filter(is_active=True, gateway__is_active=True, enterprise__is_active=True)


def consoles(scope: Scope) -> list[int]:
    """Keys of the enterprises in scope that have points in use: each is one operator console (操作岗位)."""
    points = Point.objects.by_the_machine().filter(enterprise=OuterRef("pk"), is_active=True)
    rows = Enterprise.objects.visible_to(scope).filter(Exists(points), is_active=True)
    return list(rows.order_by().values_list("pk", flat=True))


def points_with(codes: Iterable[str]) -> QuerySet[Point]:
    """Points by code; a code that nobody has is simply missing."""
    return Point.objects.by_the_machine().filter(code__in=list(codes))


def points_of(enterprise: Enterprise) -> QuerySet[Point]:
    """All registered points of an enterprise, in use or not."""
    return Point.objects.by_the_machine().filter(enterprise=enterprise)


def source_names(enterprise: Enterprise) -> dict[str, str]:
    """The hazard sources of an enterprise: code → name."""
    return dict(HazardSource.objects.by_the_machine().filter(enterprise=enterprise).values_list("code", "name"))


def gateways_with(codes: Iterable[str]) -> QuerySet[Gateway]:
    """Gateways by code, with their enterprise."""
    return Gateway.objects.by_the_machine().filter(code__in=list(codes)).select_related("enterprise")


def owner_of_gateway(code: str) -> int | None:
    """The enterprise that a gateway code belongs to; None when nobody has it."""
    return Gateway.objects.by_the_machine().filter(code=code).values_list("enterprise_id", flat=True).first()


def enterprise_codes() -> list[str]:
    """The codes of all enterprises, active or not."""
    return list(Enterprise.objects.by_the_machine().order_by("code").values_list("code", flat=True))
