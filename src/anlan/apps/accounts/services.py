"""What happens to log-ins: they are made and given roles; sessions begin, are seen, and end."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.contrib.sessions.models import Session
from django.db import transaction

from anlan.apps.accounts.models import Grant, User, Visit
from anlan.apps.journal import services as journal
from anlan.apps.org.actor import SYSTEM, Actor
from anlan.apps.org.models import Person
from anlan.database.beside import try_to_write

SESSION_LIMIT = 3
"""Sessions that one log-in may hold at once; the oldest gives way. A local setting, no article."""
TOUCH_EVERY = timedelta(minutes=1)


def begin_visit(user: User, session_key: str, at: datetime, address: str | None) -> None:
    """Record a session that has just logged in, and end the oldest ones above the limit."""
    Visit.objects.update_or_create(
        session_key=session_key,
        defaults={"user": user, "started_at": at, "last_seen_at": at, "address": address},
    )
    stale = list(Visit.objects.filter(user=user).order_by("-started_at", "-pk")[SESSION_LIMIT:])
    for visit in stale:
        end_visit(visit.session_key)


def visit_is_alive(session_key: str, at: datetime, idle_limit: timedelta, *, attended: bool = True) -> bool:
    """Whether the session may go on; notes that it was seen, at most once a minute, when that can be written at once.

    ``attended`` False: nobody asked, the page did so by itself, which is no sign of life of the person. A session that
    was idle too long is over, and its last sign of life says so each time; it is not taken away, for it may be our own
    clock that stands ahead. A sign of life from the future, of a clock that stood ahead, is set right by the next.
    """
    visit = Visit.objects.filter(session_key=session_key).first()
    if visit is None:
        return False
    if at - visit.last_seen_at > idle_limit:
        return False
    if attended and abs(at - visit.last_seen_at) >= TOUCH_EVERY:
        try_to_write(lambda: Visit.objects.filter(pk=visit.pk).update(last_seen_at=at), "a visit")
    return True


def standing(session_keys: Collection[str], at: datetime, idle_limit: timedelta) -> dict[str, str]:
    """For each session that may go on, what its rights rest on, in one word: another word, other rights. Two queries
    for any number of sessions; none counts as seen. Sessions that ended are left out."""
    known = Session.objects.filter(session_key__in=session_keys, expire_date__gt=at).values("session_key")
    visits = Visit.objects.filter(session_key__in=known, user__is_active=True, last_seen_at__gte=at - idle_limit)
    whose = {
        key: (user, everything)
        for key, user, everything in visits.values_list("session_key", "user_id", "user__is_superuser")
    }
    held: dict[int, list[str]] = {}
    grants = Grant.objects.in_force(at).filter(user__in={user for user, _everything in whose.values()}).order_by("pk")
    for user, *grant in grants.values_list("user_id", "pk", "role", "agency__path", "enterprise_id"):
        held.setdefault(user, []).append(":".join(map(str, grant)))
    return {key: f"{user} {everything} {' '.join(held.get(user, []))}" for key, (user, everything) in whose.items()}


def end_visit(session_key: str) -> None:
    """End one session; a second call finds nothing and does nothing."""
    Visit.objects.filter(session_key=session_key).delete()
    Session.objects.filter(session_key=session_key).delete()


@transaction.atomic
def add_operator(username: str, password: str, *, by: Actor, at: datetime) -> User:
    """Make a log-in of the installation's operator, who sees and registers everything. Journaled.

    Raises ValidationError for a name that is taken or is no log-in name.
    """
    user = User(username=username, is_staff=True, is_superuser=True)
    user.set_password(password)
    user.full_clean(exclude=["password"])
    user.save(force_insert=True)
    journal.record("installation", "operator_added", at=at, actor=by.id, subject=f"user:{username}")
    return user


@transaction.atomic
def set_password(user: User, password: str, *, by: Actor, at: datetime, first: bool = False) -> None:
    """Give a log-in a new password and end its sessions. Journaled without the password.

    ``first``: somebody else knows it, so its owner has to change it before anything else.
    """
    user.set_password(password)
    user.password_is_first = first
    user.save(update_fields=["password", "password_is_first"])
    end_visits(user, by=by, at=at)


@transaction.atomic
def end_visits(user: User, *, by: Actor, at: datetime) -> None:
    """A password was changed: end all sessions of the log-in and write it into the journal."""
    for visit in list(Visit.objects.filter(user=user)):
        end_visit(visit.session_key)
    journal.record("installation", "password_set", at=at, actor=by.id, subject=f"user:{user.username}")


def first_password() -> str:
    """A password to be told once and changed by its owner."""
    return secrets.token_urlsafe(12)


def new_login(username: str, person: Person) -> User:
    """A log-in that is not kept yet, without a password. Raises ValidationError for a name that is none."""
    user = User(username=username, person=person, password_is_first=True)
    user.full_clean(exclude=["password", "person"], validate_unique=False)
    return user


@transaction.atomic
def enrol(username: str, person: Person, role: str, unit: dict[str, Any], *, enabled: bool, at: datetime,
          by: Actor = SYSTEM) -> str:  # fmt: skip
    """Give a person's log-in a role in one unit (``agency`` or ``enterprise``); returns a new one's password.

    Another role there ends the former one; ``enabled`` False ends it without a new one. Each is journaled. The same
    again changes nothing.
    """
    password = ""
    user = User.objects.filter(username=username).first()
    if user is None:
        password = first_password()
        user = new_login(username, person)
        user.set_password(password)
        user.save()
    current = Grant.objects.filter(user=user, valid_until__isnull=True, **unit).first()
    if current is not None and not (enabled and current.role == role):
        current.valid_until = at
        current.save(update_fields=["valid_until"])
        _note(current, "grant_ended", by, at)
        current = None
    if enabled and current is None:
        _note(Grant.objects.create(user=user, role=role, valid_from=at, **unit), "granted", by, at)
    return password


GRANTED = ("user_id", "role", "agency_id", "enterprise_id", "valid_from", "valid_until")
"""The columns of a grant that each of its acts keeps."""


def _note(grant: Grant, act: str, by: Actor, at: datetime) -> None:
    after = {"is": journal.state_of(grant, GRANTED)}
    journal.record("installation", act, at=at, actor=by.id, subject=f"grant:{grant.pk}", after=after)
