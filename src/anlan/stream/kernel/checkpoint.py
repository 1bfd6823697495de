"""The kernel's memory of one gateway as bytes.

A checkpoint is written in the transaction that writes the events, and holds everything the decisions rest on; the
anchors of the displayed trend are the one thing left out. Bytes that do not check are refused, never half used.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
import zstandard
from numpy.typing import NDArray

from anlan.stream.alarm import OpenAlarm
from anlan.stream.gateway_clock import Anchor
from anlan.stream.kernel.columns import NEVER, SAVED, Columns

_MARK = b"AKS\x01"
_FIRST = 12
"""Columns of the first checkpoints; later ones have more at their end."""


class StateError(Exception):
    """A checkpoint is damaged or of an unknown version."""


class SavedState(msgspec.Struct, array_like=True):
    """A gateway's points, of each column in the order of `SAVED` their values as bytes, the open alarms as place in
    `codes`, side and memory, and where the gateway's clock stood (the first checkpoints do not say)."""

    codes: list[str]
    columns: list[bytes]
    opened: list[tuple[int, str, OpenAlarm]]
    anchor: Anchor | None = None


_BLANK = [(name, np.asarray(getattr(Columns(1), name))) for name in SAVED]
"""One row of each column as if nothing had happened."""


class _Zstd(threading.local):
    """A zstd context must not be shared by threads, and takes longer to make than a checkpoint to compress."""

    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor(level=1).compress
        self.decompress = zstandard.ZstdDecompressor().decompress


_zstd = _Zstd()
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(SavedState).decode


def put(columns: Columns, parts: Sequence[tuple[SavedState, NDArray[np.intp], NDArray[np.int32]]]) -> None:
    """Write parts of checkpoints into `columns`: of each its codes at some places into rows of the table."""
    begins = np.cumsum([0, *(len(saved.codes) for saved, _, _ in parts[:-1])])
    places = np.concatenate([places + begin for (_, places, _), begin in zip(parts, begins, strict=True)])
    rows = np.concatenate([rows for _, _, rows in parts])
    for number, (name, blank) in enumerate(_BLANK):
        joined = np.frombuffer(b"".join([saved.columns[number] for saved, _, _ in parts]), blank.dtype)
        getattr(columns, name)[rows] = joined.reshape(-1, *blank.shape[1:])[places]
    columns.busy[rows] = (columns.bits[rows] != 0) | (columns.pending_us[rows] != NEVER).any(axis=1)
    columns.anchor_us[rows] = NEVER


def dump(
    codes: list[str],
    columns: Columns,
    rows: NDArray[np.int32],
    opened: Iterable[tuple[int, str, OpenAlarm]],
    anchor: Anchor | None,
) -> bytes:
    """The rows of one gateway as bytes: mark, crc32, zstd of msgpack."""
    own: slice | NDArray[np.int32] = rows
    if len(rows) and int(rows[-1]) - int(rows[0]) == len(rows) - 1:
        own = slice(int(rows[0]), int(rows[-1]) + 1)  # as nearly always: a stretch of memory, rows stand in order
    values = [np.ascontiguousarray(getattr(columns, name)[own]).tobytes() for name in SAVED]
    saved = SavedState(codes, values, list(opened), anchor)
    body = _zstd.compress(_encode(saved))
    return _MARK + zlib.crc32(body).to_bytes(4, "big") + body


def load(state: bytes) -> SavedState:
    """Read what `dump` wrote. Raises StateError."""
    body = state[8:]
    if state[:4] != _MARK or zlib.crc32(body).to_bytes(4, "big") != state[4:8]:
        raise StateError("not a checkpoint, or damaged")
    try:
        saved = _decode(_zstd.decompress(body))
    except (zstandard.ZstdError, msgspec.MsgspecError) as error:
        raise StateError(str(error)) from error
    count, younger = len(saved.codes), _BLANK[len(saved.columns) :]
    if len(saved.columns) < _FIRST:
        raise StateError("columns are missing")
    saved.columns += [blank.tobytes() * count for _, blank in younger]
    if any(len(data) != count * blank.nbytes for data, (_, blank) in zip(saved.columns, _BLANK, strict=False)):
        raise StateError("a column has not one value for each point")
    return saved
