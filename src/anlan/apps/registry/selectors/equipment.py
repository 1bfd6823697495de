"""Points, sources and gateways for the system's own work: unscoped, so nothing of it goes to a screen as it is."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet

from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import Device, Enterprise, Gas, Gateway, HazardSource, Point
from anlan.stream.partition import partition_of

AT_ONCE = 500
"""A question names at most so many keys or codes; what asks for more reads all."""


def points_in_use() -> QuerySet[Point]:
    """Points that must deliver: in use, of active gateways of active enterprises."""
    return Point.objects.by_the_machine().filter(is_active=True, gateway__is_active=True, enterprise__is_active=True)


def active_enterprises(codes: Collection[str] | None = None) -> dict[int, str]:
    """Key → code of active enterprises; of all, or of those with these codes."""
    rows = Enterprise.objects.by_the_machine().filter(is_active=True).order_by()
    if codes is not None and len(codes) <= AT_ONCE:
        rows = rows.filter(code__in=codes)
    return {pk: code for pk, code in rows.values_list("pk", "code") if codes is None or code in codes}


def next_enterprise(after: int, partitions: Collection[int]) -> Enterprise | None:
    """The next active enterprise of these partitions behind a key, its supervisor joined; None behind the last."""
    rows = Enterprise.objects.by_the_machine().filter(pk__gt=after, is_active=True).order_by("pk")
    for pk, code in rows.values_list("pk", "code").iterator(chunk_size=100):
        if partition_of(code) in partitions:
            return Enterprise.objects.by_the_machine().select_related("supervisor").get(pk=pk)
    return None


def active_gateways(keys: Collection[int] | None = None) -> dict[int, str]:
    """Key → code of active gateways; of all, or of those with these keys (and perhaps of others)."""
    return _codes(Gateway.objects.by_the_machine().filter(is_active=True), keys)


def owners() -> dict[str, str]:
    """Code of every gateway that was ever registered → code of its enterprise."""
    rows = Gateway.objects.by_the_machine().order_by()
    return dict(rows.values_list("code", "enterprise__code"))


def sources(keys: Collection[int | None] | None = None) -> dict[int, str]:
    """Key → code of hazard sources; of all, or of those with these keys (and perhaps of others)."""
    return _codes(HazardSource.objects.by_the_machine(), keys)


def active_points(enterprises: Collection[int] | None = None) -> QuerySet[Point]:
    """Points that are not switched off, in no order; of all enterprises, or of these few."""
    rows = Point.objects.by_the_machine().filter(is_active=True).order_by()
    return rows if enterprises is None else rows.filter(enterprise__in=enterprises)


def _codes(rows: QuerySet[Any], keys: Collection[int | None] | None) -> dict[int, str]:
    if keys is not None and len(keys) <= AT_ONCE:
        rows = rows.filter(pk__in=[key for key in keys if key is not None])
    return dict(rows.order_by().values_list("pk", "code"))


def consoles(scope: Scope) -> list[int]:
    """Keys of the enterprises in scope that have points in use: each is one operator console (操作岗位)."""
    points = Point.objects.by_the_machine().filter(enterprise=OuterRef("pk"), is_active=True)
    rows = Enterprise.objects.visible_to(scope).filter(Exists(points), is_active=True)
    return list(rows.order_by().values_list("pk", flat=True))


def sizes(scope: Scope) -> list[tuple[int, int, int]]:
    """Of every enterprise in scope with points in use: its key, how many points, and how many gateways they are of."""
    rows = Point.objects.visible_to(scope).filter(is_active=True, gateway__is_active=True, enterprise__is_active=True)
    counted = rows.order_by().values_list("enterprise").annotate(n=Count("pk"), g=Count("gateway", distinct=True))
    return [(pk, points, gateways) for pk, points, gateways in counted]


def gas_points(scope: Scope) -> QuerySet[Point]:
    """The gas detectors in scope, in no order."""
    return Point.objects.visible_to(scope).exclude(gas=Gas.NONE).order_by()


def points_by_key(keys: Iterable[int]) -> dict[int, Point]:
    """Points by their keys, with their enterprise."""
    return {row.pk: row for row in Point.objects.by_the_machine().filter(pk__in=keys).select_related("enterprise")}


def points_with(codes: Iterable[str]) -> QuerySet[Point]:
    """Points by code; a code that nobody has is simply missing."""
    return Point.objects.by_the_machine().filter(code__in=list(codes))


def points_of(enterprise: Enterprise) -> QuerySet[Point]:
    """All registered points of an enterprise, in use or not."""
    return Point.objects.by_the_machine().filter(enterprise=enterprise)


def enterprise_with(code: str) -> Enterprise | None:
    """The enterprise under supervision that has this code; None without one. For what is open to everybody."""
    return Enterprise.objects.by_the_machine().filter(code=code, is_active=True).first()


def sources_by_enterprise(enterprise_ids: Collection[int]) -> dict[int, int]:
    """How many hazard sources each of these enterprises has; those without are left out. One query."""
    rows = HazardSource.objects.by_the_machine().filter(enterprise__in=list(enterprise_ids)).order_by()
    return dict(rows.values_list("enterprise").annotate(number=Count("pk")))


def devices_of(enterprise: Enterprise, kinds: Collection[str]) -> list[Device]:
    """The registered devices of these kinds of an enterprise, in the order of their codes. Machine's own read."""
    return list(Device.objects.by_the_machine().filter(enterprise=enterprise, kind__in=list(kinds)).order_by("code"))


def source_named(enterprise: Enterprise, code: str) -> HazardSource | None:
    """The hazard source of an enterprise by its code; None without one. Machine's own read."""
    return HazardSource.objects.by_the_machine().filter(enterprise=enterprise, code=code).first()


def sources_of(enterprise: Enterprise) -> dict[str, int]:
    """The hazard sources of an enterprise: code → key."""
    rows = HazardSource.objects.by_the_machine().filter(enterprise=enterprise)
    return dict(rows.order_by().values_list("code", "pk"))


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
