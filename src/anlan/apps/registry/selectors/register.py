"""Records of the register by their codes, for those who keep it; what may be shown or changed the caller decides."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import QuerySet

from anlan.apps.org.models import Person
from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import DutyHolder, Employment, Enterprise, HazardSource

_JOINED: dict[str, tuple[str, ...]] = {
    "Park": ("county", "agency"),
    "Enterprise": ("region", "county", "town", "park__agency", "supervisor"),
    "Device": ("enterprise", "source"),
    "Point": ("enterprise", "source", "device", "gateway"),
    "Camera": ("enterprise", "source"),
}


def with_codes(model: Any, codes: Collection[str]) -> dict[str, Any]:
    """The records of a model of this app by their codes, with what the register shows of them; unknown ones are left
    out."""
    rows = model.objects.select_related(*_JOINED.get(model.__name__, ("enterprise",))).filter(code__in=list(codes))
    return {row.code: row for row in (rows.by_the_machine() if hasattr(rows, "by_the_machine") else rows)}


def in_scope(model: Any, scope: Scope) -> Iterable[Any]:
    """All records of a model of this app that a scope sees, in order of their codes."""
    rows = model.objects.select_related(*_JOINED.get(model.__name__, ("enterprise",))).order_by("code")
    if hasattr(rows, "visible_to"):
        seen: QuerySet[Any] = rows.visible_to(scope)
        return seen
    paths = scope.agency_paths
    return [row for row in rows if scope.everything or any(row.county.path.startswith(path) for path in paths)]


def employment_of(person: Person, enterprise: Enterprise) -> Employment | None:
    """The place that a person has on an enterprise's staff now; None without one."""
    rows = Employment.objects.by_the_machine().filter(person=person, enterprise=enterprise, valid_until__isnull=True)
    return rows.select_related("enterprise", "person").first()


def employments_in(scope: Scope) -> Any:
    """Everyone on the staff of the enterprises of a scope now."""
    rows = Employment.objects.visible_to(scope).filter(valid_until__isnull=True)
    return rows.select_related("enterprise", "person").order_by("enterprise__code", "person__code")


def is_employed_within(person: Person, scope: Scope, *, ever: bool = False) -> bool:
    """Whether a person is on the staff of an enterprise of the scope; with ``ever`` also whether they were."""
    staff = Employment.objects.visible_to(scope).filter(person=person)
    return (staff if ever else staff.filter(valid_until__isnull=True)).exists()


def holder_of(source: HazardSource, post: str) -> DutyHolder | None:
    """Who holds a post of a source now; None when it is vacant."""
    rows = DutyHolder.objects.by_the_machine().filter(source=source, post=post, valid_until__isnull=True)
    return rows.select_related("person", "source", "enterprise").first()


def holders_in(scope: Scope) -> Any:
    """The duty holders of a scope now."""
    rows = DutyHolder.objects.visible_to(scope).filter(valid_until__isnull=True)
    return rows.select_related("person", "source", "enterprise").order_by("source__code", "post")


def enterprises_in(scope: Scope) -> QuerySet[Enterprise]:
    """The enterprises of a scope."""
    return Enterprise.objects.visible_to(scope).order_by("code")
