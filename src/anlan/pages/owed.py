"""What is owed day by day as rows of a list: where the day of a row stands, in one way for every such list."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from anlan import now as clock
from anlan.apps.obligations.models import ObligationState
from anlan.rules.calendar import civil_day, midnight
from anlan.rules.submission import Timeliness

NOT_OWED = "not_owed"
"""Cancelled: due before the installation was there, or owed no more."""
_OF = {
    ObligationState.PENDING: Timeliness.PENDING,
    ObligationState.OVERDUE: Timeliness.OVERDUE,
    ObligationState.DONE: Timeliness.ON_TIME,
    ObligationState.LATE: Timeliness.LATE,
}


def state_of(row: Any) -> str:
    """Where the day of a due row stands: what is overdue when the day is over is missing (GEN-08)."""
    if row.state == ObligationState.CANCELLED:
        return NOT_OWED
    state = _OF.get(ObligationState(row.state), Timeliness.PENDING)
    if state is Timeliness.OVERDUE and row.due_at < midnight(civil_day(clock.now())):
        return Timeliness.MISSING
    return state


def by_state(rows: QuerySet[Any], values: list[str]) -> QuerySet[Any]:
    """Due rows whose day stands so, for a filter."""
    today = midnight(civil_day(clock.now()))
    match values[-1]:
        case Timeliness.ON_TIME:
            return rows.filter(state=ObligationState.DONE)
        case Timeliness.LATE:
            return rows.filter(state=ObligationState.LATE)
        case "not_owed":
            return rows.filter(state=ObligationState.CANCELLED)
        case Timeliness.PENDING:
            return rows.filter(state=ObligationState.PENDING)
        case Timeliness.OVERDUE:
            return rows.filter(state=ObligationState.OVERDUE, due_at__gte=today)
        case _:
            return rows.filter(state=ObligationState.OVERDUE, due_at__lt=today)
