"""Which roles a log-in holds towards an enterprise: what screens offer and services allow rests on this.

Scope says what a person may see; a role says what they may do there. A role held elsewhere counts for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q

from anlan.apps.accounts.models import Grant, User
from anlan.apps.org.models import Agency, Role
from anlan.apps.org.scope import EVERYTHING, NOTHING, Scope

CALLERS = frozenset({Role.DUTY_OFFICER, Role.HANDLER, Role.APPROVER})
"""Roles of an agency that must be able to ring people up; they see telephone numbers (SEC-04)."""
STAFF = frozenset({Role.PRINCIPAL, Role.DUTY_HOLDER, Role.SAFETY_OFFICER})
"""Roles inside an enterprise: they acknowledge its alarms and see each other's numbers."""


OF_ENTERPRISES = frozenset({Role.ADMIN, Role.PRINCIPAL, Role.DUTY_HOLDER, Role.SAFETY_OFFICER})
"""Roles that a log-in can hold in an enterprise; the others, and ADMIN, are held in an agency."""


def grants_of(user: Any, at: datetime) -> list[Grant]:
    """The grants in force with their agencies, read once per request (kept on the user object); none for a stranger."""
    if not isinstance(user, User) or not user.is_active:
        return []
    kept = getattr(user, "_grants_in_force", None)
    if kept is None:
        kept = list(user.grants.in_force(at).select_related("agency"))  # type: ignore[attr-defined]
        user._grants_in_force = kept  # type: ignore[attr-defined]
    return list(kept)


def enterprises_of(user: Any, at: datetime, roles: Iterable[str]) -> frozenset[int]:
    """Primary keys of the enterprises in which the log-in itself holds one of ``roles``."""
    wanted = set(roles)
    return frozenset(each.enterprise_id for each in grants_of(user, at) if each.enterprise_id and each.role in wanted)


def agencies_of(user: Any, at: datetime, roles: Iterable[str]) -> frozenset[int]:
    """Primary keys of the agencies in which the log-in itself holds one of ``roles``."""
    wanted = set(roles)
    return frozenset(each.agency_id for each in grants_of(user, at) if each.agency_id and each.role in wanted)


def agency_roles(user: Any, at: datetime) -> frozenset[str]:
    """The roles that the log-in holds in any agency."""
    return frozenset(each.role for each in grants_of(user, at) if each.agency_id)


def county_or_park(user: Any, enterprise: Any, at: datetime, roles: Iterable[str]) -> Agency | None:
    """The county or park (县、化工园区) for which the log-in may decide about an enterprise; None without such a role.

    Its supervisor, the agency of its county, or that of its park (``park`` joined by the caller): who is further up
    sees and does not decide.
    """
    wanted = set(roles)
    near = {enterprise.supervisor_id, enterprise.county_id, enterprise.park.agency_id if enterprise.park else None}
    found = (each.agency for each in grants_of(user, at) if each.agency_id in near - {None} and each.role in wanted)
    return next(found, None)


def may_acknowledge(user: Any, enterprise_id: int, at: datetime) -> bool:
    """Acknowledging an alarm is the enterprise's act: its principal, duty holders and safety officers do it."""
    return enterprise_id in enterprises_of(user, at, STAFF)


def may_see_phones(user: Any, enterprise_id: int, at: datetime) -> bool:
    """Duty desks that watch the enterprise (it is in their scope) and its own staff see telephone numbers."""
    if getattr(user, "is_superuser", False):
        return True
    return bool(agency_roles(user, at) & CALLERS) or enterprise_id in enterprises_of(user, at, STAFF)


def register_scope(user: Any, at: datetime) -> Scope:
    """What a log-in may *register*: where it is an administrator (the subtree, or the enterprise), else nothing."""
    if not isinstance(user, User) or not user.is_active:
        return NOTHING
    if user.is_superuser:
        return EVERYTHING
    mine = [grant for grant in grants_of(user, at) if grant.role == Role.ADMIN]
    return Scope(
        agency_paths=tuple(sorted({grant.agency.path for grant in mine if grant.agency})),
        enterprise_ids=tuple(sorted({grant.enterprise_id for grant in mine if grant.enterprise_id})),
        person_id=user.person_id,
    )


def user_with(username: str) -> User | None:
    """One log-in by its name."""
    return User.objects.select_related("person").filter(username=username).first()


def grant_of(user: User, agency: Any, enterprise: Any) -> Grant | None:
    """What a log-in holds in one unit now; None without one."""
    rows = Grant.objects.filter(user=user, agency=agency, enterprise=enterprise, valid_until__isnull=True)
    return rows.select_related("agency", "enterprise", "user__person").order_by("-valid_from", "-pk").first()


def grants_within(agency_ids: Iterable[int], enterprise_ids: Iterable[int]) -> list[Grant]:
    """Everything that log-ins hold in these units now."""
    units = Q(agency__in=list(agency_ids)) | Q(enterprise__in=list(enterprise_ids))
    rows = Grant.objects.filter(units, valid_until__isnull=True, user__person__isnull=False)
    return list(rows.select_related("agency", "enterprise", "user__person").order_by("user__username", "pk"))


def nobody_yet() -> bool:
    """Whether no log-in exists at all: a new installation."""
    return not User.objects.exists()
