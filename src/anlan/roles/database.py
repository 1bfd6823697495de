"""The database from a role's own worker thread, outside any request."""

from __future__ import annotations

from django.db import connections


def give_up_broken() -> None:
    """Close connections that failed, so that the next query makes a new one; healthy ones stay open."""
    for connection in connections.all(initialized_only=True):
        if connection.errors_occurred and not connection.in_atomic_block:
            connection.close()


def close_all() -> None:
    """Give all connections of this thread back."""
    for connection in connections.all(initialized_only=True):
        connection.close()
