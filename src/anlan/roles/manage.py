"""Django's management commands under our roof. ``migrate`` without a database name migrates both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from anlan.roles import django

MIGRATING = 0x616E6C616E
"""The advisory lock of migrations on PostgreSQL."""


def migrate() -> None:
    """Bring the records and the history to the schema of this code; on PostgreSQL make the history schema first.

    An empty database gets its tables from the models (`tables.make`), one that has some is migrated.
    """
    from django.core.management import call_command
    from django.db import DEFAULT_DB_ALIAS, connections

    from anlan.roles import tables
    from anlan.site.databases import HISTORY

    history = connections[HISTORY]
    with _one_at_a_time():
        if history.vendor == "postgresql":
            with history.cursor() as cursor:
                cursor.execute("CREATE SCHEMA IF NOT EXISTS history")
        # history first: its schema must get a list of migrations of its own before there is one in "public" to be found
        for using in (HISTORY, DEFAULT_DB_ALIAS):
            if not tables.make(using):
                call_command("migrate", database=using, interactive=False, verbosity=0)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Hosts that start together migrate one after the other; the second finds nothing to do.

    The lock is that of a connection of its own, and gone with it.
    """
    from django.db import connections

    if connections["default"].vendor != "postgresql":
        yield  # the lock of the data directory has seen to it
        return
    lock = connections.create_connection("default")
    try:
        with lock.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATING])
        yield
    finally:
        lock.close()


def main(arguments: list[str]) -> int:
    """Run one management command. Exit codes are Django's."""
    django.start()
    if arguments == ["migrate"]:
        migrate()
        return 0
    from django.core.management import execute_from_command_line

    execute_from_command_line(["anlan manage", *arguments])
    return 0
