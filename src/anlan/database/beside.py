"""Writes that a page makes beside its answer: that somebody was here, what was opened, what was refused.

They are worth a fraction of a second of waiting and never the page. While another process holds the database, or it is
read-only, they are left out and the caller is told so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import InternalError, OperationalError, connection, transaction

PATIENCE_MS = 200
_LOG = logging.getLogger(__name__)


def try_to_write(work: Callable[[], object], what: str) -> bool:
    """Do ``work`` in a transaction of its own, waiting at most `PATIENCE_MS` for a lock; ``what`` names it in the log.

    False when the database did not take it: nothing of it was written then, and the next occasion may.
    """
    try:
        with _impatient(), transaction.atomic():
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute(f"SET LOCAL lock_timeout = {PATIENCE_MS}")
            work()
    except (OperationalError, InternalError) as error:
        _LOG.warning("%s was not written beside the page: %s", what, error)
        return False
    return True


@contextmanager
def _impatient() -> Iterator[None]:
    """SQLite waits for its one writer as long as the connection says: shorter here."""
    if connection.vendor != "sqlite":
        yield
        return
    usual = int(float(connection.settings_dict["OPTIONS"].get("timeout", 5)) * 1000)
    _busy_timeout(PATIENCE_MS)
    try:
        yield
    finally:
        _busy_timeout(usual)


def _busy_timeout(milliseconds: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {milliseconds}")
