"""The units by which figures are shown: registered supervisors, cities, or single enterprises."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from anlan.apps.org import selectors as org
from anlan.apps.org.models import AgencyLevel
from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import Enterprise


class UnitKind(StrEnum):
    """What stands in one line of a table. ``supervisor`` is the 县（化工园区） of the regulations (ORG-02)."""

    SUPERVISOR = "supervisor"
    CITY = "city"
    ENTERPRISE = "enterprise"


@dataclass(slots=True)
class Unit:
    """One line: whose it is, and the enterprises that are counted there. Every enterprise is in exactly one unit."""

    code: str
    name: str
    enterprise_ids: list[int] = field(default_factory=list)


def units(scope: Scope, kind: UnitKind) -> list[Unit]:
    """The units of the enterprises that ``scope`` sees, in order of their codes; two queries.

    An enterprise counts once, at the supervisor registered for it, or in the city above that supervisor. Without such
    a city it stands in a unit without a code.
    """
    rows = Enterprise.objects.visible_to(scope).order_by("code").values_list(
        "pk", "code", "name", "supervisor__code", "supervisor__name", "supervisor__path"
    )  # fmt: skip
    cities = {each.path: each for each in org.of_level(AgencyLevel.CITY)} if kind is UnitKind.CITY else {}
    found: dict[str, Unit] = {}
    for pk, code, name, supervisor, supervisor_name, path in rows:
        match kind:
            case UnitKind.ENTERPRISE:
                key, title = code, name
            case UnitKind.SUPERVISOR:
                key, title = supervisor, supervisor_name
            case UnitKind.CITY:
                city = next((cities[above] for above in _above(path) if above in cities), None)
                key, title = (city.code, city.name) if city else ("", "")
        found.setdefault(key, Unit(key, title)).enterprise_ids.append(pk)
    return sorted(found.values(), key=lambda unit: unit.code)


def _above(path: str) -> list[str]:
    """The paths of an agency and of all above it, nearest first: ``/1/4/9/`` → ``/1/4/9/``, ``/1/4/``, ``/1/``."""
    parts = path.strip("/").split("/")
    return [f"/{'/'.join(parts[:length])}/" for length in range(len(parts), 0, -1)]
