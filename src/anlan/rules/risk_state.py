"""The risk level of a source and of an enterprise, and whether it was grave lately (MON-08, PAT-14).

With no active warning the level is 低, which is a state and not a blue warning: nobody is told of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from anlan.rules.calendar import civil_day, day_of
from anlan.rules.level import Level, worst


class RiskWindow(StrEnum):
    """Local setting: what 7日内 counts."""

    CALENDAR = "calendar"  # the day itself and the six before it
    ROLLING = "rolling"  # 168 hours back from the instant


@dataclass(frozen=True, slots=True)
class LevelSpan:
    """One stretch at one level; `until` None while it lasts."""

    level: Level
    since: datetime
    until: datetime | None


def risk_of_source(active_warnings: Iterable[Level]) -> Level:
    """The source's risk level: that of its gravest active warning, else 低."""
    return max(worst(active_warnings), Level.BLUE)


def risk_of_enterprise(sources: Iterable[Level]) -> Level:
    """The enterprise's risk level: that of its worst source, else 低."""
    return max(worst(sources), Level.BLUE)


def larger_risk_lately(
    history: Iterable[LevelSpan], now: datetime, days: int = 7, window: RiskWindow = RiskWindow.CALENDAR
) -> bool:
    """N日内是否出现过较大及以上安全风险等级: whether any stretch at orange or red touches the window up to now."""
    if window is RiskWindow.ROLLING:
        start = now - timedelta(days=days)
    else:
        start = day_of(civil_day(now) - timedelta(days=days - 1)).start
    return any(
        span.level.at_least(Level.ORANGE) and span.since <= now and (span.until is None or span.until > start)
        for span in history
    )
