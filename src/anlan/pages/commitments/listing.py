"""每日承诺 as a list: one row a day and enterprise that owes one, for the authority and the workbook."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from anlan.apps.commitments.models import RISKS
from anlan.components.filters import Choice, Days, Exact, Text
from anlan.components.lists import Column, Listing
from anlan.pages.owed import NOT_OWED, by_state, state_of
from anlan.rules.submission import Timeliness

STATES = {
    str(Timeliness.PENDING): _("待承诺"),
    str(Timeliness.OVERDUE): _("逾期未承诺"),
    str(Timeliness.ON_TIME): _("按时"),
    str(Timeliness.LATE): _("迟"),
    str(Timeliness.MISSING): _("缺"),
    NOT_OWED: _("不计"),
}


def words_of(row: Any) -> str:
    """Where the day of a row stands, in words."""
    return str(STATES[str(state_of(row))])


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
        Choice("state", _("承诺"), list(STATES.items()), by_state),
        Days("from", _("日期"), "due_at"),
        Exact("enterprise", _("企业"), "enterprise__code", lambda row: row.enterprise.name),
    ],
    "-day",
)
