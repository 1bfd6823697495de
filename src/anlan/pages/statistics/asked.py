"""What an address asks of the statistics: which table, which period, by which units, ranked by which metric.

A value that is not known is told (`problems`) and replaced by the default; it is never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as now_trans
from django.utils.translation import gettext_lazy as _

from anlan import border
from anlan.apps.registry.selectors.units import UnitKind
from anlan.rules import calendar
from anlan.rules.calendar import Period
from anlan.rules.metrics import DAILY, HANDLING, METRICS, OFFLINE, PERFORMANCE, Metric
from anlan.rules.rulebook import RulesInForce

ALARMS = "alarms"
"""The table of alarm performance: its facts are of the alarms alone."""
OFFLINED = "offline"
"""The table of being offline: its facts are of points and gateways without data, and of the filings that explain it."""
TABLES: dict[str, tuple[Any, tuple[str, ...], str]] = {
    "handling": (_("预警处置与督办"), HANDLING, "month"),
    "daily": (_("报警消警与预警处置"), DAILY, "day"),
    ALARMS: (_("报警绩效"), PERFORMANCE, "day"),
    OFFLINED: (_("离线与报备"), OFFLINE, "day"),
}
"""Name, columns and usual period of each table."""
PERIODS = {
    "day": (_("日"), calendar.day_of),
    "week": (_("周"), calendar.week_of),
    "month": (_("月"), calendar.month_of),
    "quarter": (_("季"), calendar.quarter_of),
    "year": (_("年"), calendar.year_of),
}
UNITS = {
    UnitKind.SUPERVISOR: _("县（化工园区）"),
    UnitKind.CITY: _("市"),
    UnitKind.ENTERPRISE: _("企业"),
}
RANKED_BY = "handling_ranked_by"
MOST_PLACES = 1000


@dataclass
class FiguresAsked:
    """A question to the statistics, complete."""

    table: str
    kind: str
    day: date
    by: UnitKind
    ranked_by: Metric
    ranked_by_setting: bool
    """Whether the ranking metric is the one that the local setting names."""
    problems: list[str] = field(default_factory=list)
    top: int | None = None
    """Only the units on the first so many places, with everyone who ties on the last of them (GEN-07)."""

    @property
    def period(self) -> Period:
        return PERIODS[self.kind][1](self.day)

    @property
    def metrics(self) -> tuple[Metric, ...]:
        return tuple(METRICS[name] for name in TABLES[self.table][1])

    @property
    def title(self) -> str:
        return str(TABLES[self.table][0])

    @property
    def period_words(self) -> str:
        """2024年3月, 2024年3月1日 — 3月31日 and so on."""
        first, last = self.period.first_day, self.period.last_day
        match self.kind:
            case "day":
                return now_trans("%(y)d年%(m)d月%(d)d日") % {"y": first.year, "m": first.month, "d": first.day}
            case "month":
                return now_trans("%(y)d年%(m)d月") % {"y": first.year, "m": first.month}
            case "quarter":
                return now_trans("%(y)d年第%(q)d季度") % {"y": first.year, "q": (first.month + 2) // 3}
            case "year":
                return now_trans("%(y)d年") % {"y": first.year}
        return f"{first.isoformat()} — {last.isoformat()}"

    def url(self, path: str, **changes: Any) -> str:
        """``path`` with this question; None takes a parameter away."""
        values = {"table": self.table, "period": self.kind, "date": self.day.isoformat(), "by": str(self.by)}
        if not self.ranked_by_setting:
            values["rank"] = self.ranked_by.id
        if self.top is not None:
            values["top"] = str(self.top)
        values |= changes
        return f"{path}?{urlencode({name: value for name, value in values.items() if value is not None})}"

    @property
    def day_before(self) -> date:
        """A day of the period before."""
        return self.period.first_day - timedelta(days=1)

    @property
    def day_after(self) -> date:
        """A day of the period after."""
        return self.period.last_day + timedelta(days=1)


def read(
    query: Mapping[str, str], now: datetime, rules_on: Callable[[date], RulesInForce], usual: UnitKind
) -> FiguresAsked:
    """The question in an address. ``rules_on`` gives the rules of the reader's unit on a day (the last of the period,
    so that an earlier period is ranked as it was then); ``usual`` is how their table is divided."""
    problems: list[str] = []

    def choice(name: str, known: Mapping[str, Any] | tuple[str, ...], default: str) -> str:
        value = query.get(name, "") or default
        if value in known:
            return value
        problems.append(now_trans("“%(value)s”不是 %(name)s 的选项，已忽略") % {"value": value[:40], "name": name})
        return default

    table = choice("table", TABLES, "handling")
    _title, columns, usual_period = TABLES[table]
    kind = choice("period", PERIODS, usual_period)
    by = UnitKind(choice("by", tuple(UNITS), usual))
    day, today = calendar.civil_day(now), calendar.civil_day(now)
    raw = query.get("date", "").strip()
    if raw:
        try:
            day = border.day(raw)
        except ValueError:
            problems.append(now_trans("“%(v)s”不是日期（应为 2024-03-01 的样子），按今天统计") % {"v": raw[:20]})
        if not 2000 <= day.year <= today.year + 1:
            problems.append(now_trans("“%(v)s”超出可统计的年份，按今天统计") % {"v": raw[:20]})
            day = today
    last = min(PERIODS[kind][1](day).last_day, today)
    setting = rules_on(last).text(RANKED_BY) if table == "handling" else columns[0]
    ranked_by = choice("rank", columns, setting)
    first = query.get("top", "").strip()
    if first and not (first.isdecimal() and 1 <= int(first[:4]) <= MOST_PLACES and len(first) <= 4):
        problems.append(now_trans("“%(v)s”不是 1–%(n)d 的位数，全部列出") % {"v": first[:20], "n": MOST_PLACES})
        first = ""
    top = int(first) if first else None
    return FiguresAsked(table, kind, day, by, METRICS[ranked_by], ranked_by == setting, problems, top)
