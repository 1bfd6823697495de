"""Argon2, a few at a time: each check of a password takes 100 MiB and a processor for a moment, and anybody may ask.

Whoever cannot be served soon is told so; nobody who is logged in waits behind those who want to be.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.hashers import Argon2PasswordHasher

AT_ONCE = 2
"""Checks of passwords at the same time in one process. A local setting, no article."""
WAITING = 32
"""How many may wait for their turn; each holds a thread of the web role. A local setting, no article."""
WAIT_S = 8.0

_turns = threading.BoundedSemaphore(AT_ONCE)
_queue = threading.BoundedSemaphore(AT_ONCE + WAITING)


class TooBusy(Exception):
    """More people log in at this moment than passwords can be checked. Nothing happened; try again in seconds."""


class FewAtOnce(Argon2PasswordHasher):
    """Django's Argon2 with the same hashes; raises `TooBusy` where it would take more than its share."""

    def encode(self, password: str, salt: str) -> str:
        with _turn():
            return str(super().encode(password, salt))

    def verify(self, password: str, encoded: str) -> bool:
        with _turn():
            return bool(super().verify(password, encoded))


@contextmanager
def _turn() -> Iterator[None]:
    if not _queue.acquire(blocking=False):
        raise TooBusy
    try:
        if not _turns.acquire(timeout=WAIT_S):
            raise TooBusy
        try:
            yield
        finally:
            _turns.release()
    finally:
        _queue.release()
