"""The minutes that are still filling: frames in memory on their way to a block. No I/O, no clock.

A minute is written as often as it is flushed; the longer row takes the place of the shorter one, so that a trend shows
the last seconds and the table does not fill with crumbs. Frames that come after newer ones are stored like any other,
and their stretch is noted, so that it can be looked through for alarms (`anlan.roles.historian.late`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import msgspec
import numpy as np

from anlan.apps.history.services import Batch, Late, Piece
from anlan.stream.blocks import encode_counted
from anlan.stream.frame import Frame
from anlan.stream.partition import partition_of
from anlan.stream.points import PointTable

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
SEALED_SAMPLES = 50_000
"""A row with so many samples is not written anew with its successors; they begin another."""
NEVER = -(2**61)


@dataclass
class _Minute:
    enterprise: str
    frames: list[Frame] = field(default_factory=list)
    samples: int = 0
    """As they came: what the frames take in memory. The row counts what stands in its block."""
    part: int = 0
    written: int | None = None
    dirty: bool = False
    idle: int = 0


class OpenMinutes:
    """Frames by gateway and minute of collect time; ``batch`` makes what the next transaction writes.

    ``newest``: collect time of the newest stored frame by gateway, where it is known from before.
    """

    def __init__(self, table: PointTable, newest: Mapping[str, int] | None = None) -> None:
        self._table = table
        self._minutes: dict[tuple[str, int], _Minute] = {}
        self._positions: dict[int, int] = {}
        self._late: dict[tuple[str, int], Late] = {}
        self._stored = dict(newest or {})
        self._newest = dict(self._stored)
        self._sampled = np.empty(0, np.int64)
        self.samples = 0

    def add(self, enterprise: str, frame: Frame, seq: int) -> None:
        """Take a frame that record ``seq`` of the log brought."""
        if not len(frame.index):
            return
        key = (frame.gateway, frame.collected_at_us // MINUTE_US * MINUTE_US)
        minute = self._minutes.get(key)
        if minute is None:
            minute = self._minutes[key] = _Minute(enterprise)
        minute.frames.append(_slim(frame))
        minute.samples += len(frame.index)
        minute.part = max(minute.part, seq)
        minute.dirty, minute.idle = True, 0
        self.samples += len(frame.index)
        if not frame.suspect:
            self._compare(frame)

    def remember(self, newest: Mapping[str, int]) -> None:
        """Gateways that are gone on with, and the collect time of their newest stored frame."""
        self._stored |= newest
        self._newest |= newest

    def reached(self, partition: int, seq: int) -> None:
        """Everything of the partition up to ``seq`` has been added."""
        self._positions[partition] = seq

    @property
    def gateways(self) -> int:
        return len(self._minutes)

    def batch(self) -> Batch:
        """Blocks of all minutes with fresh frames, the positions, and what was late. Valid until the next `add`."""
        pieces = []
        for (gateway, start), minute in self._minutes.items():
            if not minute.dirty:
                continue
            body, samples = encode_counted(gateway, minute.frames, self._table)
            pieces.append(Piece(gateway, minute.enterprise, start, minute.part, samples, body, minute.written))
        return Batch(pieces, dict(self._positions), list(self._late.values()))

    def written(self, batch: Batch) -> None:
        """The batch is in the database: forget what is sealed, minutes whose gateway has begun the next one, and
        minutes that were quiet for two flushes. What still comes for them begins another row."""
        for piece in batch.pieces:
            minute = self._minutes[piece.gateway, piece.start_us]
            minute.dirty, minute.written = False, piece.part
        for key, minute in list(self._minutes.items()):
            minute.idle += 1
            passed = self._newest.get(key[0], NEVER) >= key[1] + MINUTE_US
            if passed or minute.samples >= SEALED_SAMPLES or minute.idle > 2:
                del self._minutes[key]
        self._positions.clear()
        self._late.clear()
        self.samples = 0

    def drop(self, partitions: Collection[int]) -> None:
        """Forget what somebody else goes on with; it has been written, or is void."""
        for key, minute in list(self._minutes.items()):
            if partition_of(minute.enterprise) in partitions:
                del self._minutes[key]

    def forget(self, gateway: str, first_us: int, end_us: int) -> None:
        """The rows of this stretch are compacted: later frames begin a new row.

        So do those that came late and are not written yet; what of their minute was written stands in both, once.
        """
        for key in [k for k in self._minutes if k[0] == gateway and first_us <= k[1] < end_us]:
            if self._minutes[key].dirty:
                self._minutes[key].written = None
            else:
                del self._minutes[key]

    def _compare(self, frame: Frame) -> None:
        """Note the samples that are older than one of the same point that came before them.

        A time in the future proves nothing about those that follow.
        """
        if len(self._table) > len(self._sampled):
            grown = np.full(len(self._table), NEVER, np.int64)
            grown[: len(self._sampled)] = self._sampled
            self._sampled = grown
        before = self._newest.get(frame.gateway, NEVER)
        known = self._sampled[frame.index]
        if frame.collected_at_us <= before:
            # of points not heard of since the start only their gateway's newest stored frame is known
            older = frame.sampled_at_us < np.where(known == NEVER, self._stored.get(frame.gateway, NEVER), known)
            if older.any():
                self._note(frame.gateway, frame.sampled_at_us[older], frame.received_at_us)
        reached = min(frame.collected_at_us, frame.received_at_us)
        self._sampled[frame.index] = np.maximum(known, np.minimum(frame.sampled_at_us, frame.received_at_us))
        self._newest[frame.gateway] = max(before, reached)

    def _note(self, gateway: str, sampled: np.ndarray, received_us: int) -> None:
        for hour in np.unique(sampled // HOUR_US).tolist():
            own = sampled[sampled // HOUR_US == hour]
            first, last, key = int(own.min()), int(own.max()), (gateway, hour * HOUR_US)
            known = self._late.get(key)
            if known is not None:
                first, last = min(first, known.first_us), max(last, known.last_us)
                received_us = max(received_us, known.received_us)
            self._late[key] = Late(gateway, hour * HOUR_US, first, last, received_us)


def _slim(frame: Frame) -> Frame:
    """The same frame in less memory: times and qualities that are all alike take the room of one."""
    size = len(frame.index)
    sampled, quality, value = frame.sampled_at_us, frame.quality, frame.value
    if size and (sampled == frame.collected_at_us).all():
        sampled = np.broadcast_to(np.int64(frame.collected_at_us), (size,))
    if not quality.any():
        quality = np.broadcast_to(np.uint8(0), (size,))
    if value.base is not None:
        value = value.copy()  # a view would keep alive the packet that it was cut from
    return msgspec.structs.replace(frame, sampled_at_us=sampled, quality=quality, value=value)
