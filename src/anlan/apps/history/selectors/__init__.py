"""Reads history: curves of at most N points, single samples, counts. The caller asks for what its reader may see."""

from anlan.apps.history.selectors.daily import DayFigures, daily
from anlan.apps.history.selectors.trend import (
    Lost,
    PointTrend,
    Samples,
    limits_of,
    raw,
    samples_count,
    trend,
    trends,
)

__all__ = [
    "DayFigures",
    "Lost",
    "PointTrend",
    "Samples",
    "daily",
    "limits_of",
    "raw",
    "samples_count",
    "trend",
    "trends",
]
