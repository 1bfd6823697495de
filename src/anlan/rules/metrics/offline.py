"""The metrics of being offline (离线排名): time without data, and how much of it a confirmed filing explains.

MON-04, MON-06, BUL-14: ranked by the offline minutes that no confirmed filing covers. What is filed is told beside and
never left out; whether it counts in the ranking is a local setting.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from anlan.rules.metrics.adding import Facts
from anlan.rules.metrics.metric import Metric, MetricUnit, count, minutes
from anlan.rules.ranking import Direction

_ARTICLE = "信息通报制度 第四条、数据质量管理办法 第九条"

Window = tuple[datetime, datetime]
"""[start, end) of a confirmed filing."""


def explained(since: datetime, until: datetime, windows: Iterable[Window]) -> timedelta:
    """How much of [since, until) lies in any of these windows; where they overlap it counts once."""
    total, reached = timedelta(), since
    for start, end in sorted(windows):
        start, end = max(start, reached), min(end, until)
        if start < end:
            total, reached = total + (end - start), end
    return total


@dataclass(frozen=True, slots=True)
class OfflineFacts(Facts):
    """What was offline in one period. Whole numbers that add up over enterprises; times in microseconds.

    Of an outage that a filing explains in part only the rest of its time counts as offline.
    """

    points: int = 0
    """Points in use."""
    gateways: int = 0
    outages: int = 0
    """Outages of points that lasted into the period and count."""
    offline_us: int = 0
    filed: int = 0
    """Outages of points of which a confirmed filing explains something."""
    filed_us: int = 0
    link_outages: int = 0
    link_us: int = 0


_WORST = Direction.WORST_FIRST
_ALL = (
    Metric(
        "offline_minutes", "测点平均离线时长", MetricUnit.MINUTES, _WORST, _ARTICLE,
        "期内测点没有数据的时间，自最近一次数据起算，按在用测点平均；已确认报备的范围和时段内的不计（本地设定）。",
        "未报备的离线时间", "在用测点数", minutes(lambda facts: facts.offline_us, lambda facts: facts.points),
        "outages",
    ),
    Metric(
        "offline_outages", "测点离线次数", MetricUnit.COUNT, _WORST, _ARTICLE,
        "期内发生或持续的测点离线；已确认报备的另列，不计入（本地设定）。", "测点离线", "",
        count(lambda facts: facts.outages), "counted_outages",
    ),
    Metric(
        "offline_filed_minutes", "已报备平均离线时长", MetricUnit.MINUTES, _WORST, _ARTICLE,
        "期内测点没有数据的时间中，在已确认报备的范围和时段内的部分，按在用测点平均。",
        "已报备的离线时间", "在用测点数", minutes(lambda facts: facts.filed_us, lambda facts: facts.points),
        "filed_outages",
    ),
    Metric(
        "offline_filed", "已报备离线次数", MetricUnit.COUNT, _WORST, _ARTICLE,
        "期内发生或持续、与已确认报备的范围和时段有重合的测点离线。", "已报备的测点离线", "",
        count(lambda facts: facts.filed), "filed_outages",
    ),
    Metric(
        "link_minutes", "网关平均中断时长", MetricUnit.MINUTES, _WORST, _ARTICLE,
        "期内网关没有数据的时间，自最近一次数据起算，按在用网关平均；所有在用测点都在已确认报备范围内的时段不计（本地设定）。",
        "未报备的中断时间", "在用网关数", minutes(lambda facts: facts.link_us, lambda facts: facts.gateways),
        "link_outages",
    ),
    Metric(
        "link_outages", "网关中断次数", MetricUnit.COUNT, _WORST, _ARTICLE,
        "期内发生或持续的网关中断，已报备的也在内。", "网关中断", "",
        count(lambda facts: facts.link_outages), "link_outages",
    ),
)  # fmt: skip

OFFLINE_METRICS: dict[str, Metric] = {metric.id: metric for metric in _ALL}
OFFLINE = tuple(OFFLINE_METRICS)
"""Columns of the table of being offline."""
