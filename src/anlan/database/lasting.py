"""Lengths of time as the database adds them up: whole microseconds, exactly.

SQLite knows no lengths of time; Django has Python work out each of them there, which takes longer than all else.
"""

from __future__ import annotations

from typing import Any

from django.db.models import BigIntegerField, Func, Sum
from django.db.models.functions import Cast


class Microseconds(Func):
    """From the first instant to the second; empty when either is."""

    arity = 2
    output_field = BigIntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        (start, first), (end, second) = (_since_epoch(*compiler.compile(each)) for each in self.source_expressions)
        return f"({end} - {start})", [*second, *first]

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        start, end = (compiler.compile(instant) for instant in self.source_expressions)
        return f"CAST(EXTRACT(EPOCH FROM ({end[0]}) - ({start[0]})) * 1000000 AS BIGINT)", [*end[1], *start[1]]


def total(start: Any, end: Any) -> Cast:
    """Added up over the rows; a whole number too, where PostgreSQL would make a decimal one of it."""
    return Cast(Sum(Microseconds(start, end)), BigIntegerField())


def _since_epoch(instant: str, parameters: Any) -> tuple[str, list[Any]]:
    """Of an instant as Django writes it into SQLite: to the second, then six digits unless all of them are zero."""
    seconds = f"CAST(strftime('%%s', substr({instant}, 1, 19)) AS INTEGER)"
    return f"({seconds} * 1000000 + CAST(substr({instant}, 21, 6) AS INTEGER))", [*parameters, *parameters]
