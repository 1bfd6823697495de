"""Tells SQLite how its tables are filled: without that it guesses which index to take. PostgreSQL looks by itself.

Writers wait while one table is looked at: a second at a million alarms. A table that takes much longer keeps what was
known of it before; where somebody is writing, the look is left to the next audit. History needs none: it is only read
by the keys of its blocks.
"""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

from django.db import connections

log = logging.getLogger(__name__)

EVERY_S = 86400.0
STEPS = 1_000_000_000
"""So many steps of SQLite's machine one table may take: some seconds. Looking at a part of each index instead
(``analysis_limit``) was measured: it takes tables for several times as large as they are, and worse plans follow."""
PATIENCE_S = 0.2
"""So long a look waits for somebody who writes."""


def gather() -> bool:
    """Look at every table of the records; False when the database was busy. Nothing to do without SQLite."""
    records = connections["default"]
    path = Path(str(records.settings_dict["NAME"]))
    return records.vendor != "sqlite" or not path.is_file() or _look(path)


def _look(path: Path) -> bool:
    try:
        connection = sqlite3.connect(path, timeout=PATIENCE_S, isolation_level=None)
        try:
            connection.set_progress_handler(lambda: True, STEPS)
            tables = connection.execute("SELECT name FROM pragma_table_list WHERE type = 'table' AND schema = 'main'")
            for (table,) in tables.fetchall():
                _analyze(connection, table)  # each for itself, so that a writer waits for one at most
        finally:
            connection.close()
    except sqlite3.Error as error:
        log.info("the tables of %s could not be looked at: %s", path.name, error)
        return False
    return True


def _analyze(connection: sqlite3.Connection, table: str) -> None:
    try:
        connection.execute(f'ANALYZE "{table}"')
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        log.warning("%s is too large to be looked at", table)
