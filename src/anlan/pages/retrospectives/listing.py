"""The list of retrospective records: columns, filters, order; and the count for a period."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from anlan.apps.alarms.models import Retrospective, Shown
from anlan.apps.org.scope import Scope
from anlan.components.filters import Choice, Days, Exact, Rows, Text, equals
from anlan.components.lists import Column, Listing


def retrospectives_in(scope: Scope) -> Rows:
    """Every retrospective record that a scope sees, with what the list shows joined to it."""
    rows: Rows = Retrospective.objects.visible_to(scope).select_related("enterprise", "source", "point")
    return rows


def revisions(scope: Scope, start: datetime, end: datetime) -> int:
    """How many records were made after ``end`` about what happened in start ≤ t < end: a report of it has changed."""
    rows = Retrospective.objects.visible_to(scope)
    return int(rows.filter(started_at__gte=start, started_at__lt=end, found_at__gte=end).count())


def _source(row: Any) -> str:
    return row.source.name if row.source else ""


def _enterprise(row: Any) -> str:
    return str(row.enterprise.name)


TAG_AND_NAME = [(_("位号"), lambda row: row.point.tag), (_("指标"), lambda row: row.point.name)]
RETROSPECTIVES = Listing(
    columns=[
        Column("started", _("越限起始"), lambda row: row.started_at, ("started_at", "pk"), descending_first=True),
        Column("cleared", _("恢复时间"), lambda row: row.cleared_at),
        Column("enterprise", _("企业 · 危险源"), sort=("enterprise__code",), fields=[(_("企业"), _enterprise)]),
        Column("source", _("危险源"), _source, on_page=False),
        Column("point", _("位号 · 指标"), sort=("point__code",), fields=TAG_AND_NAME),
        Column("worst", _("最重"), lambda row: row.worst_label),
        Column("extreme", _("极值 / 限值"), css="num", fields=[(_("极值"), lambda row: row.extreme)]),
        Column("limit", _("限值"), lambda row: row.limit, on_page=False),
        Column("shown", _("查明"), lambda row: row.get_shown_display()),
        Column("was", _("原记起始"), lambda row: row.was_started_at, on_page=False),
        Column("received", _("数据补到"), lambda row: row.received_at),
        Column("found", _("查明时间"), lambda row: row.found_at, on_page=False),
    ],
    filters=[
        Choice("shown", _("查明"), Shown.choices, equals("shown")),
        Text("q", _("企业、位号、指标"), ["enterprise__name", "point__tag", "point__name", "point__code"]),
        Days("from", _("越限日期"), "started_at"),
        Exact("enterprise", _("企业"), "enterprise__code", lambda row: row.enterprise.name),
        Exact("point", _("指标"), "point__code", lambda row: f"{row.point.tag} {row.point.name}"),
    ],
    order="-started",
)
