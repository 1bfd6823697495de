"""The kernel's memory of one gateway as bytes.

A checkpoint is written in the transaction that writes the events, and holds everything the decisions rest on; the
anchors of the displayed trend are the one thing left out. Bytes that do not check are refused, never half used.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import msgspec
import numpy as np
import zstandard
from numpy.typing import NDArray

from anlan.stream.alarm import OpenAlarm
from anlan.stream.kernel.columns import NEVER, SAVED, Columns

_MARK = b"AKS\x01"
_FIRST = 12
"""Columns of the first checkpoints; later ones have more at their end."""


class StateError(Exception):
    """A checkpoint is damaged or of an unknown version."""


class _Saved(msgspec.Struct, array_like=True):
    codes: list[str]
    columns: list[bytes]
    opened: list[tuple[int, str, OpenAlarm]]


class SavedState:
    """A checkpoint that has been read and checked."""

    def __init__(self, saved: _Saved) -> None:
        self.codes = saved.codes
        self.opened = saved.opened
        empty = Columns(0)
        self._columns: dict[str, NDArray[np.generic]] = {}
        if len(saved.columns) < _FIRST:
            raise ValueError("columns are missing")
        for name, data in zip(SAVED, saved.columns, strict=False):
            like: NDArray[np.generic] = getattr(empty, name)
            self._columns[name] = np.frombuffer(data, like.dtype).reshape(len(self.codes), *like.shape[1:])

    def put(self, columns: Columns, positions: NDArray[np.intp], rows: NDArray[np.int32]) -> None:
        """Write the saved rows at `positions` into `rows` of `columns`."""
        for name, saved in self._columns.items():
            getattr(columns, name)[rows] = saved[positions]
        for name in SAVED[len(self._columns) :]:
            getattr(columns, name)[rows] = getattr(Columns(1), name)[0]
        columns.busy[rows] = (columns.bits[rows] != 0) | (columns.pending_us[rows] != NEVER).any(axis=1)
        columns.anchor_us[rows] = NEVER


def dump(
    codes: list[str], columns: Columns, rows: NDArray[np.int32], opened: Iterable[tuple[int, str, OpenAlarm]]
) -> bytes:
    """The rows of one gateway as bytes: mark, crc32, zstd of msgpack."""
    saved = _Saved(
        codes, [np.ascontiguousarray(getattr(columns, name)[rows]).tobytes() for name in SAVED], list(opened)
    )
    body = zstandard.ZstdCompressor(level=1).compress(msgspec.msgpack.encode(saved))
    return _MARK + zlib.crc32(body).to_bytes(4, "big") + body


def load(state: bytes) -> SavedState:
    """Read what `dump` wrote. Raises StateError."""
    body = state[8:]
    if state[:4] != _MARK or zlib.crc32(body).to_bytes(4, "big") != state[4:8]:
        raise StateError("not a checkpoint, or damaged")
    try:
        raw = zstandard.ZstdDecompressor().decompress(body)
        return SavedState(msgspec.msgpack.decode(raw, type=_Saved))
    except (zstandard.ZstdError, msgspec.MsgspecError, ValueError) as error:
        raise StateError(str(error)) from error
