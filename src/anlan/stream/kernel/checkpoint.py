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
from anlan.stream.kernel.columns import NEVER, SAVED, Columns

_MARK = b"AKS\x01"
_FIRST = 12
"""Columns of the first checkpoints; later ones have more at their end."""
_EMPTY = Columns(0)


class StateError(Exception):
    """A checkpoint is damaged or of an unknown version."""


class _Saved(msgspec.Struct, array_like=True):
    codes: list[str]
    columns: list[bytes]
    opened: list[tuple[int, str, OpenAlarm]]


class _Zstd(threading.local):
    """A zstd context must not be shared by threads, and takes longer to make than a checkpoint to compress."""

    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor(level=1).compress
        self.decompress = zstandard.ZstdDecompressor().decompress


_zstd = _Zstd()
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Saved).decode


class SavedState:
    """A checkpoint that has been read and checked."""

    def __init__(self, saved: _Saved) -> None:
        self.codes = saved.codes
        self.opened = saved.opened
        self._columns: dict[str, NDArray[np.generic]] = {}
        if len(saved.columns) < _FIRST:
            raise ValueError("columns are missing")
        for name, data in zip(SAVED, saved.columns, strict=False):
            like: NDArray[np.generic] = getattr(_EMPTY, name)
            self._columns[name] = np.frombuffer(data, like.dtype).reshape(len(self.codes), *like.shape[1:])

    def column(self, name: str) -> NDArray[np.generic]:
        """One value a code; of a column that is younger than the checkpoint, as if nothing had happened."""
        found = self._columns.get(name)
        return found if found is not None else np.asarray(getattr(Columns(len(self.codes)), name))


def put(columns: Columns, parts: Sequence[tuple[SavedState, NDArray[np.intp], NDArray[np.int32]]]) -> None:
    """Write parts of checkpoints into `columns`: of each its saved rows at some positions into rows of the table."""
    rows = np.concatenate([rows for _, _, rows in parts])
    for name in SAVED:
        getattr(columns, name)[rows] = np.concatenate([saved.column(name)[places] for saved, places, _ in parts])
    columns.busy[rows] = (columns.bits[rows] != 0) | (columns.pending_us[rows] != NEVER).any(axis=1)
    columns.anchor_us[rows] = NEVER


def dump(
    codes: list[str], columns: Columns, rows: NDArray[np.int32], opened: Iterable[tuple[int, str, OpenAlarm]]
) -> bytes:
    """The rows of one gateway as bytes: mark, crc32, zstd of msgpack."""
    own: slice | NDArray[np.int32] = rows
    if len(rows) and int(rows[-1]) - int(rows[0]) == len(rows) - 1:
        own = slice(int(rows[0]), int(rows[-1]) + 1)  # as nearly always: a stretch of memory, rows stand in order
    saved = _Saved(codes, [np.ascontiguousarray(getattr(columns, name)[own]).tobytes() for name in SAVED], list(opened))
    body = _zstd.compress(_encode(saved))
    return _MARK + zlib.crc32(body).to_bytes(4, "big") + body


def load(state: bytes) -> SavedState:
    """Read what `dump` wrote. Raises StateError."""
    body = state[8:]
    if state[:4] != _MARK or zlib.crc32(body).to_bytes(4, "big") != state[4:8]:
        raise StateError("not a checkpoint, or damaged")
    try:
        return SavedState(_decode(_zstd.decompress(body)))
    except (zstandard.ZstdError, msgspec.MsgspecError, ValueError) as error:
        raise StateError(str(error)) from error
