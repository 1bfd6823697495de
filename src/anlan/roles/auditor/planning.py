"""Tells SQLite how its tables are filled: without that it guesses which index to take. PostgreSQL looks by itself.

A look reads a bounded part of every index, so that a database of any size is done in a moment. One that finds
somebody writing is left to the next audit. Must never hold up writers.
"""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

from django.db import connections

log = logging.getLogger(__name__)

EVERY_S = 3600.0
LOOKED_AT = 1_000
"""So many entries of each index are read at a time."""
PATIENCE_S = 0.2
"""So long a look waits for somebody who writes."""


def gather() -> bool:
    """Look at every table of every SQLite database; False when one was busy."""
    paths = [Path(str(each.settings_dict["NAME"])) for each in connections.all() if each.vendor == "sqlite"]
    return all(_look(path) for path in paths if path.is_file())


def _look(path: Path) -> bool:
    try:
        connection = sqlite3.connect(path, timeout=PATIENCE_S, isolation_level=None)
        try:
            connection.execute(f"PRAGMA analysis_limit={LOOKED_AT}").fetchone()
            tables = connection.execute("SELECT name FROM pragma_table_list WHERE type = 'table' AND schema = 'main'")
            for (table,) in tables.fetchall():
                connection.execute(f'ANALYZE "{table}"')  # each for itself, so that a writer waits for one at most
        finally:
            connection.close()
    except sqlite3.Error as error:
        log.info("the tables of %s could not be looked at: %s", path.name, error)
        return False
    return True
