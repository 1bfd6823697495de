"""Which gateway points were of at an earlier time: every move and every switching stands in the journal."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from anlan.apps.journal.selectors import acts_since
from anlan.apps.registry.selectors import equipment
from anlan.apps.registry.services import HOME_CHANGED


@dataclass(frozen=True)
class Home:
    """A point was of ``gateway`` until ``until``, in use or not."""

    until: datetime
    gateway: str
    is_active: bool


def homes_until(points: Collection[str], since: datetime) -> dict[str, list[Home]]:
    """By code the homes that points left after ``since``, oldest first; points that left none are left out.

    Two queries. Machine's own read. Changes that went past `services.change_point` are not known.
    """
    known = dict(equipment.points_with(points).values_list("code", "enterprise__code"))
    chains = {f"enterprise:{enterprise}" for enterprise in known.values()}
    found: dict[str, list[Home]] = {}
    for entry in acts_since(HOME_CHANGED, chains, known.keys(), since):
        home = Home(entry.at, str(entry.was["gateway"]), bool(entry.was["is_active"]))
        found.setdefault(entry.subject, []).insert(0, home)
    return found
