"""The metrics of alarm performance (报警绩效; IEC 62682, GB/T 41261), and what each is held against.

A console (操作岗位) is an enterprise with points in use. No notice gives these figures or their limits: every limit is
a local setting with the usual value of the standard.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from anlan.rules.metrics.adding import Facts
from anlan.rules.metrics.metric import Compute, Figure, Metric, MetricUnit, count, share
from anlan.rules.ranking import Direction
from anlan.rules.rulebook import Entry, RulesInForce

_STANDARD = "GB/T 41261（IEC 62682）"
TEN_MINUTES_A_DAY, TEN_MINUTES_AN_HOUR = 144, 6


@dataclass(frozen=True, slots=True)
class AlarmFacts(Facts):
    """What the alarms of one period were. All whole numbers; all but ``most`` add up over enterprises."""

    LARGEST: ClassVar[frozenset[str]] = frozenset({"most"})

    consoles: int = 0
    ten_minutes: int = 0
    """Ten-minute periods that have begun in the period, over all consoles."""
    alarms: int = 0
    """Limit alarms raised, without those out of service or suppressed by design."""
    periods_over: int = 0
    hours_over: int = 0
    flood_periods: int = 0
    """Ten-minute periods in flood."""
    most: int = 0
    """Alarms in the worst ten-minute period of any console."""
    top_ten: int = 0
    """Alarms of the ten points of each console that alarmed most."""
    chattering: int = 0
    """Points that chattered."""
    stale: int = 0
    """Alarms that stood for longer than the limit at the end of the period, or now."""
    low: int = 0
    medium: int = 0
    high: int = 0


def periods_in_flood(counts: Iterable[tuple[int, int]], start: int, end: int) -> int:
    """How many ten-minute periods of one console are in flood.

    ``counts``: (number of the period, alarms in it), in order; periods left out had fewer than ``end``. A flood begins
    with more than ``start`` alarms in a period and lasts until one has fewer than ``end``.
    """
    flooded, found, last = False, 0, -2
    for period, alarms in counts:
        flooded = (flooded and period == last + 1 and alarms >= end) or alarms > start
        found += flooded
        last = period
    return found


def _rate(periods: int) -> Compute:
    return share(lambda facts: facts.alarms * periods, _periods)


def _periods(facts: AlarmFacts) -> int:
    return facts.ten_minutes


def _alarms(facts: AlarmFacts) -> int:
    return facts.alarms


_WORST = Direction.WORST_FIRST
_ALL = (
    Metric(
        "alarm_per_day", "平均每天报警", MetricUnit.RATE, _WORST, _STANDARD,
        "期内成立的越限报警按操作岗位（一家企业为一个）平均到每天；报备停用和设计抑制的、数据异常的不计。",
        "报警数×144", "各岗位已过的10分钟时段数", _rate(TEN_MINUTES_A_DAY), "performing_alarms",
    ),
    Metric(
        "alarm_per_hour", "平均每小时报警", MetricUnit.RATE, _WORST, _STANDARD,
        "期内成立的越限报警按操作岗位平均到每小时；不计的同“平均每天报警”。",
        "报警数×6", "各岗位已过的10分钟时段数", _rate(TEN_MINUTES_AN_HOUR),
        "performing_alarms",
    ),
    Metric(
        "alarm_per_ten_minutes", "平均每10分钟报警", MetricUnit.RATE, _WORST, _STANDARD,
        "期内成立的越限报警按操作岗位平均到每10分钟；不计的同“平均每天报警”。",
        "报警数", "各岗位已过的10分钟时段数", _rate(1), "performing_alarms",
    ),
    Metric(
        "alarm_hours_over", "繁忙小时占比", MetricUnit.PERCENT, _WORST, _STANDARD,
        "一个整点小时内同一岗位报警超过 30 条（默认值，本地设定）的小时所占的比例。",
        "繁忙小时×6", "各岗位已过的10分钟时段数",
        share(lambda facts: facts.hours_over * TEN_MINUTES_AN_HOUR, _periods), "performing_alarms",
    ),
    Metric(
        "alarm_periods_over", "繁忙时段占比", MetricUnit.PERCENT, _WORST, _STANDARD,
        "10分钟内同一岗位报警超过 10 条（默认值，本地设定）的时段所占的比例。", "繁忙时段", "各岗位已过的10分钟时段数",
        share(lambda facts: facts.periods_over, _periods), "performing_alarms",
    ),
    Metric(
        "alarm_most", "10分钟最多报警", MetricUnit.COUNT, _WORST, _STANDARD,
        "期内任一岗位在一个10分钟时段内的最多报警数；合计取各单位的最大值。", "最多的时段的报警", "",
        count(lambda facts: facts.most), "performing_alarms",
    ),
    Metric(
        "alarm_flood_share", "泛滥时间占比", MetricUnit.PERCENT, _WORST, _STANDARD,
        "处于报警泛滥的时段所占的比例：某时段超过 10 条开始，到某时段少于 5 条结束（默认值，本地设定）。",
        "泛滥的10分钟时段", "各岗位已过的10分钟时段数", share(lambda facts: facts.flood_periods, _periods),
        "performing_alarms",
    ),
    Metric(
        "alarm_top_ten_share", "前十测点占比", MetricUnit.PERCENT, _WORST, _STANDARD,
        "每个岗位报警最多的十个测点的报警，占全部报警的比例。", "各岗位前十测点的报警", "报警数",
        share(lambda facts: facts.top_ten, _alarms), "performing_alarms",
    ),
    Metric(
        "alarm_chattering", "抖动测点", MetricUnit.COUNT, _WORST, _STANDARD,
        "期内有抖动报警的测点：一分钟内在报警与正常之间变化 3 次及以上（默认值，本地设定）。", "抖动的测点", "",
        count(lambda facts: facts.chattering), "chattering_alarms",
    ),
    Metric(
        "alarm_stale", "陈旧报警", MetricUnit.COUNT, _WORST, _STANDARD,
        "期末（本期取现在）已持续超过 24 小时（默认值，本地设定）仍未恢复的越限报警。", "陈旧的报警", "",
        count(lambda facts: facts.stale), "stale_alarms",
    ),
    Metric(
        "alarm_priority_low", "低优先级占比", MetricUnit.PERCENT, Direction.BEST_FIRST, _STANDARD,
        "高、低限报警（气体除外）占全部报警的比例。", "低优先级报警", "报警数",
        share(lambda facts: facts.low, _alarms), "performing_alarms",
    ),
    Metric(
        "alarm_priority_medium", "中优先级占比", MetricUnit.PERCENT, _WORST, _STANDARD,
        "高高、低低限报警（气体除外）与气体的高、低限报警占全部报警的比例。", "中优先级报警", "报警数",
        share(lambda facts: facts.medium, _alarms), "performing_alarms",
    ),
    Metric(
        "alarm_priority_high", "高优先级占比", MetricUnit.PERCENT, _WORST, _STANDARD,
        "气体的高高、低低限报警占全部报警的比例。", "高优先级报警", "报警数",
        share(lambda facts: facts.high, _alarms), "performing_alarms",
    ),
)  # fmt: skip

ALARMING: dict[str, Metric] = {metric.id: metric for metric in _ALL}
PERFORMANCE = tuple(ALARMING)
"""Columns of the table of alarm performance."""


class Verdict(StrEnum):
    """How a figure stands against its limits. Never a colour: colours mean warning levels."""

    GOOD = "good"
    WATCH = "watch"
    POOR = "poor"
    FEW = "few"
    """Of so few alarms that a share says nothing."""
    UNKNOWN = "unknown"

    @property
    def words(self) -> str:
        words = {"good": "达标", "watch": "偏高", "poor": "超限", "few": "报警太少，不下结论", "unknown": "—"}
        return words[self.value]


@dataclass(frozen=True, slots=True)
class Held:
    """A figure with the settings it is held against: up to the target is good, beyond the limit is poor."""

    metric: Metric
    figure: Figure
    target: Entry | None
    limit: Entry | None
    verdict: Verdict

    @property
    def text_alone(self) -> str:
        """The figure without its unit."""
        return self.metric.text(self.figure).removesuffix(" %")

    @property
    def base(self) -> str:
        """Of a share of alarms what it was made from, 9 / 9; empty for every other figure."""
        return f"{self.figure.part} / {self.figure.whole}" if self.metric.id in _OF_ALARMS else ""

    @property
    def unit_alone(self) -> str:
        return self.metric.unit_words if self.figure.value is not None else ""


_LIMITS: dict[str, tuple[str, str, bool]] = {
    "alarm_per_day": ("kpi_day_target", "kpi_day_limit", False),
    "alarm_per_hour": ("kpi_hour_target", "kpi_hour_limit", False),
    "alarm_per_ten_minutes": ("kpi_ten_target", "kpi_ten_limit", False),
    "alarm_hours_over": ("", "kpi_hours_over_limit", False),
    "alarm_periods_over": ("", "kpi_periods_over_limit", False),
    "alarm_most": ("", "kpi_most_limit", False),
    "alarm_flood_share": ("", "kpi_flood_limit", False),
    "alarm_top_ten_share": ("kpi_top_ten_target", "kpi_top_ten_limit", False),
    "alarm_chattering": ("", "kpi_chattering_limit", False),
    "alarm_stale": ("", "kpi_stale_limit", True),
}
"""Target and limit of each metric, and whether the limit is one per console."""
_OF_ALARMS = frozenset({"alarm_top_ten_share"})
"""Shares whose base is the alarms themselves: of a handful they say nothing."""
MIX = {"alarm_priority_low": "kpi_priority_low", "alarm_priority_medium": "kpi_priority_medium",
       "alarm_priority_high": "kpi_priority_high"}  # fmt: skip
"""The usual share of each priority: a reference to look at, no limit."""


def held_against(facts: AlarmFacts, rules: RulesInForce) -> list[Held]:
    """Every figure that has a limit, with the limit in force and the verdict."""
    found = []
    for name, (target, limit, per_console) in _LIMITS.items():
        metric = ALARMING[name]
        figure = metric.compute(facts)
        entries = rules.entry(target) if target else None, rules.entry(limit)
        found.append(Held(metric, figure, *entries, _verdict(metric, figure, facts, rules, per_console)))
    return found


def _verdict(metric: Metric, figure: Figure, facts: AlarmFacts, rules: RulesInForce, per_console: bool) -> Verdict:
    value = figure.value
    if value is None or not facts.consoles:
        return Verdict.UNKNOWN
    if metric.id in _OF_ALARMS and facts.alarms < rules.number("kpi_share_least"):
        return Verdict.FEW
    target, limit, _ = _LIMITS[metric.id]
    if metric.unit is MetricUnit.PERCENT:
        value *= 100
    if per_console:
        value /= facts.consoles
    if value > rules.number(limit):
        return Verdict.POOR
    return Verdict.WATCH if target and value > rules.number(target) else Verdict.GOOD
