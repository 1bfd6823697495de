"""The page of alarm performance (报警绩效): one scope and one period, every figure with its limit and its verdict.

Figures and definitions are those of the statistics table ``alarms``; this page adds the limits, the points that alarm
most, the chattering and the stale ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from anlan import now as clock
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.alarms.selectors import performance
from anlan.apps.alarms.selectors.raised import Raised
from anlan.apps.org import access
from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import Enterprise
from anlan.apps.registry.selectors import locality
from anlan.apps.registry.selectors.units import UnitKind
from anlan.components.export import sheet_of
from anlan.components.lists import Column
from anlan.pages.statistics.asked import ALARMS, PERIODS, FiguresAsked, read
from anlan.rules.calendar import civil_day
from anlan.rules.metrics import FORMULA, AlarmFacts, summed
from anlan.rules.metrics.alarming import ALARMING, MIX, Held, held_against
from anlan.rules.rulebook import RulesInForce

SHOWN = 20
"""Chattering points and stale alarms that the page lists; the figures open them all."""


@dataclass(frozen=True)
class Share:
    """One priority with its share and the usual one."""

    title: str
    text: str
    usual: str
    percent: float


@require_safe
def alarm_performance(request: PersonRequest) -> HttpResponse:
    """报警绩效 of the scope, or with ``enterprise`` of one: figures, limits, worst points; as a page or a workbook."""
    now = clock.now()
    scope = request.scope
    asked = read(
        {**request.GET.dict(), "table": ALARMS, "rank": ""}, now,
        lambda day: locality.rules_of_scope(scope, day), UnitKind.ENTERPRISE,
    )  # fmt: skip
    rules = locality.rules_of_scope(scope, min(asked.period.last_day, civil_day(now)))
    enterprise = _enterprise(request, now)
    if enterprise is not None:
        scope = Scope(enterprise_ids=(enterprise.pk,))
    alarms = performance.raised(scope, asked.period.start, asked.period.end)
    by_enterprise = performance.alarm_facts(scope, asked.period.start, asked.period.end, now, rules, alarms)
    facts = summed(by_enterprise.values(), AlarmFacts())
    held = held_against(facts, rules)
    if request.GET.get("format") == "xlsx":
        title = f"{asked.title}{asked.period_words}"
        where = enterprise.name if enterprise is not None else _("管辖范围")
        return sheet_of(request, _columns(), held, title=title, now=now, asked=[f"{_('范围')}：{where}", FORMULA])
    path = reverse("performance")
    code = enterprise.code if enterprise is not None else None
    context = {
        "asked": asked,
        "enterprise": enterprise,
        "facts": facts,
        "held": [(each, _opens(asked, each, code)) for each in held],
        "mix": _mix(facts, rules),
        "formula": FORMULA,
        "periods": [(name, words) for name, (words, _period) in PERIODS.items()],
        "before": asked.url(path, date=asked.day_before.isoformat(), **_own(code)),
        "after": asked.url(path, date=asked.day_after.isoformat(), **_own(code)) if asked.period.end <= now else "",
        "export": asked.url(path, format="xlsx", **_own(code)),
        "table": asked.url(reverse("statistics"), by=None),
        **_worst(scope, asked, alarms, rules, now),
    }
    return render(request, "performance/performance.html", context)


def _enterprise(request: PersonRequest, now: datetime) -> Enterprise | None:
    code = request.GET.get("enterprise", "").strip()[:60]
    if not code:
        return None
    found: Enterprise = access.find(
        request, Enterprise.objects.all(), now=now, code=code, owner=lambda row: f"enterprise:{row.code}"
    )
    return found


def _worst(scope: Scope, asked: FiguresAsked, alarms: Raised, rules: RulesInForce, now: datetime) -> dict[str, Any]:
    """The points that alarm most, those that chatter, and the stale alarms."""
    start, end = asked.period.start, asked.period.end
    top = performance.named(alarms.worst_points(performance.TOP))
    for row in top:
        row["share"] = row["number"] / len(alarms.point) * 100
    stale = performance.stale(scope, min(end, now), rules)
    return {
        "top": top,
        "top_share": sum(row["share"] for row in top),
        "chattering": performance.top_points(performance.chattering(scope, start, end), SHOWN),
        "stale": performance.oldest(stale.select_related("point", "enterprise"), SHOWN),
    }


def _mix(facts: AlarmFacts, rules: RulesInForce) -> list[Share]:
    found = []
    for name, setting in MIX.items():
        metric = ALARMING[name]
        figure = metric.compute(facts)
        share = float(figure.value * 100) if figure.value is not None else 0.0
        found.append(
            Share(metric.title.removesuffix("占比"), metric.text(figure), rules.entry(setting).value_text, share)
        )
    return found


def _opens(asked: FiguresAsked, held: Held, code: str | None) -> str:
    """The list behind a figure."""
    unit = {"by": str(UnitKind.ENTERPRISE), "unit": code} if code else {}
    return asked.url(reverse("statistics-facts", args=[held.metric.id]), **unit)


def _own(code: str | None) -> dict[str, str | None]:
    return {"enterprise": code, "by": None, "table": None}


def _columns() -> list[Column]:
    return [
        Column("title", _("指标"), lambda held: held.metric.title),
        Column("value", _("数值"), lambda held: held.metric.number(held.figure)),
        Column("unit", _("单位"), lambda held: held.metric.unit_words),
        Column("target", _("目标"), lambda held: held.target.value if held.target else ""),
        Column("limit", _("上限"), lambda held: held.limit.value if held.limit else ""),
        Column("verdict", _("结果"), lambda held: held.verdict.words),
        Column("definition", _("定义"), lambda held: f"{held.metric.definition}{held.metric.article}"),
    ]
