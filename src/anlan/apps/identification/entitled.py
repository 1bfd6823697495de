"""Who may do what about an identification: the enterprise enters it, another of its people reviews it, its county or
park accepts the filing. Nobody reviews what they entered themselves, whatever hats they wear. Local settings."""

from __future__ import annotations

from typing import Any

from anlan.apps.accounts.selectors import meant_by
from anlan.apps.identification.models import Identification
from anlan.apps.org.models import Role
from anlan.apps.org.stand import STAFF, Stand

ACCEPTERS = frozenset(map(str, (Role.HANDLER, Role.APPROVER)))


def may_enter(by: Stand, about: Any) -> bool:
    """The enterprise's own staff."""
    return by.holds(*STAFF)


def may_review(by: Stand, row: Identification) -> bool:
    """Another of its people: nobody what they entered."""
    return may_enter(by, row) and by.actor.id not in meant_by(row.made_by_id or row.made_by)


def may_accept(by: Stand, about: Any) -> bool:
    """Its county or park."""
    return by.agency_with(*ACCEPTERS, near=True) is not None


def may_ask_again(by: Stand, about: Any) -> bool:
    """Whoever learns that something has changed: the enterprise itself, or its county or park."""
    return may_enter(by, about) or may_accept(by, about)
