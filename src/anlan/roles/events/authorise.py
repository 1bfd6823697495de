"""The one look-up of a stream: session cookie to the enterprises that the person may see. Runs in a thread.

It must never hold a database connection after it has answered: thousands of streams share none.
"""

from __future__ import annotations

from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from django.contrib.auth import get_user
from django.db import connections
from django.http import HttpRequest

from anlan import now as clock
from anlan.apps.accounts import services as accounts
from anlan.apps.accounts.middleware import IDLE_LIMIT
from anlan.apps.registry.models import Enterprise


@dataclass(frozen=True)
class Grant:
    """What one stream may carry: codes of enterprises, None for all."""

    enterprises: frozenset[str] | None


def session_key(headers: list[tuple[bytes, bytes]], name: str) -> str | None:
    """The session's key from the request's cookies."""
    for header, value in headers:
        if header == b"cookie":
            try:
                found = SimpleCookie(value.decode("latin-1")).get(name)
            except CookieError:
                return None
            return found.value if found else None
    return None


def authorise(key: str | None) -> Grant | None:
    """What the session may see now; None when there is no such session, it has ended, or the log-in is closed."""
    if not key:
        return None
    try:
        return _look_up(key)
    finally:
        connections.close_all()


def _look_up(key: str) -> Grant | None:
    from django.contrib.sessions.backends.db import SessionStore

    request = HttpRequest()
    request.session = SessionStore(key)
    user = get_user(request)
    now = clock.now()
    if not user.is_authenticated or not accounts.visit_is_alive(key, now, IDLE_LIMIT):
        return None
    scope = user.scope(now)  # type: ignore[union-attr]
    if scope.everything:
        return Grant(None)
    return Grant(frozenset(Enterprise.objects.visible_to(scope).values_list("code", flat=True)))
