"""``status.json``: how each gateway stands, for the people at the plant and for the page that shows it.

Written whole and renamed, so that a reader never sees half a file. Never holds a key.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from anlan.edge.buffer import Buffer, BufferUnavailable, Depth
from anlan.edge.drivers.base import Driver
from anlan.edge.losses import Losses
from anlan.edge.uplink import LinkState, Uplink
from anlan.edge.writer import Writer


@dataclass(frozen=True)
class Parts:
    """One running gateway, as the status sees it."""

    code: str
    driver: Driver
    buffer: Buffer
    losses: Losses
    writer: Writer
    uplink: Uplink


class Status:
    """What the parts say of themselves, at the last look. Read from any thread: what was seen is replaced as a whole.

    An unreachable local log shows as ``buffer: null``.
    """

    def __init__(self, parts: Sequence[Parts]) -> None:
        self._parts = parts
        self._seen: dict[str, Depth | None] = {}
        self.document: dict[str, object] = {}

    async def look(self, now: datetime) -> None:
        """Ask every part."""
        seen = {part.code: await _depth(part) for part in self._parts}
        gateways = {part.code: _of(part, seen[part.code]) for part in self._parts}
        self.document = {"at": now.isoformat(), "gateways": gateways}
        self._seen = seen

    def is_ready(self) -> bool:
        """Whether every gateway has its buffer."""
        seen = self._seen
        return bool(seen) and all(depth is not None for depth in seen.values())

    def figures(self) -> dict[str, dict[str, float]]:
        """For `anlan.metrics`, by gateway; of a buffer those of the last look, none while it was away."""
        depths = {code: depth for code, depth in self._seen.items() if depth is not None}
        return {
            "gateway_packets_written_total": {part.code: part.writer.written for part in self._parts},
            "gateway_packets_settled_total": {part.code: part.uplink.settled for part in self._parts},
            "gateway_packets_refused_total": {part.code: part.uplink.refused for part in self._parts},
            "gateway_packets_dropped_total": {part.code: part.losses.dropped for part in self._parts},
            "gateway_buffer_packets": {code: depth.packets for code, depth in depths.items()},
            "gateway_buffer_bytes": {code: depth.bytes for code, depth in depths.items()},
            "gateway_buffer_oldest_seconds": {
                code: depth.oldest_us / 1e6 for code, depth in depths.items() if depth.oldest_us is not None
            },
            "gateway_connected": {part.code: float(bool(part.writer.connected)) for part in self._parts},
            "gateway_uplink_ok": {part.code: float(part.uplink.state is LinkState.OK) for part in self._parts},
        }


def write_whole(path: Path, document: object) -> None:
    """Replace a small file in one step. Raises OSError."""
    draft = path.with_suffix(".draft")
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=1))
    os.replace(draft, path)


async def _depth(part: Parts) -> Depth | None:
    try:
        return await part.buffer.depth()
    except BufferUnavailable:
        return None


def _of(part: Parts, depth: Depth | None) -> dict[str, object]:
    buffer: dict[str, object] | None = None
    if depth is not None:
        buffer = {"packets": depth.packets, "bytes": depth.bytes, "oldest": _instant(depth.oldest_us)}
    return {
        "source": dict(part.driver.diagnostics()),
        "connected": part.writer.connected,
        "last_collected": _instant(part.writer.last_collected_us),
        "written": part.writer.written,
        "buffer": buffer,
        "dropped": part.losses.dropped,
        "uplink": part.uplink.state.value,
        "settled": part.uplink.settled,
        "refused": part.uplink.refused,
        "last_settled": _instant(part.uplink.last_settled_us),
        "last_error": part.uplink.last_error,
    }


def _instant(at_us: int | None) -> str | None:
    return None if at_us is None else datetime.fromtimestamp(at_us / 1e6, UTC).isoformat()
