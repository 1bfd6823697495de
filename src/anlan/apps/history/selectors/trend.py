"""The curve of a point over any range (MON-15): order, extremes, mean, limits, and every gap shown as a gap."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from django.db.models import Sum
from numpy.typing import NDArray

from anlan.apps.history.models import Block, Grain, Rollup
from anlan.apps.registry.models import Point
from anlan.stream.blocks import read
from anlan.stream.rollup import MINUTE_US
from anlan.stream.trend import Trend
from anlan.stream.trend import trend as bucketed

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR_US = 3_600_000_000


@dataclass(frozen=True)
class PointTrend:
    """A curve, its figures over the whole range (None where nothing was measured), and the limits that hold now."""

    curve: Trend
    lowest: float | None
    mean: float | None
    highest: float | None
    count: int
    limits: dict[str, float]


@dataclass(frozen=True)
class Samples:
    """Single samples in order of sample time; parallel arrays, times epoch µs, quality 0 good, 1 uncertain, 2 bad."""

    sampled_at_us: NDArray[np.int64]
    received_at_us: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.value)


def limits_of(point: Point) -> dict[str, float]:
    """The limits of a point by name, those it has."""
    named = {"LL": point.ll, "L": point.l, "H": point.h, "HH": point.hh}
    return {name: float(limit) for name, limit in named.items() if limit is not None}


def trend(point: Point, start: datetime, end: datetime, buckets: int = 500) -> PointTrend:
    """The curve of ``point`` for start ≤ t < end in at most ``buckets`` stretches.

    Where a stretch spans minutes, compacted hours are read through their roll-ups, so that a week costs as little as
    an hour. Raises ValueError for an empty range and `BlockError` for damaged history.
    """
    t0, t1 = micros(start), micros(end)
    blocks, rollups = _stored(point.gateway.code, t0, t1, by_minute=(t1 - t0) // max(buckets, 1) >= MINUTE_US)
    curve = bucketed(
        point.code, t0, t1, buckets, blocks=blocks, rollups=rollups, period_us=round(point.period_s * 1_000_000)
    )
    measured = curve.count > 0
    count = int(curve.count.sum())
    if not count:
        return PointTrend(curve, None, None, None, 0, limits_of(point))
    mean = float(np.average(curve.mean[measured], weights=curve.count[measured]))
    return PointTrend(
        curve,
        float(curve.lowest[measured].min()),
        mean,
        float(curve.highest[measured].max()),
        count,
        limits_of(point),
    )


def raw(point: Point, start: datetime, end: datetime) -> Samples:
    """Every sample of ``point`` with start ≤ sample time < end, each once, whatever its quality.

    A sample that was received twice counts once; of two at one instant the one received last stands.
    """
    t0, t1 = micros(start), micros(end)
    bodies, _ = _stored(point.gateway.code, t0, t1, by_minute=False)
    series = [found[point.code] for body in bodies if point.code in (found := read(body, {point.code}))]
    if not series:
        nothing = np.empty(0, np.int64)
        return Samples(nothing, nothing, np.empty(0), np.empty(0, np.uint8))
    at = np.concatenate([one.sampled_us for one in series])
    received = np.concatenate([one.received_us for one in series])
    value = np.concatenate([one.value for one in series])
    quality = np.concatenate([one.quality for one in series])
    order = np.lexsort((received, at))
    at, received, value, quality = at[order], received[order], value[order], quality[order]
    kept = np.r_[at[1:] != at[:-1], True][: len(at)] & (at >= t0) & (at < t1)
    return Samples(at[kept], received[kept], value[kept], quality[kept])


def samples_count(start: datetime, end: datetime, *, enterprise: str = "", gateway: str = "") -> int:
    """How many samples the rows beginning in start ≤ t < end hold; all, or those of one enterprise or gateway.

    Read from the rows' own counts: a packet that was stored twice counts twice until its hour is compacted.
    """
    rows = Block.objects.filter(start_us__gte=micros(start), start_us__lt=micros(end))
    if enterprise:
        rows = rows.filter(enterprise=enterprise)
    if gateway:
        rows = rows.filter(gateway=gateway)
    return int(rows.aggregate(total=Sum("samples"))["total"] or 0)


def micros(moment: datetime) -> int:
    """An aware instant as whole epoch microseconds."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def _stored(gateway: str, t0: int, t1: int, *, by_minute: bool) -> tuple[list[bytes], list[bytes]]:
    """Blocks, and roll-ups for the hours that need no blocks. A sample may be older than the frame that brought it."""
    rows = Block.objects.filter(gateway=gateway, start_us__gt=t0 - HOUR_US, start_us__lt=t1 + HOUR_US)
    if not by_minute:
        return [bytes(body) for body in rows.order_by("start_us", "part").values_list("body", flat=True)], []
    rolled = {
        start: bytes(body)
        for start, body in Rollup.objects.filter(
            gateway=gateway, start_us__gt=t0 - HOUR_US, start_us__lt=t1 + HOUR_US
        ).values_list("start_us", "body")
    }
    # an hour with fresh rows beside its block, or without a roll-up, is read sample by sample
    fresh = {start // HOUR_US * HOUR_US for start in rows.filter(grain=Grain.MINUTE).values_list("start_us", flat=True)}
    through = {hour: body for hour, body in rolled.items() if hour not in fresh}
    hours = rows.filter(grain=Grain.HOUR).exclude(start_us__in=list(through))
    minutes = rows.filter(grain=Grain.MINUTE)
    bodies = [bytes(body) for part in (hours, minutes) for body in part.values_list("body", flat=True)]
    return bodies, list(through.values())
