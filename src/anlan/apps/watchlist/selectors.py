"""What is read of the watch list."""

from __future__ import annotations

from datetime import date

from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import OfEnterprise
from anlan.apps.watchlist.models import Watched


def watched_visible(scope: Scope) -> OfEnterprise[Watched]:
    """Reasons of all days for enterprises in scope, with their enterprises."""
    return Watched.objects.visible_to(scope).select_related("enterprise__county")


def reasons_of_day(scope: Scope, day: date) -> dict[int, list[Watched]]:
    """By the key of each enterprise in scope why it is on the list of a day. One query."""
    found: dict[int, list[Watched]] = {}
    for row in watched_visible(scope).filter(day=day).order_by("at", "pk"):
        found.setdefault(row.enterprise_id, []).append(row)
    return found
