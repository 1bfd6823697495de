"""Pages of the statistics: the table with its ranking, and the facts behind one figure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import Http404, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from anlan import now as clock
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.alarms.selectors import performance
from anlan.apps.gateways.selectors import offline
from anlan.apps.org.scope import Scope
from anlan.apps.registry.selectors import locality
from anlan.apps.registry.selectors.units import Unit, UnitKind, units
from anlan.apps.warnings import selectors
from anlan.components.answers import list_view
from anlan.components.export import sheet_of
from anlan.components.lists import Column, Page
from anlan.pages.context import Shell
from anlan.pages.retrospectives.listing import revisions
from anlan.pages.statistics.asked import ALARMS, OFFLINED, PERIODS, TABLES, UNITS, FiguresAsked, read
from anlan.pages.statistics.lists import FACTS
from anlan.rules.calendar import civil_day
from anlan.rules.metrics import (
    FORMULA,
    METRICS,
    AlarmFacts,
    HandlingFacts,
    Line,
    Metric,
    OfflineFacts,
    Table,
    summed,
    tabulate,
)

WATCHED = 50
"""Larger warnings that the daily table lists beneath itself; the figure opens them all."""


PER_PAGE = 100
"""Lines of the table on one page; the workbook has them all."""


@dataclass
class Answer:
    """A question with its table. ``units`` by code, in the order of the table's lines."""

    asked: FiguresAsked
    table: Table
    units: dict[str, Unit]


def question(request: PersonRequest, now: datetime) -> FiguresAsked:
    """What the address asks, with the defaults of the reader's own unit."""
    usual = UnitKind.ENTERPRISE if Shell(request).is_enterprise else UnitKind.SUPERVISOR
    return read(request.GET, now, lambda day: locality.rules_of_scope(request.scope, day), usual)


def answer(scope: Scope, asked: FiguresAsked, now: datetime) -> Answer:
    """The table of a question: facts per enterprise, summed by unit. A constant number of queries."""
    facts: Any
    nothing: Any
    if asked.table == ALARMS:
        facts, nothing = alarm_facts(scope, asked, now), AlarmFacts()
    elif asked.table == OFFLINED:
        facts, nothing = offline_facts(scope, asked, now), OfflineFacts()
    else:
        shown = {metric.drills_to for metric in (*asked.metrics, asked.ranked_by)}
        facts, nothing = selectors.handling_facts(scope, asked.period, now, shown), HandlingFacts()
    found = {unit.code: unit for unit in units(scope, asked.by)}
    by_unit = {
        code: summed((facts[pk] for pk in unit.enterprise_ids if pk in facts), nothing) for code, unit in found.items()
    }
    return Answer(asked, tabulate(asked.metrics, by_unit, asked.ranked_by, asked.top, nothing), found)


def alarm_facts(scope: Scope, asked: FiguresAsked, now: datetime) -> dict[int, AlarmFacts]:
    """The facts of alarm performance of each enterprise in scope, under the rules of the reader's own place."""
    rules = locality.rules_of_scope(scope, min(asked.period.last_day, civil_day(now)))
    return performance.alarm_facts(scope, asked.period.start, asked.period.end, now, rules)


def offline_facts(scope: Scope, asked: FiguresAsked, now: datetime) -> dict[int, OfflineFacts]:
    """The facts of being offline of each enterprise in scope; the reader's place sets whether filed time counts."""
    without = _without_filed(scope, asked, now)
    return offline.offline_facts(scope, asked.period.start, asked.period.end, now, without_filed=without)


def _without_filed(scope: Scope, asked: FiguresAsked, now: datetime) -> bool:
    rules = locality.rules_of_scope(scope, min(asked.period.last_day, civil_day(now)))
    return rules.flag("filed_excluded_from_offline")


def rows_behind(name: str, scope: Scope, asked: FiguresAsked, now: datetime) -> QuerySet[Any]:
    """The rows of one list of `anlan.rules.metrics.facts.LISTS`."""
    start, end = asked.period.start, asked.period.end
    match name:
        case "performing_alarms":
            return performance.performing(scope, start, end)
        case "chattering_alarms":
            return performance.chattering(scope, start, end)
        case "stale_alarms":
            rules = locality.rules_of_scope(scope, min(asked.period.last_day, civil_day(now)))
            return performance.stale(scope, min(end, now), rules)
        case "link_outages":
            return offline.link_outages(scope, start, min(end, now))
        case "outages" | "counted_outages" | "filed_outages":
            rows = offline.outages(scope, start, min(end, now))
            if name == "filed_outages":
                return rows.filter(filed=True)
            counts_all = name == "outages" or not _without_filed(scope, asked, now)
            return rows if counts_all else rows.filter(filed=False)
    return selectors.ROWS[name](scope, asked.period)


@require_safe
def statistics(request: PersonRequest) -> HttpResponseBase:
    """统计: the table that the address asks for, as a page or as a workbook."""
    now = clock.now()
    scope = request.scope
    asked = question(request, now)
    found = answer(scope, asked, now)
    if request.GET.get("format") == "xlsx":
        title = f"{asked.title}{asked.period_words}"
        told = _words(asked, revisions(scope, asked.period.start, asked.period.end))
        return sheet_of(request, _columns(found), found.table.lines, title=title, now=now, asked=told)
    watched = []
    if asked.table == "daily":
        rows = selectors.ROWS["larger_warnings"](scope, asked.period).select_related("enterprise", "source")
        watched = [(row, FACTS["larger_warnings"]) for row in rows.order_by("-rank", "-opened_at")[:WATCHED]]
    path = reverse("statistics")
    lines = found.table.lines
    pages = max(1, -(-len(lines) // PER_PAGE))
    raw = request.GET.get("page", "1")
    number = min(max(int(raw), 1), pages) if raw.isdecimal() and len(raw) < 7 else 1
    first = (number - 1) * PER_PAGE
    opens = [asked.url(reverse("statistics-facts", args=[metric.id])) for metric in asked.metrics]
    context = {
        "asked": asked,
        "lines": [_line(found, line, opens) for line in lines[first : first + PER_PAGE]],
        "first": first + 1,
        "last": min(first + PER_PAGE, len(lines)),
        "all": len(lines),
        "earlier": asked.url(path, page=number - 1) if number > 1 else "",
        "later": asked.url(path, page=number + 1) if number < pages else "",
        "heads": [(metric, asked.url(path, rank=metric.id)) for metric in asked.metrics],
        "total": list(zip(asked.metrics, _texts(asked.metrics, found.table.total), strict=True)),
        "tables": [(name, title, asked.url(path, table=name, period=None, rank=None))
                   for name, (title, _columns_of, _usual) in TABLES.items()],
        "periods": [(name, words) for name, (words, _period) in PERIODS.items()],
        "units": list(UNITS.items()),
        "before": asked.url(path, date=asked.day_before.isoformat()),
        "after": asked.url(path, date=asked.day_after.isoformat()) if asked.period.end <= now else "",
        "export": asked.url(path, format="xlsx"),
        "watched": [_cells(row, listed) for row, listed in watched],
        "watched_columns": [column for column in FACTS["larger_warnings"].listing.columns if column.on_page],
        "formula": FORMULA,
        "revisions": revisions(scope, asked.period.start, asked.period.end),
    }  # fmt: skip
    return render(request, "statistics/statistics.html", context)


@require_safe
def facts(request: PersonRequest, metric: str) -> HttpResponseBase:
    """The rows behind one figure: of one unit, or of the whole scope."""
    now = clock.now()
    known = METRICS.get(metric)
    if known is None:
        raise Http404(_("没有这个指标。"))
    scope = request.scope
    asked = question(request, now)
    listed = FACTS[known.drills_to]
    rows = rows_behind(known.drills_to, scope, asked, now)
    code = request.GET.get("unit", "")
    unit = next((each for each in units(scope, asked.by) if each.code == code), None) if "unit" in request.GET else None
    if "unit" in request.GET:
        if unit is None:
            raise Http404(_("没有这条记录，或者它不在您的管辖范围内。"))
        rows = rows.filter(enterprise_id__in=unit.enterprise_ids)

    def dress(page: Page) -> dict[str, Any]:
        return {
            "metric": known,
            "asked": asked,
            "unit": unit,
            "rows": [_cells(row, listed) for row in page.rows],
            "back": asked.url(reverse("statistics")),
            "formula": FORMULA,
        }

    title = f"{known.title}{asked.period_words}"
    return list_view(
        request, listed.listing, listed.join(rows), title=title, whole="statistics/facts.html", dress=dress
    )  # fmt: skip


def _line(found: Answer, line: Line, opens: list[str]) -> dict[str, Any]:
    """One line; ``opens`` are the addresses of the facts behind each figure of the whole scope."""
    unit = found.units[line.unit]
    metrics, of_unit = found.asked.metrics, urlencode({"unit": unit.code})
    return {
        "unit": unit.name or _("（未设市级部门）"),
        "place": line.place.text,
        "cells": [
            (metric, text, f"{address}&{of_unit}")
            for metric, text, address in zip(metrics, _texts(metrics, line.figures), opens, strict=True)
        ],
    }


def _texts(metrics: tuple[Metric, ...], figures: Any) -> list[str]:
    return [metric.text(figure) for metric, figure in zip(metrics, figures, strict=True)]


def _columns(found: Answer) -> list[Column]:
    """Columns of the workbook: rates and minutes as numbers, so that they can be worked with."""
    columns = [
        Column("place", f"{_('位次')}（{found.asked.ranked_by.first_words}）", lambda line: line.place.text),
        Column("unit", str(UNITS[found.asked.by]), lambda line: found.units[line.unit].name),
    ]
    for number, metric in enumerate(found.asked.metrics):
        columns.append(Column(metric.id, f"{metric.title}（{metric.unit_words}）", _reader(metric, number)))
    return columns


def _reader(metric: Metric, number: int) -> Any:
    return lambda line: "—" if (value := metric.number(line.figures[number])) is None else value


def _words(asked: FiguresAsked, revised: int) -> list[str]:
    return [
        f"{_('期间')}：{asked.period_words}",
        *([_("本期有修订：期后补到的数据查明 %(n)d 项越限或更早的起始") % {"n": revised}] if revised else []),
        f"{_('统计单位')}：{UNITS[asked.by]}",
        f"{_('排名依据')}：{asked.ranked_by.title}（{asked.ranked_by.direction_words}）",
        *([_("只列前 %(n)d 位，末位并列的都列出；合计为全部单位") % {"n": asked.top}] if asked.top else []),
        *(f"{metric.title}：{metric.definition}{metric.article}；{FORMULA}" for metric in asked.metrics),
    ]


def _cells(row: Any, listed: Any) -> dict[str, Any]:
    """A row of facts as cells: an instant is formatted by the template, everything else is text."""
    columns = [column for column in listed.listing.columns if column.on_page and column.value]
    values = [(column, column.value(row)) for column in columns]
    return {
        "url": listed.url(row),
        "cells": [
            {"column": column, "at": value} if isinstance(value, datetime) else {"column": column, "text": value}
            for column, value in values
        ],
    }
