"""特殊作业 as lists: one row a day and enterprise that owes a report, and one row a work."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from anlan.apps.permits.models import GRADES, KINDS, Channel, Entered, ReportState, SpecialWork, WorkState
from anlan.components.filters import Choice, Days, Exact, Text, equals
from anlan.components.lists import Column, Listing
from anlan.pages.owed import NOT_OWED, by_state, state_of
from anlan.rules.submission import Timeliness

STATES = {
    str(Timeliness.PENDING): _("待报"),
    str(Timeliness.OVERDUE): _("逾期未报"),
    str(Timeliness.ON_TIME): _("按时"),
    str(Timeliness.LATE): _("迟"),
    str(Timeliness.MISSING): _("缺"),
    NOT_OWED: _("不计"),
}


def words_of(row: Any) -> str:
    """Where the report of a row stands, in words."""
    return str(STATES[str(state_of(row))])


def number_words(row: Any) -> str:
    """How many works went on, or that none was reported, or that it is not known."""
    if row.number or row.nothing:
        return _t("%(n)d 项") % {"n": row.number} if row.number else _t("无")
    return ""


def check_words(row: Any) -> str:
    """How the report was checked; empty without one."""
    return str(ReportState(row.check_state).label) if row.check_state else ""


def _by_check(rows: QuerySet[Any], values: list[str]) -> QuerySet[Any]:
    return rows.filter(check_state__in=values)


DAYS = Listing(
    [
        Column("enterprise", _("企业"), lambda row: row.enterprise.name, ("enterprise__code",)),
        Column("county", _("监管"), lambda row: row.enterprise.supervisor.name, ("enterprise__supervisor__path",)),
        Column("day", _("日期"), lambda row: row.payload["turn"], ("due_at",), descending_first=True),
        Column("state", _("当日报告"), words_of, ("state",)),
        Column("at", _("报告时间"), lambda row: row.reported_at, ("reported_at",)),
        Column("number", _("作业"), number_words),
        Column("check", _("核查"), check_words, ("check_state",)),
    ],
    [
        Text("q", _("企业"), ["enterprise__name", "enterprise__code"]),
        Choice("state", _("当日报告"), list(STATES.items()), by_state),
        Choice("check", _("核查"), ReportState.choices, _by_check),
        Days("from", _("日期"), "due_at"),
        Exact("enterprise", _("企业"), "enterprise__code", lambda row: row.enterprise.name),
    ],
    "-day",
)


def entry_words(work: SpecialWork) -> str:
    """事前, 补录, or a supplement that is late."""
    return f"{work.get_entry_display()}（{_t('迟')}）" if work.is_late else str(work.get_entry_display())


def _by_entry(rows: QuerySet[Any], values: list[str]) -> QuerySet[Any]:
    return rows.filter(is_late=True) if values[-1] == "late" else rows.filter(entry=values[-1])


ENTRIES: list[tuple[str, Any]] = [*Entered.choices, ("late", _("补录（迟）"))]

WORKS = Listing(
    [
        Column("work", _("作业"), lambda row: row.title, ("kind", "grade")),
        Column("enterprise", _("企业"), lambda row: row.enterprise.name, ("enterprise__code",)),
        Column("place", _("地点"), lambda row: row.place),
        Column("begins", _("开始"), lambda row: row.begins_at, ("begins_at",), descending_first=True),
        Column("until", _("结束"), lambda row: row.until, ("ends_at",)),
        Column("persons", _("人数"), lambda row: row.persons, ("persons",), css="num"),
        Column("contractor", _("承包商"), lambda row: row.contractor, ("contractor",)),
        Column("entry", _("登记"), entry_words, ("entry",)),
        Column("state", _("状态"), lambda row: row.get_state_display(), ("state",)),
        Column("number", _("编号"), lambda row: row.number, on_page=False),
        Column("content", _("作业内容"), lambda row: row.content, on_page=False),
        Column("unit", _("车间或班组"), lambda row: row.unit.name if row.unit else "", on_page=False),
        Column("approver", _("审批人"), lambda row: row.approver, on_page=False),
        Column("channel", _("报告方式"), lambda row: row.get_channel_display(), on_page=False),
        Column("reporter", _("报告人"), lambda row: row.reporter, on_page=False),
        Column("reported", _("报告时间"), lambda row: row.reported_at, on_page=False),
        Column("by", _("录入人"), lambda row: row.entered_by, on_page=False),
        Column("entered", _("录入时间"), lambda row: row.entered_at, on_page=False),
    ],
    [
        Text("q", _("地点、内容、企业"), ["place", "content", "enterprise__name"]),
        Choice("kind", _("作业"), KINDS, equals("kind")),
        Choice("grade", _("级别"), GRADES, equals("grade")),
        Choice("entry", _("登记"), ENTRIES, _by_entry),
        Choice("state", _("状态"), WorkState.choices, equals("state")),
        Choice("channel", _("报告方式"), Channel.choices, equals("channel")),
        Days("from", _("开始日期"), "begins_at"),
        Exact("enterprise", _("企业"), "enterprise__code", lambda row: row.enterprise.name),
    ],
    "-begins",
)
