"""Which roles a log-in holds towards the owner of a record: what screens offer and services allow rests on this.

Scope says what a person may see; a role says what they may do there. A role held elsewhere counts for nothing: `stand`
is the only place that combines the two.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q

from anlan.apps.accounts.models import Grant, User
from anlan.apps.org import actor
from anlan.apps.org.access import owner_of
from anlan.apps.org.line import lines_of
from anlan.apps.org.models import Agency, Role
from anlan.apps.org.scope import EVERYTHING, NOTHING, Scope
from anlan.apps.org.selectors import persons_named
from anlan.apps.org.stand import HANDLERS, STAFF, Hat, Stand

INSTALLATION = "installation"
"""Owner of what belongs to nobody but the installation: its channels, its operators."""
CALLERS = HANDLERS
"""Roles of an agency that must be able to ring people up; they see telephone numbers (SEC-04)."""
OF_ENTERPRISES = frozenset({Role.ADMIN, Role.PRINCIPAL, Role.DUTY_HOLDER, Role.SAFETY_OFFICER})
"""Roles that a log-in can hold in an enterprise; the others, and ADMIN, are held in an agency."""


def grants_of(user: User | AnonymousUser, at: datetime) -> list[Grant]:
    """The grants in force with their agencies, read once per request (kept on the user object); none for a stranger."""
    if not isinstance(user, User) or not user.is_active:
        return []
    kept = getattr(user, "_grants_in_force", None)
    if kept is None:
        kept = list(user.grants.in_force(at).select_related("agency"))
        user._grants_in_force = kept
    return list(kept)


def enterprises_of(user: User | AnonymousUser, at: datetime, roles: Iterable[str]) -> frozenset[int]:
    """Primary keys of the enterprises in which the log-in itself holds one of ``roles``."""
    wanted = set(roles)
    return frozenset(each.enterprise_id for each in grants_of(user, at) if each.enterprise_id and each.role in wanted)


def agencies_of(user: User | AnonymousUser, at: datetime, roles: Iterable[str]) -> frozenset[int]:
    """Primary keys of the agencies in which the log-in itself holds one of ``roles``."""
    wanted = set(roles)
    return frozenset(each.agency_id for each in grants_of(user, at) if each.agency_id and each.role in wanted)


def stand(user: User | AnonymousUser, owner: Any, at: datetime) -> Stand:
    """How a log-in stands towards the owner of a record at ``at``: the roles that count here, the nearest first.

    ``owner``: an enterprise (roles in it, and in the agencies on its line), an agency (roles in it and above it), or
    None for the installation itself. One query where the log-in has a role in an agency, none else.
    """
    if owner is None:
        return _made(user, INSTALLATION, [], at)
    if isinstance(owner, Agency):
        held = [(grant.role, grant.agency) for grant in grants_of(user, at) if grant.agency is not None]
        there = [(role, agency) for role, agency in held if owner.path.startswith(agency.path)]
        hats = [Hat(role, agency.name, agency, is_near=agency.pk == owner.pk) for role, agency in there]
        return _made(user, owner_of(owner), hats, at)
    return stands(user, [owner], at)[owner.pk]


def stands(user: User | AnonymousUser, enterprises: Iterable[Any], at: datetime) -> dict[int, Stand]:
    """As `stand` for many enterprises, by their keys; one query for all of them."""
    owners = list(enterprises)
    grants = grants_of(user, at)
    held = [(grant.role, grant.agency) for grant in grants if grant.agency is not None]
    lines = lines_of(owners) if held and owners else {}
    found = {}
    for owner in owners:
        hats = [Hat(each.role, owner.name, enterprise_id=owner.pk) for each in grants if each.enterprise_id == owner.pk]
        for role, agency in held:
            if agency.pk in lines[owner.pk].all:
                hats.append(Hat(role, agency.name, agency, is_near=agency.pk in lines[owner.pk].near))
        found[owner.pk] = _made(user, owner_of(owner), hats, at)
    return found


def as_administrator(user: User | AnonymousUser, at: datetime) -> Stand:
    """The stand towards the agency that somebody administers, for what belongs to no record; towards the installation
    where they administer none."""
    mine = (grant.agency for grant in grants_of(user, at) if grant.agency is not None and grant.role == str(Role.ADMIN))
    return stand(user, next(mine, None), at)


def _made(user: User | AnonymousUser, owner: str, hats: list[Hat], at: datetime) -> Stand:
    hats.sort(key=lambda hat: -len(hat.agency.path) if hat.agency is not None else -1000)
    me = actor.of_user(user)
    speaks = next((hat for hat in hats if hat.role != str(Role.VIEWER)), hats[0] if hats else None)
    if speaks is not None:
        agency_id = speaks.agency.pk if speaks.agency is not None else None
        me = me.of(speaks.unit, agency_id=agency_id, enterprise_id=speaks.enterprise_id)
    return Stand(me, owner, at, tuple(hats), operates=bool(user.is_active and getattr(user, "is_superuser", False)))


_NAME_AND_UNIT = re.compile(r"(?P<name>.+?)（(?P<unit>.+)）")


def meant_by(spelling: str) -> frozenset[str]:
    """The ids of everybody whom an actor of a row or of the journal can mean: the one reader of old spellings.

    Acts of today name ``person:<code>`` (or one of the other kinds of `anlan.apps.org.actor`), which means itself.
    Older rows and entries stay as they are, sealed; they say

    - ``user:<log-in>``: the person of that log-in (or the log-in itself, where it has none);
    - a name, or ``name（unit）``: everybody who bears it, of whom nobody can be told apart any more.
    """
    kind, colon, code = spelling.partition(":")
    if kind == "user" and colon:
        user = user_with(code)
        return frozenset({spelling if user is None else actor.of_user(user).id})
    if actor.is_actor(spelling):
        return frozenset({spelling})
    parts = _NAME_AND_UNIT.fullmatch(spelling)
    people = persons_named(spelling if parts is None else parts["name"])
    return frozenset(actor.of_person(person).id for person in people)


def may_acknowledge(by: Stand) -> bool:
    """Acknowledging an alarm is the enterprise's act: its principal, duty holders and safety officers do it."""
    return by.holds(*STAFF)


def may_see_phones(by: Stand) -> bool:
    """Duty desks that watch the enterprise and its own staff see telephone numbers."""
    return by.operates or by.holds(*CALLERS, *STAFF)


def register_scope(user: User | AnonymousUser, at: datetime) -> Scope:
    """What a log-in may *register*: where it is an administrator (the subtree, or the enterprise), else nothing."""
    return _scope_held(user, at, {Role.ADMIN})


def phones_scope(user: User | AnonymousUser, at: datetime) -> Scope:
    """As `may_see_phones` for many rows: where a log-in reads telephone numbers and what else is personal."""
    return _scope_held(user, at, {*CALLERS, *STAFF})


def _scope_held(user: User | AnonymousUser, at: datetime, roles: Collection[str]) -> Scope:
    """The subtrees and enterprises in which a log-in holds one of these roles."""
    if not isinstance(user, User) or not user.is_active:
        return NOTHING
    if user.is_superuser:
        return EVERYTHING
    mine = [grant for grant in grants_of(user, at) if grant.role in roles]
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
