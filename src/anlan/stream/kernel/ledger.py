"""The open alarms, and the sentence that is said each time one changes.

The kernel decides which bits of a point change; this module knows which alarm that is, how bad it has been, and its
ids. It must never decide whether something is an alarm.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite
from typing import NamedTuple

import numpy as np

from anlan.stream.alarm import (
    BIT_H,
    BIT_HH,
    BIT_L,
    BIT_LL,
    AlarmEvent,
    Change,
    KnownAlarm,
    OpenAlarm,
    Peak,
    Side,
    alarm_id,
    event_id,
    level_name,
    level_of,
)
from anlan.stream.kernel.columns import Columns
from anlan.stream.points import PointTable

_LIMIT_SIDES = ((Side.LOW, BIT_L, BIT_LL, 1, 0), (Side.HIGH, BIT_H, BIT_HH, 2, 3))

_PEAKS = {Side.LOW: 0, Side.HIGH: 1}


class Seen(NamedTuple):
    """What an event shows: the value then, the limit that it crossed, the furthest value of the excursion."""

    value: float | None = None
    limit: float | None = None
    extreme: float | None = None


class Times(NamedTuple):
    """When the excursion began, when the alarm changed by the source's own time, and when we found it; epoch µs."""

    since_us: int
    at_us: int
    detected_us: int


class Ledger:
    """Open alarms by (row, side), and the gateways whose state is no longer what was saved."""

    def __init__(self, table: PointTable) -> None:
        self._table = table
        self.open: dict[tuple[int, Side], OpenAlarm] = {}
        self.dirty: set[str] = set()

    def limit_changes(
        self,
        row: int,
        before: int,
        after: int,
        value: float | None,
        starts: list[int],
        at_us: int,
        detected_us: int,
        peaks: Sequence[float],
    ) -> list[AlarmEvent]:
        """What a change of limit bits means for the two sides; `starts` holds where each bit's excursion began,
        `peaks` the furthest values below and above as they were then."""
        events = []
        for (side, outer, inner, outer_column, inner_column), peak in zip(_LIMIT_SIDES, peaks, strict=True):
            old, new = _level(before, outer, inner), _level(after, outer, inner)
            if old == new:
                continue
            flipped = before ^ after
            columns = [c for c, bit in ((outer_column, outer), (inner_column, inner)) if flipped & bit]
            since = min(starts[column] for column in columns)
            shown = new or old
            limit = float(self._table.limits[row, inner_column if shown == 2 else outer_column])
            known = limit if np.isfinite(limit) else None
            seen = Seen(value, known, peak if isfinite(peak) else None)
            events.append(self.change(row, side, new, seen, Times(since, at_us, detected_us)))
        return events

    def change(
        self,
        row: int,
        side: Side,
        level: int,
        seen: Seen,
        times: Times,
        reason: str = "",
    ) -> AlarmEvent:
        """Carry the alarm of one side to `level` (0 clears it) and say so."""
        spec = self._table.specs[row]
        alarm = self.open.get((row, side))
        if alarm is None:
            change = Change.RAISED
            alarm = OpenAlarm(alarm_id(spec.code, side, times.since_us), times.since_us, level, level)
            self.open[row, side] = alarm
        elif level == 0:
            change = Change.CLEARED
            del self.open[row, side]
        else:
            change = Change.WORSENED if level > alarm.level else Change.EASED
            alarm.level, alarm.worst = level, max(alarm.worst, level)
        alarm.changes += 1
        alarm.told = seen.extreme
        self.dirty.add(spec.gateway)
        return AlarmEvent(
            event_id=event_id(alarm.alarm_id, alarm.changes, change),
            alarm_id=alarm.alarm_id,
            point=spec.code,
            enterprise=spec.enterprise,
            source=spec.source,
            side=side,
            change=change,
            level=level_name(side, alarm.level),
            worst=level_name(side, alarm.worst),
            value=seen.value,
            limit=seen.limit,
            since_us=alarm.since_us,
            at_us=times.at_us,
            detected_us=times.detected_us,
            extreme=seen.extreme,
            reason=reason,
        )

    def remember(self, row: int, alarm: KnownAlarm, columns: Columns) -> None:
        """An alarm of a row is open as it is on record; nothing is said of it."""
        side = alarm.side
        self.open[row, side] = OpenAlarm(
            alarm.alarm_id, alarm.since_us, level_of(side, alarm.level), level_of(side, alarm.worst), alarm.changes,
            alarm.extreme,
        )  # fmt: skip
        if side in _PEAKS:
            columns.peak[row, _PEAKS[side]] = np.nan if alarm.extreme is None else alarm.extreme
        self.dirty.add(self._table.specs[row].gateway)

    def forget(self, row: int, side: Side, columns: Columns) -> None:
        """Whatever is open of a side is forgotten; nothing is said of it."""
        self.open.pop((row, side), None)
        if side in _PEAKS:
            columns.peak[row, _PEAKS[side]] = np.nan
        self.dirty.add(self._table.specs[row].gateway)

    def peaks(self, rows: Iterable[int], columns: Columns) -> list[Peak]:
        """The open limit alarms of `rows` that went further than was said of them. From here on it counts as said."""
        found = []
        for row in rows:
            for side in _PEAKS:
                alarm, extreme = self.open.get((row, side)), self.furthest(row, side, columns)
                if alarm is not None and extreme is not None and alarm.told != extreme:
                    alarm.told = extreme
                    found.append(Peak(self._table.specs[row].gateway, alarm.alarm_id, side, extreme))
        return found

    def furthest(self, row: int, side: Side, columns: Columns) -> float | None:
        """The furthest value of the excursion of `side` that is under way; None for sides without limits."""
        peak = float(columns.peak[row, _PEAKS[side]]) if side in _PEAKS else np.nan
        return peak if isfinite(peak) else None


def _level(bits: int, outer: int, inner: int) -> int:
    return 2 if bits & inner else 1 if bits & outer else 0
