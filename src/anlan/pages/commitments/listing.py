"""每日承诺 as a list: one row a day and enterprise that owes one, for the authority and the workbook."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from anlan import now as clock
from anlan.apps.commitments.models import RISKS
from anlan.apps.obligations.models import ObligationState
from anlan.components.filters import Choice, Days, Exact, Text
from anlan.components.lists import Column, Listing
from anlan.rules.calendar import civil_day, midnight
from anlan.rules.submission import Timeliness

STATES = {
    str(Timeliness.PENDING): _("待承诺"),
    str(Timeliness.OVERDUE): _("逾期未承诺"),
    str(Timeliness.ON_TIME): _("按时"),
    str(Timeliness.LATE): _("迟"),
    str(Timeliness.MISSING): _("缺"),
    "not_owed": _("不计"),
}
_OF = {
    ObligationState.PENDING: Timeliness.PENDING,
    ObligationState.OVERDUE: Timeliness.OVERDUE,
    ObligationState.DONE: Timeliness.ON_TIME,
    ObligationState.LATE: Timeliness.LATE,
}
NOT_OWED = "not_owed"
"""Cancelled: due before the installation was there, or owed no more."""


def state_of(row: Any) -> str:
    """Where the day of a row stands: what is overdue when the day is over is missing (GEN-08)."""
    if row.state == ObligationState.CANCELLED:
        return NOT_OWED
    state = _OF.get(ObligationState(row.state), Timeliness.PENDING)
    if state is Timeliness.OVERDUE and row.due_at < midnight(civil_day(clock.now())):
        return Timeliness.MISSING
    return state


def words_of(row: Any) -> str:
    """The same in words."""
    return str(STATES[str(state_of(row))])


def _by_state(rows: QuerySet[Any], values: list[str]) -> QuerySet[Any]:
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


LISTING = Listing(
    [
        Column("enterprise", _("企业"), lambda row: row.enterprise.name, ("enterprise__code",)),
        Column("county", _("监管"), lambda row: row.enterprise.supervisor.name, ("enterprise__supervisor__path",)),
        Column("day", _("日期"), lambda row: row.payload["turn"], ("due_at",), descending_first=True),
        Column("state", _("承诺"), words_of, ("state",)),
        Column("at", _("首次承诺"), lambda row: row.first_at, ("first_at",)),
        Column("risk", _("风险等级"), lambda row: str(dict(RISKS).get(row.risk, "")), on_page=True),
    ],
    [
        Text("q", _("企业"), ["enterprise__name", "enterprise__code"]),
        Choice("state", _("承诺"), list(STATES.items()), _by_state),
        Days("from", _("日期"), "due_at"),
        Exact("enterprise", _("企业"), "enterprise__code", lambda row: row.enterprise.name),
    ],
    "-day",
)
