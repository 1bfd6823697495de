"""What a row says at an act, as kept in the act's ``after`` under ``is``: the check compares the row with its last act.

Only columns that an act names are compared, so a column that is added later breaks no older act.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.db import models

from anlan.apps.journal.fingerprint import plain


def state_of(row: models.Model, columns: Iterable[str]) -> dict[str, Any]:
    """The values of these columns as JSON has them; a row in memory and the same row read again give the same."""
    return {name: _plain(row, name) for name in columns}


def _plain(row: models.Model, name: str) -> Any:
    value = getattr(row, name)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    field = next(field for field in row._meta.concrete_fields if field.attname == name)
    return plain(field.to_python(value) if isinstance(field, models.FloatField) else value)
