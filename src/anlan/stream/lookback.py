"""Looks through stored samples for excursions that no live evaluation saw, because some of them came too late.

The same kernel as the engine's, over a memory of its own that is thrown away afterwards: nothing here touches live
state, so old data can neither raise nor clear a live alarm. Pure; no clock, no I/O.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anlan.stream.alarm import AlarmEvent, Change, Side
from anlan.stream.blocks.matrix import Series
from anlan.stream.frame import Frame
from anlan.stream.kernel import Kernel
from anlan.stream.points import PointSpec, PointTable


@dataclass(frozen=True)
class Excursion:
    """One stretch of a point beyond a limit, as the kernel would have seen it had all samples come in their order.

    ``alarm_id`` is the kernel's own. Sample times, epoch µs: ``since_us`` the first sample beyond the limit,
    ``raised_us`` when the delay had passed, ``cleared_us`` when it was over, None when it was not over at the end.
    ``limit`` is that of ``worst``; ``extreme`` the worst value, first reached at ``extreme_us``.
    """

    alarm_id: str
    point: str
    side: Side
    worst: str
    limit: float | None
    extreme: float
    since_us: int
    raised_us: int
    cleared_us: int | None
    extreme_us: int


@dataclass(frozen=True)
class Samples:
    """Samples of one gateway in order of time, in parallel; each (time, row of the table) once."""

    row: NDArray[np.int32]
    time: NDArray[np.int64]
    received: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.uint8]


def excursions(
    gateway: str, specs: Sequence[tuple[int, Sequence[PointSpec]]], series: Mapping[str, Sequence[Series]]
) -> list[Excursion]:
    """Excursions beyond limits in the samples of one gateway, in order of their beginning.

    ``specs``: (from when, all points as they were set then), oldest first; the first also holds for what is older.
    ``series``: samples by point, in any order, repeated or not; of two at one instant the one received last stands.
    Points that no setting names are left out. An excursion that began before the first sample cannot be told from one
    that began with it: give a margin before what matters.
    """
    if not specs:
        return []
    table = PointTable(specs[0][1])
    kernel = Kernel(table)
    samples = _in_order(gateway, table, series)
    events: list[AlarmEvent] = []
    waiting = list(specs[1:])
    for frame in _frames(gateway, samples):
        while waiting and waiting[0][0] <= frame.collected_at_us:
            table.update(waiting.pop(0)[1])
        events += kernel.apply(frame, again=True)
    return _excursions(events, samples, table)


def _in_order(gateway: str, table: PointTable, series: Mapping[str, Sequence[Series]]) -> Samples:
    rows: list[NDArray[np.int32]] = []
    parts: list[Series] = []
    for code, each in series.items():
        row = table.row(code)
        if row is not None:
            parts += each
            rows += [np.full(len(one), row, np.int32) for one in each]
    if not parts:
        nothing = np.empty(0, np.int64)
        return Samples(np.empty(0, np.int32), nothing, nothing, np.empty(0), np.empty(0, np.uint8))
    row_all = np.concatenate(rows)
    time = np.concatenate([one.sampled_us for one in parts])
    received = np.concatenate([one.received_us for one in parts])
    order = np.lexsort((received, row_all, time))
    row_all, time = row_all[order], time[order]
    last = np.r_[(time[1:] != time[:-1]) | (row_all[1:] != row_all[:-1]), True]
    kept = order[last]
    return Samples(
        row_all[last],
        time[last],
        received[order][last],
        np.concatenate([one.value for one in parts])[kept],
        np.concatenate([one.quality for one in parts])[kept],
    )


def _frames(gateway: str, samples: Samples) -> Iterator[Frame]:
    starts = np.flatnonzero(np.r_[True, samples.time[1:] != samples.time[:-1]])[: len(samples.time)]
    ends = np.r_[starts[1:], len(samples.time)][: len(starts)]
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        yield Frame(
            gateway=gateway,
            collected_at_us=int(samples.time[start]),
            received_at_us=int(samples.received[start:end].max()),
            index=samples.row[start:end],
            value=np.where(samples.quality[start:end] < 2, samples.value[start:end], np.nan),
            quality=samples.quality[start:end],
            sampled_at_us=samples.time[start:end],
            unknown=[],
            unique=True,
        )


def _excursions(events: Sequence[AlarmEvent], samples: Samples, table: PointTable) -> list[Excursion]:
    by_alarm: dict[str, list[AlarmEvent]] = {}
    for event in events:
        if event.side in (Side.HIGH, Side.LOW):
            by_alarm.setdefault(event.alarm_id, []).append(event)
    found = []
    for alarm, changes in by_alarm.items():
        first, last = changes[0], changes[-1]
        cleared = last.at_us if last.change is Change.CLEARED else None
        own = (samples.row == table.row(first.point)) & (samples.quality < 2) & (samples.time >= first.since_us)
        if cleared is not None:
            own &= samples.time <= cleared
        values = samples.value[own]
        at = int(values.argmin() if first.side is Side.LOW else values.argmax())
        worst = [event for event in changes if event.level == last.worst and event.change is not Change.CLEARED]
        found.append(
            Excursion(
                alarm, first.point, first.side, last.worst, worst[0].limit if worst else first.limit,
                float(values[at]), first.since_us, first.at_us, cleared, int(samples.time[own][at]),
            )
        )  # fmt: skip
    return sorted(found, key=lambda each: (each.since_us, each.point))
