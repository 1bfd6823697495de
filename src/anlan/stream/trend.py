"""The curve of one tag over any range in at most N points, with every peak kept and every gap shown.

Each point carries lowest, highest, mean, last and count of its stretch of time. A stretch without samples becomes a
point with count 0, unless the samples on both sides are no further apart than their period explains. Nothing is ever
interpolated.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anlan.stream.blocks.block import read
from anlan.stream.blocks.matrix import Series
from anlan.stream.rollup import MINUTE_US, Minutes, join, minutes_of, read_table

GAP_PERIODS = 3


@dataclass(frozen=True)
class Trend:
    """Parallel arrays, one element a point, at most as many as asked for.

    `start_us`: where the point's stretch of `width_us` begins. Where `count` is 0 nothing was measured and the other
    figures are NaN. Times epoch µs.
    """

    width_us: int
    start_us: NDArray[np.int64]
    lowest: NDArray[np.float64]
    highest: NDArray[np.float64]
    mean: NDArray[np.float64]
    last: NDArray[np.float64]
    count: NDArray[np.int64]


@dataclass(frozen=True)
class _Pieces:
    time: NDArray[np.int64]
    lowest: NDArray[np.float64]
    highest: NDArray[np.float64]
    mean: NDArray[np.float64]
    last: NDArray[np.float64]
    count: NDArray[np.int64]


def trend(
    code: str,
    t0_us: int,
    t1_us: int,
    buckets: int,
    *,
    blocks: Iterable[bytes] = (),
    rollups: Iterable[bytes] = (),
    period_us: int = 5_000_000,
) -> Trend:
    """The curve of `code` for t0 ≤ t < t1.

    `blocks` are read sample by sample; `rollups` (for ranges where a point spans minutes) minute by minute; give each
    stretch of time through one of them, the newest stretch usually as blocks. Blocks may overlap: a sample held twice
    counts once. `period_us`: expected spacing of samples. Raises BlockError for a damaged block, ValueError for an
    empty range.
    """
    tables = [read_table(rollup, {code}) for rollup in rollups]
    raw = [held[code] for block in blocks if code in (held := read(block, {code}))]
    return curve(raw, join(tables).get(code), t0_us, t1_us, buckets, period_us=period_us)


def curve(
    raw: Sequence[Series], minutes: Minutes | None, t0_us: int, t1_us: int, buckets: int, *, period_us: int
) -> Trend:
    """The curve of one tag from samples and, where it was read through roll-ups, minutes; see `trend`.

    Raises ValueError for an empty range.
    """
    if t1_us <= t0_us or buckets < 1:
        raise ValueError("a trend needs a range and at least one point")
    times, values = samples(raw, period_us)
    spacing = period_us
    if minutes is not None:
        spacing = max(period_us, MINUTE_US)
        parts = [_from_minutes(minutes), _from_minutes(minutes_of(times, values, np.zeros(len(times), np.uint8)))]
    else:
        parts = [_Pieces(times, values, values, values, values, np.ones(len(times), np.int64))]
    return _bucket(_join(parts, t0_us, t1_us), t0_us, t1_us, buckets, spacing)


def samples(parts: Sequence[Series], period_us: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Usable samples of several stretches of one tag as (time, value), in order, each once.

    The time is the sample's own. A value whose source time stands still while the gateway keeps confirming it is shown
    no earlier than one period before each confirmation.
    """
    if not parts:
        return np.empty(0, np.int64), np.empty(0)
    sampled = np.concatenate([part.sampled_us for part in parts])
    collected = np.concatenate([part.collected_us for part in parts])
    received = np.concatenate([part.received_us for part in parts])
    value = np.concatenate([part.value for part in parts])
    quality = np.concatenate([part.quality for part in parts])
    burst = np.concatenate([part.burst for part in parts])
    time = np.where(burst, sampled, np.maximum(sampled, collected - period_us))
    order = np.lexsort((received, collected, time))
    time, value, quality = time[order], value[order], quality[order]
    # of samples at one instant the one received last stands
    final = np.r_[time[1:] != time[:-1], True][: len(time)]
    kept = final & (quality < 2) & np.isfinite(value)
    return time[kept], value[kept]


def _from_minutes(minutes: Minutes) -> _Pieces:
    return _Pieces(minutes.start_us, minutes.lowest, minutes.highest, minutes.mean, minutes.last, minutes.count)


def _join(parts: list[_Pieces], t0_us: int, t1_us: int) -> _Pieces:
    columns = [
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("time", "lowest", "highest", "mean", "last", "count")
    ]
    inside = (columns[0] >= t0_us) & (columns[0] < t1_us)
    order = np.argsort(columns[0][inside], kind="stable")
    return _Pieces(*(column[inside][order] for column in columns))


def _bucket(pieces: _Pieces, t0_us: int, t1_us: int, buckets: int, spacing_us: int) -> Trend:
    width = max(-(-(t1_us - t0_us) // buckets), 1)
    place = (pieces.time - t0_us) // width
    if not len(place):
        # one point that says: nothing was measured in all this time
        return _with_gaps(width, np.array([t0_us]), [np.array([np.nan])] * 4, np.zeros(1, np.int64))
    starts = np.flatnonzero(np.r_[True, place[1:] != place[:-1]])
    sizes = np.diff(np.r_[starts, len(place)])
    count = np.add.reduceat(pieces.count, starts)
    weight = pieces.count / np.repeat(count, sizes)
    lowest, highest = np.minimum.reduceat(pieces.lowest, starts), np.maximum.reduceat(pieces.highest, starts)
    mean = np.clip(np.add.reduceat(pieces.mean * weight, starts), lowest, highest)
    last = pieces.last[starts + sizes - 1]
    filled = place[starts]
    # a gap: an empty point between neighbours that are further apart than the period explains
    ends = pieces.time[starts + sizes - 1]
    apart = pieces.time[starts[1:]] - ends[:-1]
    gaps = filled[:-1][(np.diff(filled) > 1) & (apart > GAP_PERIODS * spacing_us)] + 1
    edges = []
    if filled[0] > 0 and pieces.time[0] - t0_us > GAP_PERIODS * spacing_us:
        edges.append(0)
    final = (t1_us - 1 - t0_us) // width
    if filled[-1] < final and t1_us - ends[-1] > GAP_PERIODS * spacing_us:
        edges.append(int(filled[-1]) + 1)
    empty = np.r_[gaps, np.array(edges, np.int64)]
    places = np.r_[filled, empty]
    order = np.argsort(places, kind="stable")
    blank = np.full(len(empty), np.nan)
    columns = [np.r_[column, blank][order] for column in (lowest, highest, mean, last)]
    counts = np.r_[count, np.zeros(len(empty), np.int64)][order]
    return _with_gaps(width, t0_us + places[order] * width, columns, counts)


def _with_gaps(
    width: int, start: NDArray[np.int64], columns: list[NDArray[np.float64]], count: NDArray[np.int64]
) -> Trend:
    return Trend(width, start, columns[0], columns[1], columns[2], columns[3], count)
