"""The kernel's rules once more, one sample after the other: the twin of the array form in `kernel`, for numba.

It changes the columns exactly as the array form does and says the same in the same order; the rules are explained
there, and both are held against the same slow reference. A sample costs some ten nanoseconds, whatever its batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from anlan.stream.alarm import BIT_BAD, BIT_FLATLINE, BIT_NO_DATA
from anlan.stream.compiled import compile_or_none
from anlan.stream.frame import BAD, Frame
from anlan.stream.kernel.columns import NEVER, Columns
from anlan.stream.points import PointTable

LIFE, DECISION = 0, 1
"""What a row of the answer of `run` says: the point is heard of again, or its bits changed."""
SAID = 11
"""Columns of such a row: kind, place of the sample, row, bits before, bits after, since when the value stands, and
where the excursion of LL, L, H, HH and bad quality began."""
_ANCHOR_US = 60_000_000


@cache
def machine() -> Callable[..., int] | None:
    """`steps` as machine code; None without numba."""
    return compile_or_none(steps)


class Workspace:
    """Arrays that one call after the other works in: fresh ones cost as much in page faults as the rules themselves."""

    def __init__(self) -> None:
        self._size = -1

    def for_samples(self, number: int) -> None:
        """See to it that ``number`` samples fit; what was in it is gone when it has to grow."""
        if number <= self._size:
            return
        self._size = number + number // 2
        self.index, self.value = np.empty(self._size, np.int32), np.empty(self._size, np.float64)
        self.quality, self.sampled_at_us = np.empty(self._size, np.uint8), np.empty(self._size, np.int64)
        self.said = np.empty((2 * self._size, SAID), np.int64)
        self.peaks = np.empty((2 * self._size, 2), np.float64)

    def join(self, frames: Sequence[Frame], number: int) -> Frame:
        """The samples of all ``frames``, in arrays that hold until the next call."""
        return Frame(
            gateway="",
            collected_at_us=0,
            received_at_us=0,
            index=np.concatenate([frame.index for frame in frames], out=self.index[:number]),
            value=np.concatenate([frame.value for frame in frames], out=self.value[:number]),
            quality=np.concatenate([frame.quality for frame in frames], out=self.quality[:number]),
            sampled_at_us=np.concatenate([frame.sampled_at_us for frame in frames], out=self.sampled_at_us[:number]),
            unknown=[],
        )


Longs: TypeAlias = NDArray[np.int64]
Bytes: TypeAlias = NDArray[np.uint8]
Reals: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
Samples: TypeAlias = tuple[Longs, Longs, Longs, NDArray[np.int32], Reals, Bytes, Longs]
"""Ends, receipts and collect times of the frames; rows, values, qualities and own times of their samples."""
Rules: TypeAlias = tuple[Flags, Reals, Reals, Reals, Reals, Longs, Longs, Longs]
"""What the table declares of each point."""
Held: TypeAlias = tuple[
    Longs,
    Longs,
    Longs,
    Longs,
    Longs,
    Longs,
    Longs,
    Longs,
    Longs,
    Reals,
    Reals,
    Bytes,
    Bytes,
    Flags,
    Longs,
    Bytes,
    Reals,
]
"""The columns that a sample changes. These are plain tuples because numba takes named ones apart so slowly that a
packet a call would take a seventh longer."""


def run(
    compiled: Callable[..., int], table: PointTable, state: Columns, frames: Sequence[Frame], hold: tuple[int, int],
    room: Workspace,
) -> tuple[NDArray[np.int64], NDArray[np.float64], Frame]:  # fmt: skip
    """Take ``frames`` in order; columns are updated. Returns what happened (see `SAID`), beside it the peaks below and
    above as they were then, and all samples joined: they stand in ``room`` and hold until the next call."""
    sizes = [len(frame.index) for frame in frames]
    number = sum(sizes)
    room.for_samples(number)
    joined = frames[0] if len(frames) == 1 else room.join(frames, number)
    samples = (
        np.cumsum(sizes),
        np.array([frame.received_at_us for frame in frames], np.int64),
        np.array([frame.collected_at_us for frame in frames], np.int64),
        joined.index, joined.value, joined.quality, joined.sampled_at_us,
    )  # fmt: skip
    rules = (
        table.alive, table.bounds, table.deadband, table.quiet_low, table.quiet_high, table.on_delay_us,
        table.off_delay_us, table.flatline_us,
    )  # fmt: skip
    held = (
        state.last_us, state.recv_us, state.good_us, state.good_recv_us, state.changed_us, state.seen_us,
        state.frame_us, state.pending_us, state.anchor_us, state.anchor_value, state.value, state.quality,
        state.bits, state.busy, state.flips_us, state.flips, state.peak,
    )  # fmt: skip
    count = compiled(samples, rules, held, hold, room.said, room.peaks)
    return room.said[:count], room.peaks[:count], joined


def steps(samples: Samples, rules: Rules, state: Held, hold: tuple[int, int], said: Longs, peaks: Reals) -> int:
    """Takes one sample after the other; frame ``f`` holds those before ``ends[f]``, and ``state`` is changed.

    ``hold``: after so many changes, for so many µs. Returns how many rows of ``said`` and of ``peaks`` were written.
    """
    ends, received, collected, rows, value, quality, time = samples
    alive, limits, deadband, quiet_low, quiet_high, on_delay, off_delay, flatline = rules
    hold_after, hold_us = hold
    last, recv, good, good_recv, changed, seen, frame_us, pending = state[:8]
    anchor_us, anchor_value, held, held_quality, bits, busy, flips_us, flips, peak = state[8:]
    count = 0
    begin = 0
    starts = np.empty(5, np.int64)
    calm, holding = np.empty(2, np.bool_), np.empty(2, np.bool_)
    flipped, absorbed = np.empty(2, np.bool_), np.empty(2, np.bool_)
    out = np.empty(2, np.bool_)
    for frame in range(ends.size):
        end, heard, gathered = ends[frame], received[frame], collected[frame]
        for at in range(begin, end):
            row = np.uintp(rows[at])  # never negative, so that machine code need not count from the end
            if not alive[row]:
                continue
            if gathered > frame_us[row]:
                # strictly growing, so that a second silence is a second alarm even if the server's clock stepped back
                seen[row] = max(seen[row] + 1, heard)
                frame_us[row] = gathered
                if bits[row] & BIT_NO_DATA:
                    before = bits[row]
                    bits[row] = before ^ BIT_NO_DATA
                    waiting = False
                    for bit in range(5):
                        waiting = waiting or pending[row, bit] != NEVER
                    busy[row] = bits[row] != 0 or waiting
                    said[count, 0], said[count, 1], said[count, 2] = LIFE, at, row
                    said[count, 3], said[count, 4], said[count, 5] = before, bits[row], heard
                    count += 1
            now = time[at]
            if now < last[row]:
                continue
            number = value[at]
            ok = quality[at] != BAD
            again = now == last[row]
            if again:
                # of several values of one instant the worst counts; it may raise and worsen, and ends nothing
                lower = number <= quiet_low[row] and not number >= held[row]
                higher = number >= quiet_high[row] and not number <= held[row]
                if not ok or not (lower or higher):
                    continue
            same = number == held[row]
            since = changed[row] if same else now
            if (
                not ok
                or busy[row]
                or number <= quiet_low[row]
                or number >= quiet_high[row]
                or now - since >= flatline[row]
            ):
                before = bits[row]
                after = before
                waiting = False
                for group in range(2):
                    out[group] = False
                    calm[group] = now - flips_us[row, group] > hold_us
                    holding[group] = not calm[group] and flips[row, group] >= hold_after
                    flipped[group] = absorbed[group] = False
                for bit in range(5):
                    group = 1 if bit == 4 else 0
                    mask = BIT_BAD if bit == 4 else 1 << bit
                    active = (before & mask) != 0
                    if bit == 4:
                        wanted = ok == active
                        counts = True
                    else:
                        limit = limits[row, bit]
                        if active:
                            crossed = number > limit + deadband[row] if bit < 2 else number < limit - deadband[row]
                        else:
                            crossed = number <= limit if bit < 2 else number >= limit
                        wanted = crossed and ok
                        counts = ok
                    start = pending[row, bit]
                    if start == NEVER:
                        start = now
                    starts[bit] = start
                    moves = not again or (bit < 4 and active != wanted)
                    delay = on_delay[row]
                    if active:
                        delay = max(off_delay[row], hold_us) if holding[group] else off_delay[row]
                    if moves and wanted and now - start >= delay:
                        after ^= mask
                        flipped[group] = True
                        if counts:
                            pending[row, bit] = NEVER
                    elif moves and wanted:
                        pending[row, bit] = start
                    elif moves and counts:
                        if holding[group] and active and pending[row, bit] != NEVER:
                            absorbed[group] = True
                        pending[row, bit] = NEVER
                    waiting = waiting or pending[row, bit] != NEVER
                    if bit < 4 and (after & mask or pending[row, bit] != NEVER):
                        out[bit // 2] = True
                for side in range(2):
                    if ok:
                        furthest = peak[row, side]
                        if furthest != furthest or (number < furthest if side == 0 else number > furthest):
                            peak[row, side] = number
                    peaks[count, side] = peak[row, side]
                    if not out[side]:
                        peak[row, side] = np.nan
                if ok and not again:
                    flat = same and now - since >= flatline[row]
                    if flat != ((before & BIT_FLATLINE) != 0):
                        after ^= BIT_FLATLINE
                        if same and not flat:
                            since = now
                for group in range(2):
                    if flipped[group] or absorbed[group]:
                        if calm[group] or holding[group]:
                            flips_us[row, group] = now
                        earlier = 0 if calm[group] else flips[row, group]
                        flips[row, group] = min(earlier + (1 if flipped[group] else 0), 255)
                bits[row] = after
                busy[row] = after != 0 or waiting
                if after != before:
                    said[count, 0], said[count, 1], said[count, 2] = DECISION, at, row
                    said[count, 3], said[count, 4] = before, after
                    said[count, 5] = since if ok else changed[row]
                    for bit in range(5):
                        said[count, 6 + bit] = starts[bit]
                    count += 1
            last[row] = now
            recv[row] = heard
            held_quality[row] = quality[at]
            if ok:
                good[row] = now
                good_recv[row] = heard
                held[row] = number
                changed[row] = since
                if now - anchor_us[row, 1] >= _ANCHOR_US:
                    anchor_us[row, 0] = anchor_us[row, 1]
                    anchor_value[row, 0] = anchor_value[row, 1]
                    anchor_us[row, 1] = now
                    anchor_value[row, 1] = number
        begin = end
    return count
