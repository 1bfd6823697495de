"""The rulebook as it stands for enterprises on one day: the law, refined by the agencies above them (GEN-04).

The locality of an enterprise is its supervising agency and all those above it, widest first. What counts there is
read and judged by `anlan.apps.rulebook`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date

from django.db.models import QuerySet

from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import Enterprise
from anlan.apps.rulebook import selectors as rulebook
from anlan.rules.rulebook import RulesInForce

NOWHERE = ""
"""The place without a locality: the numbers as shipped."""


def supervised(among: QuerySet[Enterprise] | None = None) -> list[Enterprise]:
    """Every enterprise under supervision ``among`` some (None: all, machine's own read), with its supervisor, in the
    order of their codes."""
    rows = Enterprise.objects.by_the_machine() if among is None else among
    return list(rows.filter(is_active=True).select_related("supervisor").order_by("code"))


def of_keys(keys: Collection[int]) -> QuerySet[Enterprise]:
    """Enterprises by their keys, to be narrowed further. Machine's own read."""
    return Enterprise.objects.by_the_machine().filter(pk__in=list(keys))


def rules_of(enterprises: Iterable[Enterprise], on: date) -> dict[int, RulesInForce]:
    """The rules in force on a civil day by the key of each enterprise; one query when the supervisors are joined."""
    paths = {enterprise.pk: enterprise.supervisor.path for enterprise in enterprises}
    found = rulebook.in_force(set(paths.values()), on)
    return {pk: found[path] for pk, path in paths.items()}


def rules_of_one(enterprise: Enterprise, on: date) -> RulesInForce:
    """The rules in force on a civil day for one enterprise."""
    return rules_of([enterprise], on)[enterprise.pk]


def rules_of_scope(scope: Scope, on: date) -> RulesInForce:
    """The rules in force at the reader's own place; as shipped for who sees everything."""
    return rulebook.rules_at(place_of(scope), on)


def place_of(scope: Scope) -> str:
    """The path of the reader's own agency, or of the agency that supervises the reader's enterprise; else nowhere."""
    if scope.agency_paths:
        return min(scope.agency_paths)
    mine = Enterprise.objects.visible_to(scope).filter(pk__in=scope.enterprise_ids).select_related("supervisor").first()
    return NOWHERE if mine is None else mine.supervisor.path
