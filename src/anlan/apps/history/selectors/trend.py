"""The curve of points over any range (MON-15): order, extremes, mean, limits, and every gap shown as a gap."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db.models import Sum
from numpy.typing import NDArray

from anlan.apps.history.models import Block, Removal
from anlan.apps.history.selectors.stored import instant, micros, stored
from anlan.apps.registry.models import Point
from anlan.stream.rollup import MINUTE_US
from anlan.stream.trend import Trend, curve

RAW = "raw"
ROLLUP = "rollup"


@dataclass(frozen=True)
class Lost:
    """A stretch whose samples were stored and cannot be shown. ``cause``: ``damaged``, or ``removed`` after the time
    of keeping."""

    start: datetime
    end: datetime
    cause: str


@dataclass(frozen=True)
class PointTrend:
    """A curve, its figures over the whole range (None where nothing was measured), and the limits that hold now."""

    curve: Trend
    lowest: float | None
    mean: float | None
    highest: float | None
    count: int
    limits: dict[str, float]
    lost: tuple[Lost, ...] = ()


@dataclass(frozen=True)
class Samples:
    """Single samples in order of sample time; parallel arrays, times epoch µs, quality 0 good, 1 uncertain, 2 bad."""

    sampled_at_us: NDArray[np.int64]
    received_at_us: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.uint8]
    lost: tuple[Lost, ...] = ()

    def __len__(self) -> int:
        return len(self.value)


def limits_of(point: Point) -> dict[str, float]:
    """The limits of a point by name, those it has."""
    named = {"LL": point.ll, "L": point.l, "H": point.h, "HH": point.hh}
    return {name: float(limit) for name, limit in named.items() if limit is not None}


def trend(point: Point, start: datetime, end: datetime, buckets: int = 500) -> PointTrend:
    """The curve of ``point`` for start ≤ t < end in at most ``buckets`` stretches; see `trends`."""
    return trends([point], start, end, buckets)[point.code]


def trends(points: Iterable[Point], start: datetime, end: datetime, buckets: int = 500) -> dict[str, PointTrend]:
    """The curves of many points by code (``gateway`` and ``enterprise`` joined), each in at most ``buckets`` stretches.

    Where a stretch spans minutes, compacted hours are read through their roll-ups, so that a week costs as little as
    an hour; every row is opened once for all points of its gateway. Damaged rows are left out and named. Raises
    ValueError for an empty range.
    """
    t0, t1 = micros(start), micros(end)
    by_gateway: dict[str, list[Point]] = {}
    for point in points:
        by_gateway.setdefault(point.gateway.code, []).append(point)
    by_minute = (t1 - t0) // max(buckets, 1) >= MINUTE_US
    removed = _removed({point.enterprise.code for each in by_gateway.values() for point in each}, t0, t1)
    answer: dict[str, PointTrend] = {}
    for gateway, mine in by_gateway.items():
        found = stored(gateway, {point.code for point in mine}, t0, t1, by_minute=by_minute)
        damaged = [Lost(instant(a), instant(b), "damaged") for a, b in found.damaged]
        for point in mine:
            drawn = curve(
                found.series.get(point.code, []),
                found.minutes.get(point.code),
                t0,
                t1,
                buckets,
                period_us=round(point.period_s * 1_000_000),
            )
            gone = removed.get((point.enterprise.code, ROLLUP), ())
            answer[point.code] = _summed(drawn, limits_of(point), (*gone, *damaged))
    return answer


def raw(point: Point, start: datetime, end: datetime) -> Samples:
    """Every sample of ``point`` with start ≤ sample time < end, each once, whatever its quality.

    A sample that was received twice counts once; of two at one instant the one received last stands. What cannot be
    shown is named in ``lost``.
    """
    t0, t1 = micros(start), micros(end)
    found = stored(point.gateway.code, {point.code}, t0, t1, by_minute=False)
    gone = _removed({point.enterprise.code}, t0, t1).get((point.enterprise.code, RAW), ())
    lost = (*gone, *(Lost(instant(a), instant(b), "damaged") for a, b in found.damaged))
    series = found.series.get(point.code)
    if not series:
        nothing = np.empty(0, np.int64)
        return Samples(nothing, nothing, np.empty(0), np.empty(0, np.uint8), lost)
    at = np.concatenate([one.sampled_us for one in series])
    received = np.concatenate([one.received_us for one in series])
    value = np.concatenate([one.value for one in series])
    quality = np.concatenate([one.quality for one in series])
    order = np.lexsort((received, at))
    at, received, value, quality = at[order], received[order], value[order], quality[order]
    kept = np.r_[at[1:] != at[:-1], True][: len(at)] & (at >= t0) & (at < t1)
    return Samples(at[kept], received[kept], value[kept], quality[kept], lost)


def samples_count(start: datetime, end: datetime, *, enterprise: str = "", gateway: str = "") -> int:
    """How many samples the rows beginning in start ≤ t < end hold; all, or those of one enterprise or gateway.

    Read from the rows' own counts: a packet that was stored twice counts twice until its hour is compacted.
    """
    rows = Block.objects.filter(start_us__gte=micros(start), start_us__lt=micros(end), damaged_us=None)
    if enterprise:
        rows = rows.filter(enterprise=enterprise)
    if gateway:
        rows = rows.filter(gateway=gateway)
    return int(rows.aggregate(total=Sum("samples"))["total"] or 0)


def _summed(drawn: Trend, limits: dict[str, float], lost: tuple[Lost, ...]) -> PointTrend:
    measured = drawn.count > 0
    count = int(drawn.count.sum())
    if not count:
        return PointTrend(drawn, None, None, None, 0, limits, lost)
    mean = float(np.average(drawn.mean[measured], weights=drawn.count[measured]))
    lowest, highest = float(drawn.lowest[measured].min()), float(drawn.highest[measured].max())
    return PointTrend(drawn, lowest, min(max(mean, lowest), highest), highest, count, limits, lost)


def _removed(enterprises: set[str], t0: int, t1: int) -> dict[tuple[str, str], tuple[Lost, ...]]:
    rows = Removal.objects.filter(enterprise__in=enterprises, until_us__gt=t0)
    return {(row.enterprise, row.kind): (Lost(instant(t0), instant(min(row.until_us, t1)), "removed"),) for row in rows}
