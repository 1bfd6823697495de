"""What the gateway could not keep, on disk and counted: loss is a record, never a silence.

One line of JSON a gap in ``gaps.jsonl``, written and synced before the packets go; the counter survives a restart
because it is the sum of the lines. The file has a size that it does not exceed: its older lines become one for each
gateway and reason, which loses when within their time something was lost, never how much.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from anlan.edge.buffer import Gap

logger = logging.getLogger(__name__)
_HELD = 1000
"""Gaps of changing reasons that wait for the disk at most; the counter counts all, the file lacks the oldest."""
MOST_BYTES = 1_048_576
"""Beyond this ``gaps.jsonl`` is shortened (docs/how-to/gateway.md); all gateways of one machine share the file."""
KEPT = 2000
"""The newest lines, which shortening leaves as they are."""


class _Line(msgspec.Struct):
    gateway: str
    reason: str
    packets: int
    fromUs: int
    toUs: int

    def take_in(self, packets: int, from_us: int, to_us: int) -> None:
        self.packets += packets
        self.fromUs, self.toUs = min(self.fromUs, from_us), max(self.toUs, to_us)


class Losses:
    """The record of gaps of one gateway."""

    def __init__(self, path: Path, gateway: str) -> None:
        self._path = path
        self._gateway = gateway
        self._unwritten: list[_Line] = []
        self.dropped = sum(line.packets for line in _lines(path) if line.gateway == gateway)
        self._torn = _ends_within_a_line(path)

    def record(self, gap: Gap) -> None:
        """Count one gap and write it. While the disk refuses, gaps are held and written with the next one that goes:
        a full disk must not stop the gateway from giving way, nor make it silent. Held gaps that follow each other for
        one reason become one."""
        self.dropped += gap.packets
        last = self._unwritten[-1] if self._unwritten else None
        if last is not None and last.reason == gap.reason:
            last.take_in(gap.packets, gap.from_us, gap.to_us)
        else:
            self._unwritten.append(_Line(self._gateway, gap.reason, gap.packets, gap.from_us, gap.to_us))
            del self._unwritten[:-_HELD]
        try:
            with self._path.open("ab") as file:
                file.write(b"\n" * self._torn + _text(self._unwritten))
                file.flush()
                os.fsync(file.fileno())
                size = file.tell()
            self._unwritten.clear()
            self._torn = False
            if size > MOST_BYTES:
                _shorten(self._path)
        except OSError as error:
            logger.error("网关 %s 的缺口记录写不进 %s: %s", self._gateway, self._path, error)


def _shorten(path: Path) -> None:
    """Put one line for each gateway and reason in the place of all but the newest. Whole before or after a crash."""
    lines = _lines(path)
    sums: dict[tuple[str, str], _Line] = {}
    for line in lines[:-KEPT]:
        known = sums.setdefault((line.gateway, line.reason), line)
        if known is not line:
            known.take_in(line.packets, line.fromUs, line.toUs)
    draft = path.with_suffix(".draft")
    with draft.open("wb") as file:
        file.write(_text([*sums.values(), *lines[-KEPT:]]))
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


def _text(lines: Iterable[_Line]) -> bytes:
    return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)


def _ends_within_a_line(path: Path) -> bool:
    """Whether a power cut tore the last line: the next one must not be glued to it."""
    try:
        with path.open("rb") as file:
            return file.seek(0, os.SEEK_END) > 0 and file.seek(-1, os.SEEK_END) >= 0 and file.read(1) != b"\n"
    except FileNotFoundError:
        return False


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
