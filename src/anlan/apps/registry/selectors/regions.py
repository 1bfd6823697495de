"""The divisions in which enterprises lie."""

from __future__ import annotations

from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import Enterprise


def regions_of_enterprises(scope: Scope) -> set[str]:
    """Codes (GB/T 2260) of the divisions of the enterprises that a person may see; one query."""
    return set(Enterprise.objects.visible_to(scope).order_by().values_list("region__code", flat=True).distinct())
