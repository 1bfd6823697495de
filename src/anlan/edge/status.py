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

from anlan.edge.buffer import Buffer, BufferUnavailable
from anlan.edge.drivers.base import Driver
from anlan.edge.losses import Losses
from anlan.edge.uplink import Uplink
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


async def write_status(path: Path, parts: Sequence[Parts], now: datetime) -> None:
    """Write the state of all gateways at ``now``. An unreachable local log shows as ``buffer: null``."""
    document = {"at": now.isoformat(), "gateways": {part.code: await _of(part) for part in parts}}
    draft = path.with_suffix(".draft")
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=1))
    os.replace(draft, path)


async def _of(part: Parts) -> dict[str, object]:
    buffer: dict[str, object] | None
    try:
        depth = await part.buffer.depth()
        buffer = {"packets": depth.packets, "bytes": depth.bytes, "oldest": _instant(depth.oldest_us)}
    except BufferUnavailable:
        buffer = None
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
