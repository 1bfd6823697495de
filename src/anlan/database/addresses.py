"""Turns database addresses into Django settings, and sends history to its own place.

History blocks live in a separate SQLite file, or a separate PostgreSQL schema, so that they can be backed up, moved
and filled up apart from the records of warnings. No transaction may span the two.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

HISTORY = "history"


def sqlite(path: Path) -> dict[str, Any]:
    """SQLite as the measurements demand it: WAL, IMMEDIATE transactions, every commit on disk."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            # a log that grew behind a long reader gives its room back when it is begun anew
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=20000;"
                " PRAGMA journal_size_limit=16777216;"
            ),
        },
    }


def postgresql(url: str, schema: str = "") -> dict[str, Any]:
    """A ``postgresql://`` address; ``schema`` becomes the search path of the connection."""
    parts = urlsplit(url)
    options: dict[str, Any] = {}
    if schema:
        # parameters apart from the statement, so that bodies travel as they are, not as twice as many hex digits
        options |= {"options": f"-c search_path={schema},public", "server_side_binding": True}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 0,
        "OPTIONS": options,
    }


def from_url(url: str, fallback: Path, schema: str = "") -> dict[str, Any]:
    """Settings for ``url``; empty means SQLite at ``fallback``. Raises ValueError for an unknown scheme."""
    if not url:
        return sqlite(fallback)
    scheme = urlsplit(url).scheme
    if scheme == "sqlite":
        return sqlite(Path(url.removeprefix("sqlite:///")))
    if scheme in ("postgres", "postgresql"):
        return postgresql(url, schema)
    raise ValueError(f"数据库地址 {url.split('@')[-1]} 的类型 {scheme} 不支持，只能是 sqlite 或 postgresql")


class HistoryRouter:
    """The app ``history`` uses the connection ``history``, everything else ``default``."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        return HISTORY if model._meta.app_label == HISTORY else None

    db_for_write = db_for_read

    def allow_relation(self, left: Any, right: Any, **hints: Any) -> bool | None:
        sides = {left._meta.app_label == HISTORY, right._meta.app_label == HISTORY}
        return False if len(sides) == 2 else None

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return (app_label == HISTORY) == (db == HISTORY)
