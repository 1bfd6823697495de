"""The look-up of a stream: session cookie to the enterprises that the person may see. Runs in a thread.

A stream is looked up once in full; then `standing` asks for all streams at once, every few seconds, whether anything
that the answer rested on has changed. It must never hold a database connection after it has answered: thousands of
streams share none. It never counts as a sign of life of the person: an open page keeps no session alive.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie

from django.contrib.auth import get_user
from django.db import connections
from django.http import HttpRequest

from anlan import now as clock
from anlan.apps.accounts import services as accounts
from anlan.apps.accounts.middleware import IDLE_LIMIT
from anlan.apps.registry.models import Enterprise, Point


@dataclass(frozen=True)
class Grant:
    """What one stream may carry: codes of enterprises, None for all; of the points asked for, code → enterprise."""

    enterprises: frozenset[str] | None
    points: dict[str, str] = field(default_factory=dict)
    user: int = 0
    standing: str = ""
    """What the answer rests on, as `standing` says it; another one means: look up again."""


def session_key(headers: list[tuple[bytes, bytes]], name: str) -> str | None:
    """The session's key from the request's cookies; None for what can be none: PostgreSQL takes no NUL."""
    for header, value in headers:
        if header == b"cookie":
            try:
                found = SimpleCookie(value.decode("latin-1")).get(name)
            except CookieError:
                return None
            return found.value if found and found.value.isprintable() else None
    return None


def authorise(key: str | None, points: Collection[str] = ()) -> Grant | None:
    """What the session may see now, and whose the ``points`` are that it may see; None when there is no such session,
    it has ended, or the log-in is closed."""
    if not key:
        return None
    try:
        return _look_up(key, points)
    finally:
        connections.close_all()


def standing(keys: Collection[str]) -> dict[str, str]:
    """For each session that lives, in a word, whose it is and with which grants. Sessions that ended are left out."""
    try:
        return accounts.standing(keys, clock.now(), IDLE_LIMIT)
    finally:
        connections.close_all()


def _look_up(key: str, points: Collection[str]) -> Grant | None:
    from django.contrib.sessions.backends.db import SessionStore

    request = HttpRequest()
    request.session = SessionStore(key)
    user = get_user(request)
    now = clock.now()
    stands = accounts.standing([key], now, IDLE_LIMIT).get(key)  # before the look-up, so that a change is seen again
    if not user.is_authenticated or stands is None:
        return None
    scope = user.scope(now)
    owners: dict[str, str] = {}
    if points:
        seen = Point.objects.visible_to(scope).filter(code__in=list(points))
        owners = dict(seen.values_list("code", "enterprise__code"))
    enterprises = None
    if not scope.everything:
        enterprises = frozenset(Enterprise.objects.visible_to(scope).values_list("code", flat=True))
    return Grant(enterprises, owners, user.pk, stands)
