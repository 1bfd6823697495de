"""The trend of a point as pages and programs read it: stretches, summary, limits, alarms in between (MON-15)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q

from anlan.apps.alarms.models import Alarm
from anlan.apps.history import selectors as history
from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import Point
from anlan.apps.registry.selectors.revisions import settings_between

MOST_BUCKETS = 2000
MOST_ALARMS = 500


def trend_of(point: Point, scope: Scope, start: datetime, end: datetime, buckets: int) -> dict[str, Any]:
    """The answer of the trend API for [start, end): plain values only, NaN as None.

    ``point`` is one that ``scope`` may see. Alarms are those that touch the stretch, oldest first.
    """
    found = history.trend(point, start, end, min(buckets, MOST_BUCKETS))
    alarms = (
        Alarm.objects.visible_to(scope)
        .filter(Q(cleared_at__isnull=True) | Q(cleared_at__gt=start), point=point, started_at__lt=end)
        .order_by("started_at", "pk")
    )
    return {
        "point": _about(point),
        "start": start,
        "end": end,
        **_curve(found),
        "settings": _settings(point, start, end),
        "alarms": [
            {"id": row.pk, "side": row.side, "worst": row.worst, "start": row.started_at, "end": row.cleared_at}
            for row in alarms[:MOST_ALARMS]
        ],
    }


def trends_of(points: Sequence[Point], start: datetime, end: datetime, buckets: int) -> list[dict[str, Any]]:
    """The curves of many points that the reader may see, in their order: one opening of each row for all of them."""
    found = history.trends(points, start, end, min(buckets, MOST_BUCKETS))
    return [{"point": _about(point), **_curve(found[point.code])} for point in points]


def _curve(found: history.PointTrend) -> dict[str, Any]:
    curve = found.curve
    return {
        "bucket_ms": max(1, curve.width_us // 1000),
        "buckets": {
            "t": [us // 1000 for us in curve.start_us.tolist()],
            "min": _plain(curve.lowest),
            "max": _plain(curve.highest),
            "mean": _plain(curve.mean),
            "last": _plain(curve.last),
            "count": curve.count.tolist(),
        },
        "summary": {"min": found.lowest, "max": found.highest, "mean": found.mean, "count": found.count},
        "lost": [{"start": each.start, "end": each.end, "cause": each.cause} for each in found.lost],
    }


def _settings(point: Point, start: datetime, end: datetime) -> list[dict[str, Any]]:
    """The limits that held, oldest first, each from its time on; the first from the beginning (DQ-12)."""
    held = settings_between([point], start, end)[point.code]
    return [
        {"since": each.since or start, **{name: each.values.get(name) for name in ("ll", "l", "h", "hh")}}
        for each in held
    ]


def _about(point: Point) -> dict[str, Any]:
    plain = ("code", "tag", "name", "unit", "decimals", "range_min", "range_max")
    limits = {name: getattr(point, name) for name in ("ll", "l", "h", "hh")}
    return {name: getattr(point, name) for name in plain} | {"limits": limits}


def _plain(column: Any) -> list[float | None]:
    return [None if math.isnan(value) else value for value in column.tolist()]
