"""The minutes that are still filling: frames in memory on their way to a block. No I/O, no clock.

A minute is written as often as it is flushed; the longer row takes the place of the shorter one, so that a trend shows
the last seconds and the table does not fill with crumbs.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from anlan.apps.history.services import Batch, Piece
from anlan.stream.blocks import encode
from anlan.stream.frame import Frame
from anlan.stream.points import PointTable

MINUTE_US = 60_000_000
SEALED_SAMPLES = 50_000
"""A row with so many samples is not written anew with its successors; they begin another."""


@dataclass
class _Minute:
    enterprise: str
    frames: list[Frame] = field(default_factory=list)
    samples: int = 0
    part: int = 0
    written: int | None = None
    dirty: bool = False
    idle: int = 0


class OpenMinutes:
    """Frames by gateway and minute of collect time; ``batch`` makes what the next transaction writes."""

    def __init__(self, table: PointTable) -> None:
        self._table = table
        self._minutes: dict[tuple[str, int], _Minute] = {}
        self._positions: dict[int, int] = {}
        self.samples = 0

    def add(self, enterprise: str, frame: Frame, seq: int) -> None:
        """Take a frame that record ``seq`` of the log brought."""
        if not len(frame.index):
            return
        key = (frame.gateway, frame.collected_at_us // MINUTE_US * MINUTE_US)
        minute = self._minutes.get(key)
        if minute is None:
            minute = self._minutes[key] = _Minute(enterprise)
        minute.frames.append(frame)
        minute.samples += len(frame.index)
        minute.part = max(minute.part, seq)
        minute.dirty, minute.idle = True, 0
        self.samples += len(frame.index)

    def reached(self, partition: int, seq: int) -> None:
        """Everything of the partition up to ``seq`` has been added."""
        self._positions[partition] = seq

    @property
    def gateways(self) -> int:
        return len(self._minutes)

    def batch(self) -> Batch:
        """Blocks of all minutes with fresh frames, and the positions. Valid until the next `add`."""
        pieces = [
            Piece(
                gateway=gateway,
                enterprise=minute.enterprise,
                start_us=start,
                part=minute.part,
                samples=minute.samples,
                body=encode(gateway, minute.frames, self._table),
                replaces=minute.written,
            )
            for (gateway, start), minute in self._minutes.items()
            if minute.dirty
        ]
        return Batch(pieces, dict(self._positions))

    def written(self, batch: Batch) -> None:
        """The batch is in the database: forget what is sealed, and minutes that were quiet for two flushes."""
        for piece in batch.pieces:
            minute = self._minutes[piece.gateway, piece.start_us]
            minute.dirty, minute.written = False, piece.part
        for key, minute in list(self._minutes.items()):
            minute.idle += 1
            if minute.samples >= SEALED_SAMPLES or minute.idle > 2:
                del self._minutes[key]
        self._positions.clear()
        self.samples = 0

    def forget(self, gateway: str, first_us: int, end_us: int) -> None:
        """The rows of this stretch were compacted: later frames begin a new row."""
        for key in [k for k in self._minutes if k[0] == gateway and first_us <= k[1] < end_us]:
            del self._minutes[key]
