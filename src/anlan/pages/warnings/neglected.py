"""久未处理: what the trackers left lying (WRN-18), for the city and every level above it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as now_trans
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from anlan import now as clock
from anlan.apps.accounts import selectors as entitlements
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.org.scope import Scope
from anlan.apps.warnings import selectors
from anlan.apps.warnings.selectors import Neglected
from anlan.components.export import sheet_of
from anlan.components.lists import Column

FAULTS: dict[str, tuple[Any, Any, Callable[[Scope, datetime, int | None], list[Neglected]]]] = {
    "unopened": (
        _("跟踪单位未查看"),
        _("到该级别的首次通报时限跟踪单位仍未查看；后来才查看的也列出"),
        selectors.never_opened_by_tracker,
    ),
    "long": (_("长时间未消警"), _("从发生起超过时限仍未消警"), selectors.long_open_warnings),
}
SHOWN = 200
"""Rows on the page; the workbook has them all."""

COLUMNS = [
    Column("number", _("预警编号"), lambda row: row.episode.warning.number),
    Column("level", _("级别"), lambda row: row.episode.get_level_display()),
    Column("enterprise", _("企业"), lambda row: row.episode.enterprise.name),
    Column("source", _("危险源"), lambda row: row.episode.warning.source.name),
    Column("since", _("起"), lambda row: row.since),
    Column("tracker", _("跟踪单位"), lambda row: row.tracker_name),
    Column("contact", _("值班电话"), lambda row: row.contact),
    Column("opened", _("查看"), lambda row: row.opened_at),
]


@require_safe
def neglected(request: PersonRequest) -> HttpResponseBase:
    """One of the two lists, as a page or as a workbook."""
    now = clock.now()
    asked = request.GET.get("fault", "")
    fault = asked if asked in FAULTS else "unopened"
    title, words, read = FAULTS[fault]
    wants_workbook = request.GET.get("format") == "xlsx"
    rows = read(request.scope, now, None if wants_workbook else SHOWN + 1)
    by = entitlements.stands(request.user, {row.episode.enterprise for row in rows}, now)
    rows = [
        row if entitlements.may_see_phones(by[row.episode.enterprise_id]) else replace(row, contact="") for row in rows
    ]
    if wants_workbook:
        return sheet_of(request, COLUMNS, rows, title=str(title), now=now, asked=[str(words)])
    context = {
        "rows": rows[:SHOWN],
        "more": len(rows) > SHOWN,
        "fault": fault,
        "words": words,
        "faults": [(key, name) for key, (name, _words, _read) in FAULTS.items()],
        "problem": now_trans("没有“%(v)s”这份清单") % {"v": asked[:20]} if asked and asked not in FAULTS else "",
    }
    return render(request, "warnings/neglected.html", context)
