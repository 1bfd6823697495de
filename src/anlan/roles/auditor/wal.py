"""Keeps SQLite's write-ahead logs short: while somebody reads for long they only grow, and nobody else cuts them.

Nothing here waits for a reader: a log that cannot be cut now is cut at a later look.
"""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

from django.db import connections

log = logging.getLogger(__name__)

LONG = 16 * 1024**2
"""Beyond this a log is cut; SQLite's own checkpoints begin at 4 MiB and keep up with anything but a long reader."""
PATIENCE_S = 0.2
"""So long writers may be held up by it."""


def keep_short() -> int:
    """Cut every log that is long and that nobody reads; returns the bytes of the longest that remains. 0: no SQLite."""
    longest = 0
    for connection in connections.all():
        if connection.vendor != "sqlite":
            continue
        path = Path(str(connection.settings_dict["NAME"]))
        size = _size(path)
        if size > LONG:
            _cut(path)
            size = _size(path)
        longest = max(longest, size)
    return longest


def _size(database: Path) -> int:
    try:
        return database.with_name(f"{database.name}-wal").stat().st_size
    except OSError:
        return 0


def _cut(database: Path) -> None:
    try:
        connection = sqlite3.connect(database, timeout=PATIENCE_S, isolation_level=None)
        try:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        log.warning("the write-ahead log of %s could not be cut: %s", database.name, error)
