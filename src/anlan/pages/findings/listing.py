"""The list of findings: columns, filters and order, for the page and the workbook alike."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Q
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from anlan.apps.findings import kinds
from anlan.apps.findings.models import FindingState
from anlan.components.filters import Choice, Days, Exact, Rows, Text, equals
from anlan.components.lists import Column, Listing

OVERDUE = Q(overdue_at__isnull=False) & ~Q(state=FindingState.CLOSED)


def _by_state(rows: Rows, values: list[str]) -> Rows:
    match values[-1]:
        case "unclosed":
            return rows.exclude(state=FindingState.CLOSED)
        case "overdue":
            return rows.filter(OVERDUE)
        case state:
            return rows.filter(state=state)


def _by_lateness(rows: Rows, values: list[str]) -> Rows:
    late = Q(overdue_at__isnull=False) | Q(rectified_at__gt=F("due_at"))
    return rows.filter(late) if values[-1] == "yes" else rows.exclude(late)


def limit_words(row: Any) -> str:
    """本地设定 where nobody set the limit (GEN-10), the assigning unit where it did."""
    if row.due_at is None:
        return ""
    return row.limit_source or _t("交办单位规定")


STATES = [("unclosed", _("未销号")), ("overdue", _("整改逾期")), *FindingState.choices]

FINDINGS = Listing(
    columns=[
        Column("text", _("问题"), lambda row: row.text),
        Column("kind", _("类型"), lambda row: row.get_kind_display(), ("kind",)),
        Column("enterprise", _("企业"), lambda row: row.enterprise.name, ("enterprise__code",)),
        Column("source", _("危险源"), lambda row: row.source.name if row.source else "", on_page=False),
        Column("state", _("状态"), lambda row: row.get_state_display(), ("state",)),
        Column("found", _("发现"), lambda row: row.found_at, ("found_at",), descending_first=True),
        Column("by", _("发现人"), lambda row: row.found_by or _t("系统"), on_page=False),
        Column("times", _("次数"), lambda row: row.times, ("times",), descending_first=True, css="num"),
        Column("assigned", _("交办"), lambda row: row.assigned_at, ("assigned_at",), on_page=False),
        Column("unit", _("交办单位"), lambda row: row.assigned_by.name if row.assigned_by else "", on_page=False),
        Column("how", _("整改方式"), lambda row: row.get_rectification_display(), on_page=False),
        Column("measures", _("管控措施"), lambda row: row.measures, on_page=False),
        Column("due", _("整改时限"), lambda row: row.due_at, ("due_at",)),
        Column("limit", _("时限来源"), limit_words, on_page=False),
        Column("overdue", _("逾期"), lambda row: row.overdue_at, on_page=False),
        Column("rectified", _("整改"), lambda row: row.rectified_at, on_page=False),
        Column("verified", _("核验"), lambda row: row.verified_at, on_page=False),
        Column("closed", _("销号"), lambda row: row.closed_at, ("closed_at",), on_page=False),
    ],
    filters=[
        Text("q", _("内容、企业、危险源"), ["text", "enterprise__name", "source__name"]),
        Choice("state", _("状态"), STATES, _by_state),
        Choice("kind", _("类型"), lambda: list(kinds.FINDINGS), equals("kind")),
        Choice("late", _("按时"), [("yes", _("有逾期")), ("no", _("无逾期"))], _by_lateness),
        Days("from", _("发现日期"), "found_at"),
        Exact("enterprise", _("企业"), "enterprise__code", lambda row: row.enterprise.name),
    ],
    order="-found",
)
