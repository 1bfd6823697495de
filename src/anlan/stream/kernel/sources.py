"""What a sample's own time is worth: a source whose clock is wrong may neither freeze its point nor pass for the first.

The kernel takes a sample only when it is newer than its point's last one. A source that steps back by hours would so
be silenced for hours, and one that runs behind would be the first-out of everything. Told apart by what it says next:
a standing value repeats its time, late data goes back once, a wrong clock goes on from where it stands. So in the
newest packet of its gateway a *new* own time is not believed

- when it lies more than `FAR_US` behind the collection: nobody states news that old;
- when it is not after the point's last sample and lies more than `SUSPECT_US` behind the collection, or is later than
  what the point itself said before: then its clock was set back.

Such samples are taken at the collect time, those of one point at their own distances from each other, and are no better
than uncertain. A time after the receipt counts as the receipt. Decided from the samples alone; history keeps what the
source said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from anlan.stream.frame import UNCERTAIN, Frame
from anlan.stream.gateway_clock import SUSPECT_US
from anlan.stream.kernel.columns import NEVER, Columns
from anlan.stream.points import PointTable

FAR_US = 3_600_000_000
"""A new own time may lie so long before its collection (本地设定): slow analysers state news of some minutes ago."""


class SourceTimes:
    """Keeps in `Columns.said_us` what each point said last of its own time. Belongs to one kernel."""

    def __init__(self) -> None:
        self._last = np.full(0, NEVER, np.int64)
        self._frame = np.full(0, NEVER, np.int64)
        self._own = np.full(0, NEVER, np.int64)

    def believed(self, frames: Sequence[Frame], table: PointTable, state: Columns) -> Sequence[Frame]:
        """The frames as they are to be taken, in their order; costs nothing where no sample has a time of its own.

        What the frames before one of these will have changed is known by the time it is looked at, so that many frames
        at once come out as one after the other.
        """
        timed = {frame.gateway for frame in frames if frame.timed}
        if not timed:
            return frames
        number = Counter(frame.gateway for frame in frames if frame.gateway in timed)
        several = [gateway for gateway, count in number.items() if count > 1]
        if len(self._last) < len(state.last_us):
            self._last, self._frame, self._own = (np.full(len(state.last_us), NEVER, np.int64) for _ in range(3))
        for gateway in several:
            rows = table.rows_of(gateway)
            self._last[rows], self._frame[rows] = state.last_us[rows], state.frame_us[rows]
        return [self._one(frame, state, number[frame.gateway]) for frame in frames]

    def _one(self, frame: Frame, state: Columns, number: int) -> Frame:
        """``number``: how many of its gateway's frames there are, 0 when none of them is timed."""
        if number == 1:
            return self._taken(frame, state, state.last_us, state.frame_us)
        if number == 0:
            return frame
        index = frame.index
        taken = self._taken(frame, state, self._last, self._frame) if frame.timed else frame
        np.maximum.at(self._last, index, taken.sampled_at_us)
        self._frame[index] = np.maximum(self._frame[index], frame.collected_at_us)
        return taken

    def _taken(
        self, frame: Frame, state: Columns, newest_of_points: NDArray[np.int64], newest_frames: NDArray[np.int64]
    ) -> Frame:
        index, collected = frame.index, frame.collected_at_us
        time = np.minimum(frame.sampled_at_us, frame.received_at_us)
        own = time if frame.unique else self._newest_of_each(index, time)
        said, last = state.said_us[index], newest_of_points[index]
        newest = collected > newest_frames[index]
        news = newest & (own != said)
        odd = news & ((own < last) | (own < collected - FAR_US))
        state.said_us[index[news]] = own[news]
        if not odd.any():
            return msgspec.structs.replace(frame, sampled_at_us=time)
        behind = collected - own
        back = (own <= last) & ((behind > SUSPECT_US) | ((said != NEVER) & (own > said)))
        doubted = odd & (own != last) & ((behind > FAR_US) | back)
        stands = np.minimum(np.maximum(collected, last + 1), frame.received_at_us)
        return msgspec.structs.replace(
            frame,
            sampled_at_us=np.where(doubted, time + (stands - own), time),
            quality=np.where(doubted, np.maximum(frame.quality, np.uint8(UNCERTAIN)), frame.quality),
        )

    def _newest_of_each(self, index: NDArray[np.int32], time: NDArray[np.int64]) -> NDArray[np.int64]:
        self._own[index] = NEVER
        np.maximum.at(self._own, index, time)
        return self._own[index]
