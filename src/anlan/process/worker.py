"""The database from a role's own worker thread, outside any request."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import sleep
from typing import Any, TypeVar

from django.db import DatabaseError, InterfaceError, OperationalError, connections
from django.db.backends.signals import connection_created

logger = logging.getLogger(__name__)
T = TypeVar("T")
IDLE_MS = 4000


def let_go_when_frozen(idle_ms: int = IDLE_MS) -> None:
    """Have PostgreSQL end transactions of this process in which it says nothing for some seconds. Nothing on SQLite.

    A process that is frozen, or whose machine is gone, would else keep its locks for hours, and whoever takes its work
    over would wait for them. The statement at work is not limited, only the silence between two.
    """

    def limit_idle(connection: Any, **_more: Any) -> None:
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f"SET idle_in_transaction_session_timeout = {idle_ms}")

    connection_created.connect(limit_idle, weak=False, dispatch_uid="let_go_when_frozen")


def wait_at_most(seconds: int) -> None:
    """Have every connection of this process wait so long for a lock that somebody else holds, and no longer.

    For processes that people wait for; all others wait as long as the settings say. Connections that are open already
    keep their patience.
    """

    def limit_wait(connection: Any, **_more: Any) -> None:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(f"SET lock_timeout = {seconds * 1000}")
            else:
                cursor.execute(f"PRAGMA busy_timeout = {seconds * 1000}")

    for name in connections:
        if connections[name].vendor == "sqlite":
            connections[name].settings_dict["OPTIONS"]["timeout"] = seconds
    connection_created.connect(limit_wait, weak=False, dispatch_uid="wait_at_most")


def give_up_broken() -> None:
    """Close connections that failed, so that the next query makes a new one; healthy ones stay open."""
    for connection in connections.all(initialized_only=True):
        if connection.errors_occurred and not connection.in_atomic_block:
            connection.close()


def wait_for(pool: ThreadPoolExecutor, work: Callable[[], T], leaving: Callable[[], bool]) -> T:
    """The answer of ``work`` in the pool's thread; the caller stands still until the database gives one.

    For the rare question without which nothing can go on. Raises what the database raises only when asked to leave.
    """

    def in_thread() -> T:
        give_up_broken()
        return work()

    while True:
        try:
            return pool.submit(in_thread).result()
        except (DatabaseError, InterfaceError) as error:
            logger.error("the database does not answer: %s", error)
            if leaving():
                raise
            sleep(0.5)


def close_all() -> None:
    """Give all connections of this thread back."""
    for connection in connections.all(initialized_only=True):
        connection.close()


def is_shared(using: str = "default") -> bool:
    """Whether processes of several machines may work on this database: not on SQLite."""
    return bool(connections[using].vendor != "sqlite")


def structure(using: str) -> list[str]:
    """What SQLite says against the pages and indexes of a database, in its own words; empty on PostgreSQL, which keeps
    watch over its own. An index that lost a row hides it from every reader though the row itself is sound.

    Reads everything, changes nothing. Raises DatabaseError when there is no reading on.
    """
    connection = connections[using]
    if connection.vendor != "sqlite":
        return []
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA integrity_check")
        return [line for (line,) in cursor.fetchall() if line != "ok"]


def say_failed(logger: logging.Logger, words: str, error: Exception) -> None:
    """Log work that failed and is tried again: in one line what passes by itself (no answer, a lock, a full disk), and
    with its trace what does not, for that is a mistake of ours."""
    passes = isinstance(error, (OperationalError, InterfaceError, OSError))
    logger.error("%s: %s", words, error, exc_info=None if passes else error)
