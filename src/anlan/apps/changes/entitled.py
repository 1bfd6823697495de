"""Who may ask for changes of the register, and who decides: the enterprise asks, its county or park decides.

Nobody decides what they asked for themselves, whatever hats they wear. Local settings.
"""

from __future__ import annotations

from typing import Any

from anlan.apps.accounts.selectors import meant_by
from anlan.apps.changes.models import ChangeRequest
from anlan.apps.org.models import Role
from anlan.apps.org.stand import STAFF, Stand

ASKERS = STAFF | {str(Role.ADMIN)}
"""Roles of an enterprise that ask."""
DECIDERS = frozenset(map(str, (Role.HANDLER, Role.APPROVER)))
"""Roles of a county or park that decide, and that change a limit by themselves."""


def may_ask(by: Stand, about: Any) -> bool:
    """The enterprise's own staff and administrators ask, and take back."""
    return any(hat.role in ASKERS and hat.enterprise_id is not None for hat in by.hats)


def may_decide(by: Stand, request: ChangeRequest) -> bool:
    """Its county or park decides, but nobody about what they asked for."""
    return may_change(by, request) and by.actor.id not in meant_by(request.asked_by_id or request.asked_by)


def may_change(by: Stand, about: Any) -> bool:
    """Whoever decides about an enterprise changes its limits without a request."""
    return by.agency_with(*DECIDERS, near=True) is not None


def may_set(by: Stand, about: Any) -> bool:
    """Whoever may change limits, or ask for it."""
    return may_change(by, about) or may_ask(by, about)
