"""What the gateway could not keep, on disk and counted: loss is a record, never a silence.

One line of JSON a gap in ``gaps.jsonl``, written and synced before the packets go; the counter survives a restart
because it is the sum of the lines.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

import msgspec

from anlan.edge.buffer import Gap

logger = logging.getLogger(__name__)
_HELD = 1000
"""Gaps of changing reasons that wait for the disk at most; the counter counts all, the file lacks the oldest."""


class _Line(msgspec.Struct):
    gateway: str
    reason: str
    packets: int
    fromUs: int
    toUs: int


class Losses:
    """The record of gaps of one gateway."""

    def __init__(self, path: Path, gateway: str) -> None:
        self._path = path
        self._gateway = gateway
        self._unwritten: list[_Line] = []
        self.dropped = sum(line.packets for line in _lines(path) if line.gateway == gateway)

    def record(self, gap: Gap) -> None:
        """Count one gap and write it. While the disk refuses, gaps are held and written with the next one that goes:
        a full disk must not stop the gateway from giving way, nor make it silent. Held gaps that follow each other for
        one reason become one."""
        self.dropped += gap.packets
        last = self._unwritten[-1] if self._unwritten else None
        if last is not None and last.reason == gap.reason:
            last.packets += gap.packets
            last.fromUs, last.toUs = min(last.fromUs, gap.from_us), max(last.toUs, gap.to_us)
        else:
            self._unwritten.append(_Line(self._gateway, gap.reason, gap.packets, gap.from_us, gap.to_us))
            del self._unwritten[:-_HELD]
        try:
            with self._path.open("ab") as file:
                file.write(b"".join(msgspec.json.encode(line) + b"\n" for line in self._unwritten))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            logger.error("网关 %s 的缺口记录写不进 %s: %s", self._gateway, self._path, error)
        else:
            self._unwritten.clear()


def _lines(path: Path) -> list[_Line]:
    found: list[_Line] = []
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return found
    for text in raw.splitlines():
        try:
            found.append(msgspec.json.decode(text, type=_Line))
        except msgspec.MsgspecError:
            continue  # a line torn by a power cut; its gap was not taken, for the sync comes first
    return found
