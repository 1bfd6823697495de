"""The alarm kernel: samples in, changes of alarms out, for all points of an engine at once.

It decides by sample time and quality alone and reads no clock: what it knows of the present is the receive time of
frames and the `now_us` of `sweep`. Replaying input yields nothing new; a sample not newer than the point's last one
changes no alarm, unless its source's clock is at fault (`sources`), a memory later than the present is not believed
(`set_back`), and what is older than its point's setting is judged by the one before (`former`). It must never write
anything: the engine commits events and `state_of` in one transaction.

Rules. A limit switches on when the value is at or beyond it for `on_delay`, off when it is back by more than
`deadband` for `off_delay`. Bad samples neither raise nor clear limits; they raise `bad_quality` after `on_delay`.
A point that changes too often within a minute keeps its alarm until it has been calm for a minute (`HoldRule`).
`flatline`: the same value for `flatline_s`. `no_data`: nothing received for `no_data_s`, also when nothing ever came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from anlan.rules.alarms import HoldRule
from anlan.rules.rulebook import load
from anlan.stream.alarm import (
    BIT_BAD,
    BIT_FLATLINE,
    BIT_H,
    BIT_HH,
    BIT_L,
    BIT_LL,
    BIT_NO_DATA,
    SWITCHED_OFF,
    AlarmEvent,
    KnownAlarm,
    OpenAlarm,
    Peak,
    Side,
    level_name,
    level_of,
)
from anlan.stream.frame import BAD, Frame
from anlan.stream.gateway_clock import Anchor
from anlan.stream.kernel import checkpoint, sweeps
from anlan.stream.kernel.columns import NEVER, Columns
from anlan.stream.kernel.former import AskFormer, Former, nothing_former
from anlan.stream.kernel.ledger import Ledger, Seen, Times
from anlan.stream.kernel.machine import LIFE, Workspace, machine, run
from anlan.stream.kernel.rounds import Batch, rounds
from anlan.stream.kernel.set_back import SLACK_US, furthest, set_back
from anlan.stream.kernel.sources import SourceTimes
from anlan.stream.kernel.sweeps import BAD_COLUMN
from anlan.stream.points import PointSpec, PointTable

_LIMITS = BIT_LL | BIT_L | BIT_H | BIT_HH
_BITS = {
    Side.LOW: (BIT_L, BIT_LL),
    Side.HIGH: (BIT_H, BIT_HH),
    Side.FLATLINE: (BIT_FLATLINE,),
    Side.BAD_QUALITY: (BIT_BAD,),
    Side.NO_DATA: (BIT_NO_DATA,),
}
"""By side its bits, the lesser level first."""
_PENDING: dict[Side, list[int]] = {
    Side.LOW: [0, 1], Side.HIGH: [2, 3], Side.BAD_QUALITY: [BAD_COLUMN], Side.FLATLINE: [], Side.NO_DATA: []
}  # fmt: skip
"""By side the columns of its delays."""
_NO_ROWS = np.empty(0, np.int32)
_Rows = NDArray[np.intp] | NDArray[np.int32]


class Latest(msgspec.Struct, frozen=True, gc=False):
    """Newest state of some points; arrays in the order asked for.

    `value`: last usable value, NaN when there was none. `quality`: of the newest sample, 2 when there was none.
    Times are epoch µs, 0 when nothing came. `alarm_bits` see `anlan.stream.alarm`. `trend_per_min`: slope over the
    last one to two minutes in units a minute, NaN while unknown.
    """

    value: NDArray[np.float64]
    quality: NDArray[np.uint8]
    sampled_at_us: NDArray[np.int64]
    received_at_us: NDArray[np.int64]
    alarm_bits: NDArray[np.uint8]
    trend_per_min: NDArray[np.float64]


class Restored(NamedTuple):
    """What came of saved states: gateways whose bytes are damaged, and where the clocks of the others stood."""

    damaged: list[str]
    anchors: dict[str, Anchor]


class Kernel:
    """State of every point of `table` and the one machine that changes it. Not thread-safe."""

    def __init__(
        self, table: PointTable, hold: HoldRule | None = None, former: AskFormer = nothing_former
    ) -> None:  # fmt: skip
        rule = hold or HoldRule.of(load())
        self._hold = (rule.changes, rule.window // timedelta(microseconds=1))
        self.table = table
        self._columns = Columns(len(table))
        self._ledger = Ledger(table)
        self._gateway_of: list[str] = []
        self._version = -1
        self._machine, self._room = machine(), Workspace()
        self._sources = SourceTimes()
        self._former = Former(table, former)
        self._awaited: dict[str, int] | None = None
        """By gateway until when its samples may be of a former setting; None: to be worked out."""
        self._furthest = NEVER
        """Nothing in memory is later than this or than `SLACK_US` after the newest receipt."""
        self._follow_table()

    def apply(self, frame: Frame, *, again: bool = False) -> list[AlarmEvent]:
        """Take one frame; returns the changes it causes, in order of its samples."""
        return self.apply_many([frame], again=again)

    def apply_many(self, frames: Sequence[Frame], *, again: bool = False) -> list[AlarmEvent]:
        """Take frames in the order of the log; same result as one `apply` after the other, but much faster.

        Frames must be decoded against this kernel's table. ``again``: they may have been read before, so their receipts
        say nothing of the present.
        """
        self._follow_table()
        self._ledger.dirty.update(frame.gateway for frame in frames)
        events: list[AlarmEvent] = []
        begin = 0
        for place, frame in enumerate(frames):
            if frame.received_at_us < self._furthest - SLACK_US and not again:
                events += self._apply(frames[begin:place])
                begin = place
                self._set_back(frame.index, frame.received_at_us)
            else:
                self._furthest = max(self._furthest, frame.received_at_us)
        return events + self._apply(frames[begin:])

    def _apply(self, frames: Sequence[Frame]) -> list[AlarmEvent]:
        frames = self._sources.believed(frames, self.table, self._columns)
        if self._awaited is None:
            self._awaited = self.table.former_of(self.table.since_us > self._columns.last_us)
        if not self._awaited:
            return self._judge(frames)
        events: list[AlarmEvent] = []
        begin = 0
        for place, frame in enumerate(frames):
            until = self._awaited.get(frame.gateway)
            if until is None or not (frame.sampled_at_us < until).any():
                continue
            events += self._judge(frames[begin:place])
            events += self._judge_former(frame)
            begin = place + 1
        return events + self._judge(frames[begin:])

    def _judge_former(self, frame: Frame) -> list[AlarmEvent]:
        index, time = frame.index, frame.sampled_at_us
        old = (time < self.table.since_us[index]) & (time >= self._columns.last_us[index])
        if not old.any():
            return self._judge([frame])
        events: list[AlarmEvent] = []
        for part, rows, specs in self._former.parts(frame, old):
            with self.table.as_set(rows, specs):
                events += self._judge([part])
        return events

    def _judge(self, frames: Sequence[Frame]) -> list[AlarmEvent]:
        if self._machine is not None:
            return self._apply_compiled(self._machine, frames)
        found: list[tuple[int, AlarmEvent]] = []
        for batch in rounds(frames):
            self._take(batch, found)
        found.sort(key=lambda item: item[0])
        return [event for _, event in found]

    def _apply_compiled(self, compiled: Callable[..., int], frames: Sequence[Frame]) -> list[AlarmEvent]:
        if not frames:
            return []
        said, peaks, samples = run(compiled, self.table, self._columns, frames, self._hold, self._room)
        ends = np.cumsum([len(frame.index) for frame in frames])
        events: list[AlarmEvent] = []
        for (kind, at, row, before, after, since, *starts), peak in zip(said.tolist(), peaks.tolist(), strict=True):
            received_us = frames[int(np.searchsorted(ends, at, "right"))].received_at_us
            value = float(samples.value[at]) if samples.quality[at] != BAD else None
            if kind == LIFE:
                times = Times(NEVER, received_us, received_us)
                events.append(self._ledger.change(row, Side.NO_DATA, 0, Seen(value), times))
            else:
                sampled_us = int(samples.sampled_at_us[at])
                events += self._say(row, (before, after), [*starts, since], value, sampled_us, received_us, peak)
        return events

    def sweep(self, now_us: int, listening_us: int = NEVER, *, again: bool = False) -> list[AlarmEvent]:
        """Find what time alone brings; call it about once a second.

        Raises no_data, finishes on-delays whose excursion had no further sample, raises flatlines of points that are
        still reported without a newer sample, clears the alarms of points taken out of the table. `now_us` is measured
        against receive times: an engine that is behind passes the receive time it has reached in the log, not the wall
        clock, or it would declare silent what merely waits to be read. Silences count from `listening_us` on.
        ``again``: what is being read may have been read before, so that memory may well be later.
        """
        self._follow_table()
        if self._awaited:
            self._awaited = None  # what has come meanwhile is awaited no more
        if self._furthest > now_us + SLACK_US and not again:
            self._set_back(slice(None), now_us)
            self._furthest = now_us + SLACK_US
        events = self._sweep_removed(now_us)
        state, alive = self._columns, self.table.alive
        unknown = alive & (state.expected_us == NEVER)
        if unknown.any():
            state.expected_us[unknown] = now_us
            self._ledger.dirty.update(self._gateway_of[row] for row in np.flatnonzero(unknown))
        events += sweeps.no_data(self.table, state, self._ledger, now_us, listening_us)
        for found in (sweeps.delays, sweeps.flatlines):
            events += found(self.table, state, self._ledger, now_us)
        return events

    def dirty_gateways(self) -> list[str]:
        """Gateways whose state changed since `mark_saved`, sorted."""
        return sorted(self._ledger.dirty)

    def mark_saved(self, gateways: Iterable[str]) -> None:
        """Say that the state of `gateways` as it is now has been committed."""
        self._ledger.dirty.difference_update(gateways)

    def peaks_of(self, gateways: Iterable[str]) -> list[Peak]:
        """Open alarms of these gateways whose value went further than any event or earlier call has said.

        Write them with the `state_of` that is taken afterwards: that state holds them for said.
        """
        self._follow_table()
        rows = np.concatenate([_NO_ROWS, *(self.table.rows_of(gateway) for gateway in gateways)])
        return self._ledger.peaks(rows[(self._columns.bits[rows] & _LIMITS) != 0].tolist(), self._columns)

    def state_of(self, gateway: str, anchor: Anchor | None = None) -> bytes:
        """Everything needed to go on exactly where this gateway's points are, pending delays included.

        ``anchor``: where its clock stands, for whoever gives the kernel its frames.
        """
        self._follow_table()
        rows = self.table.rows_of(gateway)
        listed = rows.tolist()
        opened = [
            (position, side.value, self._ledger.open[listed[position], side])
            for position in np.flatnonzero(self._columns.bits[rows]).tolist()
            for side in Side
            if (listed[position], side) in self._ledger.open
        ]
        codes = [self.table.specs[row].code for row in listed]
        return checkpoint.dump(codes, self._columns, rows, opened, anchor)

    def restore(self, states: Mapping[str, bytes]) -> Restored:
        """Put back what `state_of` gave, gateway by gateway. Points that are no longer a gateway's are left out; of
        gateways whose bytes are damaged nothing is changed."""
        self._follow_table()
        found = Restored([], {})
        parts, opened = [], dict[tuple[int, Side], OpenAlarm]()
        for gateway, state in states.items():
            try:
                saved = checkpoint.load(state)
            except checkpoint.StateError:
                found.damaged.append(gateway)
                continue
            if saved.anchor is not None:
                found.anchors[gateway] = saved.anchor
            rows = self.table.index(gateway, saved.codes)
            known = np.flatnonzero(rows >= 0)
            parts.append((saved, known, rows[known]))
            for position, side_name, alarm in saved.opened:
                if rows[position] >= 0:
                    opened[int(rows[position]), Side(side_name)] = alarm
        if parts:
            self._forget_open(np.concatenate([rows for _, _, rows in parts]))
            checkpoint.put(self._columns, parts)
            self._ledger.open.update(opened)
            remembered = furthest(self._columns, np.concatenate([rows for _, _, rows in parts]))
            self._furthest = max(self._furthest, int(remembered.max(initial=NEVER)))
            self._awaited = None
        return found

    def forget(self, gateways: Iterable[str]) -> None:
        """Drop all memory of these gateways' points: somebody else goes on with them, from the saved state.

        Call it before their points leave the table, or the next `sweep` would end their alarms.
        """
        self._follow_table()
        gone = list(gateways)
        for gateway in gone:
            rows = self.table.rows_of(gateway)
            self._forget_open(rows)
            self._columns.forget(rows)
        self._ledger.dirty.difference_update(gone)
        self._awaited = None

    def _forget_open(self, rows: NDArray[np.int32]) -> None:
        for row in rows[self._columns.bits[rows] != 0].tolist():
            for side in Side:
                self._ledger.open.pop((row, side), None)

    def open_alarms(self) -> dict[str, tuple[str, Side, str]]:
        """The alarms in memory that are open: id → point, side and the word for its level."""
        specs = self.table.specs
        return {
            alarm.alarm_id: (specs[row].code, side, level_name(side, alarm.level))
            for (row, side), alarm in self._ledger.open.items()
        }

    def put_back(self, alarm: KnownAlarm) -> bool:
        """Remember an alarm that is on record, instead of whatever is remembered of its side.

        The samples to come decide about it as about any other, but for those that are not newer than what is on record:
        they have been judged, and a log that is read again may bring them. False where its point is not in use here:
        then nothing is changed.
        """
        self._follow_table()
        row = self.table.row(alarm.point)
        if row is None:
            return False
        self.let_go(alarm.point, alarm.side)
        if alarm.side is Side.NO_DATA:
            self._heard(row, alarm.since_us)
        else:
            self.judged(alarm.point, alarm.changed_us)
        level = level_of(alarm.side, alarm.level)
        self._ledger.remember(row, alarm, self._columns)
        self._columns.bits[row] |= np.uint8(sum(_BITS[alarm.side][:level]))
        self._columns.busy[row] = True
        return True

    def judged(self, point: str, until_us: int) -> None:
        """The samples of a point up to an instant have had their effect: what is not newer changes no alarm of it.

        An instant that turns out to lie after the present is not believed, like all of memory (`set_back`).
        """
        self._follow_table()
        row = self.table.row(point)
        if row is None or until_us <= self._columns.last_us[row]:
            return
        self._columns.last_us[row] = self._columns.recv_us[row] = until_us
        self._furthest = max(self._furthest, until_us)
        self._ledger.dirty.add(self._gateway_of[row])

    def _heard(self, row: int, until_us: int) -> None:
        """Of a point something came up to an instant, the beginning of its silence: a frame that is not newer is no
        sign of life."""
        state = self._columns
        state.frame_us[row] = max(int(state.frame_us[row]), until_us)
        state.seen_us[row] = max(int(state.seen_us[row]), until_us)
        self._furthest = max(self._furthest, until_us)

    def unheard(self) -> list[PointSpec]:
        """Points in use of which no sample is remembered."""
        self._follow_table()
        rows = np.flatnonzero(self.table.alive & (self._columns.last_us == NEVER))
        return [self.table.specs[row] for row in rows.tolist()]

    def let_go(self, point: str, side: Side) -> None:
        """Forget the open alarm of a side, which is not on record: if it is one, the samples to come raise it anew."""
        self._follow_table()
        row = self.table.row(point)
        if row is None:
            return
        state = self._columns
        self._ledger.forget(row, side, state)
        state.bits[row] &= ~np.uint8(sum(_BITS[side]))
        state.pending_us[row, _PENDING[side]] = NEVER
        state.busy[row] = bool(state.bits[row]) or bool((state.pending_us[row] != NEVER).any())

    def latest(self, index: NDArray[np.int32] | Sequence[int]) -> Latest:
        """Newest state of the points in rows `index`."""
        self._follow_table()
        state = self._columns
        rows = np.asarray(index, np.int32)
        seen = state.last_us[rows] != NEVER
        age = state.good_us[rows] - state.anchor_us[rows, 0]
        usable = (state.anchor_us[rows, 0] != NEVER) & (age > 0) & (age <= 300_000_000)
        slope = (state.value[rows] - state.anchor_value[rows, 0]) * (60_000_000 / np.where(usable, age, 1))
        return Latest(
            value=state.value[rows],
            quality=np.where(seen, state.quality[rows], BAD).astype(np.uint8),
            sampled_at_us=np.where(seen, state.last_us[rows], 0),
            received_at_us=np.where(seen, state.recv_us[rows], 0),
            alarm_bits=state.bits[rows],
            trend_per_min=np.where(usable, slope, np.nan),
        )

    @property
    def bits(self) -> NDArray[np.uint8]:
        """Alarm bits of all rows. Read only."""
        return self._columns.bits

    def _set_back(self, rows: NDArray[np.int32] | slice, now_us: int) -> None:
        moved = set_back(self._columns, rows, now_us)
        self.table.not_after(now_us)
        self._awaited = None
        self._ledger.dirty.update({self._gateway_of[row] for row in moved.tolist()})

    # -- samples ------------------------------------------------------------------------------------------------------

    def _take(self, batch: Batch, found: list[tuple[int, AlarmEvent]]) -> None:
        state, rows = self._columns, batch.rows
        if not self.table.alive[rows].all():
            batch = batch.only(self.table.alive[rows])
            rows = batch.rows
        newer = batch.collected > state.frame_us[rows]
        if newer.any():
            self._note_life(batch, newer, found)
        again = self._worse_of_one_instant(batch)
        fresh = (batch.time > state.last_us[rows]) | again
        if not fresh.all():
            batch, again = batch.only(fresh), again[fresh]
            rows = batch.rows
        if not len(rows):
            return
        table, value, time = self.table, batch.value, batch.time
        same = value == state.value[rows]
        changed_us = np.where(same, state.changed_us[rows], time)
        hot = (value <= table.quiet_low[rows]) | (value >= table.quiet_high[rows])
        bad = batch.quality == BAD
        hot |= state.busy[rows] | bad | (time - changed_us >= table.flatline_us[rows])
        if hot.any():
            changed_us[hot] = self._decide(batch.only(hot), again[hot], found)
            if bad.any():
                batch, changed_us = batch.only(~bad), changed_us[~bad]
        self._store_good(batch, changed_us)

    def _worse_of_one_instant(self, batch: Batch) -> NDArray[np.bool_]:
        """Samples of the instant that was taken last which reach further beyond a limit than the one that was taken.

        Gateways state whole seconds and send more than once in one: of several values of an instant the worst counts,
        in whatever order and however often they come. Such a sample may raise and worsen, and ends nothing.
        """
        state, table, rows, value = self._columns, self.table, batch.rows, batch.value
        at_last: NDArray[np.bool_] = batch.time == state.last_us[rows]
        if not at_last.any():
            return at_last
        taken = state.value[rows]
        lower = (value <= table.quiet_low[rows]) & ~(value >= taken)
        higher = (value >= table.quiet_high[rows]) & ~(value <= taken)
        worse: NDArray[np.bool_] = at_last & (batch.quality != BAD) & (lower | higher)
        return worse

    def _store_good(self, batch: Batch, changed_us: NDArray[np.int64]) -> None:
        state, rows, time = self._columns, batch.rows, batch.time
        state.last_us[rows] = time
        state.recv_us[rows] = batch.received
        state.good_us[rows] = time
        state.good_recv_us[rows] = batch.received
        state.value[rows] = batch.value
        state.quality[rows] = batch.quality
        state.changed_us[rows] = changed_us
        due = time - state.anchor_us[rows, 1] >= 60_000_000
        if due.any():
            moved = rows[due]
            state.anchor_us[moved, 0] = state.anchor_us[moved, 1]
            state.anchor_value[moved, 0] = state.anchor_value[moved, 1]
            state.anchor_us[moved, 1] = time[due]
            state.anchor_value[moved, 1] = batch.value[due]

    def _note_life(self, batch: Batch, newer: NDArray[np.bool_], found: list[tuple[int, AlarmEvent]]) -> None:
        state = self._columns
        alive = batch if newer.all() else batch.only(newer)
        rows = alive.rows
        # strictly growing, so that a second silence is a second alarm even if the server's clock stepped back
        state.seen_us[rows] = np.maximum(state.seen_us[rows] + 1, alive.received)
        state.frame_us[rows] = alive.collected
        for at in np.flatnonzero(state.bits[rows] & BIT_NO_DATA):
            row, received = int(rows[at]), int(alive.received[at])
            value = float(alive.value[at]) if alive.quality[at] != BAD else None
            state.bits[row] &= ~np.uint8(BIT_NO_DATA)
            state.busy[row] = bool(state.bits[row]) or bool((state.pending_us[row] != NEVER).any())
            event = self._ledger.change(row, Side.NO_DATA, 0, Seen(value), Times(NEVER, received, received))
            found.append((int(alive.order[at]) * 8, event))

    def _decide(self, batch: Batch, again: NDArray[np.bool_], found: list[tuple[int, AlarmEvent]]) -> NDArray[np.int64]:
        """The full machine, for the samples that can matter; every row at most once.

        ``again``: those of an instant that was taken before (`_worse_of_one_instant`). The measured values themselves
        are stored by the caller, afterwards. Returns since when each value stands.
        """
        state, table, rows = self._columns, self.table, batch.rows
        value, time, ok = batch.value, batch.time, batch.quality != BAD
        before = state.bits[rows]
        after = before.copy()
        pending = state.pending_us[rows]
        started = np.full_like(pending, NEVER)
        on_delay, off_delay, deadband = table.on_delay_us[rows], table.off_delay_us[rows], table.deadband[rows]
        hold_after, hold_us = self._hold
        calm = time[:, None] - state.flips_us[rows] > hold_us
        flips = np.where(calm, 0, state.flips[rows])
        holding = flips >= hold_after
        flipped, absorbed = np.zeros_like(calm), np.zeros_like(calm)
        for bit in range(5):
            active = (before & (BIT_BAD if bit == BAD_COLUMN else 1 << bit)) != 0
            if bit == BAD_COLUMN:
                wanted, counts = np.where(active, ok, ~ok), np.ones_like(ok)
            else:
                limit = table.bounds[rows, bit]
                on, off = (
                    (value <= limit, value > limit + deadband)
                    if bit < 2
                    else (value >= limit, value < limit - deadband)
                )
                wanted, counts = np.where(active, off, on) & ok, ok
            moves = ~again if bit == BAD_COLUMN else ~again | (active != wanted)
            start = np.where(pending[:, bit] == NEVER, time, pending[:, bit])
            group = int(bit == BAD_COLUMN)
            held = np.where(holding[:, group], np.maximum(off_delay, hold_us), off_delay)
            fire = moves & wanted & (time - start >= np.where(active, held, on_delay))
            started[:, bit] = start
            flipped[:, group] |= fire
            absorbed[:, group] |= moves & holding[:, group] & active & ~wanted & counts & (pending[:, bit] != NEVER)
            told = np.where(wanted & ~fire, start, np.where(counts, NEVER, pending[:, bit]))
            pending[:, bit] = np.where(moves, told, pending[:, bit])
            after[fire] ^= BIT_BAD if bit == BAD_COLUMN else 1 << bit
        peaks = state.peak[rows]
        further = np.stack([np.fmin(peaks[:, 0], value), np.fmax(peaks[:, 1], value)], axis=1)
        peaks = np.where(ok[:, None], further, peaks)
        limits = (after[:, None] & np.array([BIT_LL, BIT_L, BIT_H, BIT_HH], np.uint8) != 0) | (pending[:, :4] != NEVER)
        out = np.stack([limits[:, :2].any(axis=1), limits[:, 2:].any(axis=1)], axis=1)
        state.peak[rows] = np.where(out, peaks, np.nan)
        same = ok & (value == state.value[rows])
        changed_us = np.where(same | ~ok, state.changed_us[rows], time)
        flat_before = (before & BIT_FLATLINE) != 0
        flat = np.where(ok & ~again, same & (time - changed_us >= table.flatline_us[rows]), flat_before)
        after[flat != flat_before] ^= BIT_FLATLINE
        # a flatline that ends though the value stays (a sweep was ahead of the samples, or the time it takes was set
        # longer) begins anew: the next one is another alarm and needs another id
        changed_us = np.where(same & flat_before & ~flat, time, changed_us)
        noted = flipped | absorbed
        state.flips_us[rows] = np.where(noted & (calm | holding), time[:, None], state.flips_us[rows])
        state.flips[rows] = np.where(noted, np.minimum(flips + flipped, 255), state.flips[rows])
        state.bits[rows] = after
        state.pending_us[rows] = pending
        state.busy[rows] = (after != 0) | (pending != NEVER).any(axis=1)
        state.last_us[rows] = time
        state.recv_us[rows] = batch.received
        state.quality[rows] = batch.quality
        for at in np.flatnonzero(before != after).tolist():
            events = self._say(
                int(rows[at]),
                (int(before[at]), int(after[at])),
                [*started[at].tolist(), int(changed_us[at])],
                float(value[at]) if ok[at] else None,
                int(time[at]),
                int(batch.received[at]),
                peaks[at].tolist(),
            )
            place = int(batch.order[at]) * 8 + 1
            found.extend((place + number, event) for number, event in enumerate(events))
        return changed_us

    def _say(
        self, row: int, bits: tuple[int, int], starts: list[int], value: float | None, at_us: int, detected_us: int,
        peaks: list[float],
    ) -> list[AlarmEvent]:  # fmt: skip
        before, after = bits
        events = self._ledger.limit_changes(row, before, after, value, starts, at_us, detected_us, peaks)
        for side, bit, column in ((Side.FLATLINE, BIT_FLATLINE, 5), (Side.BAD_QUALITY, BIT_BAD, BAD_COLUMN)):
            if (before ^ after) & bit:
                level = 1 if after & bit else 0
                times = Times(starts[column], at_us, detected_us)
                events.append(self._ledger.change(row, side, level, Seen(value), times))
        return events

    def _sweep_removed(self, now_us: int) -> list[AlarmEvent]:
        events: list[AlarmEvent] = []
        state = self._columns
        gone = np.flatnonzero(~self.table.alive & ((state.last_us != NEVER) | state.busy))
        for row in gone.tolist():
            for side in Side:
                if (row, side) in self._ledger.open:
                    seen = Seen(extreme=self._ledger.furthest(row, side, state))
                    times = Times(NEVER, now_us, now_us)
                    events.append(self._ledger.change(row, side, 0, seen, times, SWITCHED_OFF))
            state.forget(row)
        return events

    def _follow_table(self) -> None:
        table = self.table
        if self._version == table.version:
            return
        self._columns.grow(len(table))
        before, self._gateway_of = self._gateway_of, [spec.gateway for spec in table.specs]
        if before != self._gateway_of[: len(before)]:
            for old, new in zip(before, self._gateway_of, strict=False):
                if old != new:
                    self._ledger.dirty.update((old, new))
        self._version, self._awaited = table.version, None
