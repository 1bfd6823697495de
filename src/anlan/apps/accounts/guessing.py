"""How often a password may be tried. A try is counted before it is looked at, so that many at once are no way around.

A device that has logged in under a name before has tries of its own for it: whoever guesses from elsewhere uses up the
tries of strangers, and locks nobody out of a night on duty. All numbers are local settings, no article.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.core import signing
from django.db import transaction
from django.db.models import F, Q
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import get_random_string

from anlan.apps.accounts.models import Tries

WINDOW = timedelta(minutes=15)
KNOWN_DEVICE = 5
"""Tries for a name from a device that has logged in under it before."""
STRANGERS = 10
"""Tries for a name from all other devices together."""
ADDRESS = 60
"""Tries from one address and unknown devices, whatever the names: a unit behind one address is many people."""
OVERALL = 2_000
"""Tries from unknown devices altogether."""
OWN_PASSWORD = 5
"""Tries of the present password by who is logged in and wants to change it."""

KEPT = timedelta(days=1)
"""Ended windows are deleted after so long; they are no evidence."""

COOKIE = "anlan_device"
COOKIE_AGE = timedelta(days=400)
NAMES_KEPT = 8
"""Names that one device is known for; a control room has several people and one screen."""

log = logging.getLogger(__name__)


class TooMany(Exception):
    """No more tries until ``until``; the password was not looked at."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


class Taken:
    """One try that was counted."""

    def __init__(self, keys: list[str]) -> None:
        self._keys = keys

    def give_back(self) -> None:
        """The password was right, or was never looked at: the try does not count. Call it at most once."""
        Tries.objects.filter(key__in=self._keys, count__gt=0).update(count=F("count") - 1)


def take(limits: dict[str, int], at: datetime) -> Taken:
    """Count one try under each key, or none and raise `TooMany`. Two at once never both take the last one."""
    with transaction.atomic():
        for key, limit in sorted(limits.items()):
            row, new = Tries.objects.get_or_create(key=key, defaults={"until": at + WINDOW, "count": 1})
            if new:
                Tries.objects.filter(until__lt=at - KEPT).delete()  # made-up names make many
                continue
            # an end much further off than a window was written by a clock that was ahead
            running = Q(until__gt=at, until__lte=at + 2 * WINDOW)
            same = Tries.objects.filter(key=key)
            if same.filter(running, count__lt=limit).update(count=F("count") + 1):
                continue
            if not same.exclude(running).update(count=1, until=at + WINDOW):
                log.warning("no more tries for %s", key)
                raise TooMany(row.until)
    return Taken(list(limits))


def limits_of(request: HttpRequest, username: str) -> dict[str, int]:
    """The keys under which a try to log in counts, and how many each may have in a window."""
    device, names = _device(request)
    if username in names:
        return {f"device {device} {username}": KNOWN_DEVICE}
    address = request.META.get("REMOTE_ADDR") or "?"
    return {f"name {username}": STRANGERS, f"address {address}": ADDRESS, "everybody": OVERALL}


def know_device(request: HttpRequest, answer: HttpResponse, username: str) -> None:
    """Have this device known for the name that has just logged in from it."""
    device, names = _device(request)
    known = [username, *(name for name in names if name != username)][:NAMES_KEPT]
    answer.set_cookie(
        COOKIE,
        signing.dumps([device, known], salt=COOKIE),
        max_age=COOKIE_AGE,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )


def _device(request: HttpRequest) -> tuple[str, list[str]]:
    try:
        device, names = signing.loads(request.COOKIES.get(COOKIE, ""), salt=COOKIE, max_age=COOKIE_AGE)
    except (signing.BadSignature, ValueError, TypeError):
        return get_random_string(22), []
    return str(device), [str(name) for name in names]
