"""The list of warnings: columns, filters and order, for the page and the workbook alike."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count, IntegerField, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as now_trans
from django.utils.translation import gettext_lazy as _

from anlan.apps.warnings.models import Confirmation, Origin, Warning
from anlan.components.filters import Choice, Days, Exact, Rows, Text, equals
from anlan.components.lists import Column, Listing
from anlan.components.templatetags.anlan import level_words
from anlan.rules.level import WARNING_LEVELS

STATES = [
    ("open", _("未消警")),
    ("unconfirmed", _("未确认")),
    ("report", _("待处置报告")),
    ("closed", _("已办结")),
]
_STATE_QUERIES = {
    "open": Q(cleared_at__isnull=True),
    "unconfirmed": Q(cleared_at__isnull=True, confirmed_at__isnull=True),
    "report": Q(cleared_at__isnull=False, closed_at__isnull=True),
    "closed": Q(closed_at__isnull=False),
}
LEVELS = [(level.value, f"{level.colour}色 {level.risk}") for level in WARNING_LEVELS]


def _by_state(rows: Rows, values: list[str]) -> Rows:
    return rows.filter(_STATE_QUERIES[values[-1]])


def _by_level(rows: Rows, values: list[str]) -> Rows:
    """As the rows are shown: open ones at their level now, cleared ones at the highest that they reached."""
    level = values[-1]
    return rows.filter(Q(cleared_at__isnull=True, level=level) | Q(cleared_at__isnull=False, highest=level))


def state_of(warning: Warning) -> str:
    """The state in the words of the filter."""
    if warning.closed_at:
        return now_trans("已办结")
    if warning.cleared_at:
        return now_trans("待处置报告")
    return now_trans("处置中") if warning.confirmed_at else now_trans("未确认")


def confirmed_by_hand() -> Coalesce:
    """How many people confirmed each warning, as a column; counted for the rows of the page alone."""
    rows = Confirmation.objects.by_the_machine().filter(warning=OuterRef("pk"), automatic=False).order_by()
    counted = rows.values("warning").annotate(number=Count("*")).values("number")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def minutes(start: datetime, end: datetime | None) -> int | None:
    return None if end is None else int((end - start).total_seconds() // 60)


WARNINGS = Listing(
    columns=[
        Column("number", _("编号"), lambda row: row.number, ("number",), descending_first=True, on_page=False),
        Column(
            "level",
            _("级别 · 企业 · 危险源"),
            sort=("rank", "level_since"),
            descending_first=True,
            fields=[(_("级别"), lambda row: level_words(row.shown_level))],
        ),
        Column("highest", _("最高级别"), lambda row: row.get_highest_display(), on_page=False),
        Column("enterprise", _("企业"), lambda row: row.enterprise.name, on_page=False),
        Column("source", _("危险源"), lambda row: row.source.name, on_page=False),
        Column(
            "first",
            _("首发"),
            fields=[
                (_("首发位号"), lambda row: (row.first_out or {}).get("tag", "")),
                (_("首发指标"), lambda row: (row.first_out or {}).get("name", "")),
            ],
        ),
        Column("state", _("状态"), state_of, ("closed_at", "cleared_at", "confirmed_at")),
        Column("opened", _("发生"), lambda row: row.opened_at, ("opened_at",), descending_first=True),
        Column("cleared", _("消警"), lambda row: row.cleared_at, ("cleared_at",), descending_first=True),
        Column("confirmed", _("首次确认"), lambda row: row.confirmed_at, on_page=False),
        Column("lasted", _("历时（分）"), lambda row: minutes(row.opened_at, row.cleared_at), on_page=False),
        Column("closed", _("办结"), lambda row: row.closed_at, on_page=False),
        Column("due", _("下一时限"), lambda row: row.next_due_at, ("next_due_at",), css="num"),
        Column("origin", _("来源"), lambda row: row.get_origin_display(), on_page=False),
    ],
    filters=[
        Choice("level", _("级别"), LEVELS, _by_level),
        Choice("state", _("状态"), STATES, _by_state),
        Text("q", _("编号、企业、危险源"), ["number", "enterprise__name", "enterprise__short_name", "source__name"]),
        Choice("origin", _("来源"), Origin.choices, equals("origin")),
        Days("from", _("发生日期"), "opened_at"),
        Exact("enterprise", _("企业"), "enterprise__code", lambda row: str(row.enterprise.name)),
        Exact("source", _("危险源"), "source__code", lambda row: str(row.source.name)),
    ],
    order="-opened",
)
"""Filters first by what is asked most: which level, still open or not, whose."""
