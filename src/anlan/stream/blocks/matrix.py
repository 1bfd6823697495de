"""The samples of one gateway over a span of time as a matrix [tag][frame], and how such matrices merge.

One frame time is one column; a tag that a packet names several times gets further columns of the same time. Merging
keeps, cell by cell, what was received last, so that a packet sent twice changes nothing and two packets of one collect
time that carry different tags complete each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from anlan.stream.frame import Frame
from anlan.stream.points import PointTable

GOOD, UNCERTAIN, BAD, MISSING, BAD_WITHOUT_VALUE = range(5)
"""Codes of a cell. The first three are the quality of a value; the last two have none."""


@dataclass(frozen=True)
class Series:
    """The samples of one tag in order of frame time; parallel arrays, cells without a sample left out.

    `value` is NaN where the sample was unusable (`quality` 2). `burst`: the packet named the tag more than once, so
    only `sampled_us` tells these samples apart.
    """

    sampled_us: NDArray[np.int64]
    collected_us: NDArray[np.int64]
    received_us: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.uint8]
    burst: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.value)


@dataclass
class Matrix:
    """Times [F]; `values`, `cells` (codes of a cell) and `offset` (sample time − collect time, µs) [T, F]."""

    codes: list[str]
    decimals: NDArray[np.int8]
    collected: NDArray[np.int64]
    ordinal: NDArray[np.int64]
    received: NDArray[np.int64]
    values: NDArray[np.float64]
    cells: NDArray[np.uint8]
    offset: NDArray[np.int64]

    def series(self, row: int, t0_us: int | None = None, t1_us: int | None = None) -> Series:
        """One tag, frame times t0 ≤ t < t1."""
        kept = self.cells[row] != MISSING
        if t0_us is not None:
            kept &= self.collected >= t0_us
        if t1_us is not None:
            kept &= self.collected < t1_us
        cells, collected = self.cells[row, kept], self.collected[kept]
        lone = np.r_[True, collected[1:] != collected[:-1]] & np.r_[collected[1:] != collected[:-1], True]
        value = self.values[row, kept]
        return Series(
            sampled_us=collected + self.offset[row, kept],
            collected_us=collected,
            received_us=self.received[kept],
            value=np.where(cells == BAD_WITHOUT_VALUE, np.nan, value),
            quality=np.minimum(cells, BAD),
            burst=~lone[: len(collected)],
        )


def from_frames(frames: Sequence[Frame], table: PointTable) -> Matrix:
    """The matrix of frames of one gateway, in any order."""
    return _from_like_frames(frames, table) or _from_any_frames(frames, table)


def _from_like_frames(frames: Sequence[Frame], table: PointTable) -> Matrix | None:
    # the everyday case: every packet carries the same tags, each once, and no collect time comes twice
    if not frames:
        return None
    index = frames[0].index
    moments = [frame.collected_at_us for frame in frames]
    if len(set(moments)) != len(moments) or not all(
        frame.unique and (frame.index is index or np.array_equal(frame.index, index)) for frame in frames
    ):
        return None
    ordered = sorted(frames, key=lambda frame: frame.collected_at_us)
    times = np.array(sorted(moments), np.int64)
    # arrays [frame][tag] first: copying whole packets is far cheaper than gathering columns one by one
    tags = np.argsort(index, kind="stable")
    values = np.array([frame.value for frame in ordered])[:, tags].T
    quality = np.array([frame.quality for frame in ordered])[:, tags].T
    offset = (np.array([frame.sampled_at_us for frame in ordered]) - times[:, None])[:, tags].T
    usable = np.isfinite(values)
    whole = bool(usable.all())
    return Matrix(
        codes=[table.specs[row].code for row in index[tags].tolist()],
        decimals=table.decimals[index[tags]].astype(np.int8),
        collected=times,
        ordinal=np.zeros(len(times), np.int64),
        received=np.array([frame.received_at_us for frame in ordered], np.int64),
        values=values if whole else np.where(usable, values, 0.0),
        cells=quality if whole else np.where(usable, quality, BAD_WITHOUT_VALUE).astype(np.uint8),
        offset=offset,
    )


def _from_any_frames(frames: Sequence[Frame], table: PointTable) -> Matrix:
    parts = [part for frame in frames for part in _columns_of(frame)]
    rows = np.unique(np.concatenate([part.index for part in parts])) if parts else np.empty(0, np.int32)
    matrix = _empty(
        [table.specs[row].code for row in rows.tolist()],
        table.decimals[rows].astype(np.int8),
        np.array([part.collected for part in parts], np.int64),
        np.array([part.ordinal for part in parts], np.int64),
    )
    place = _places(matrix)
    places = [place[part.collected, part.ordinal] for part in parts]
    for number in sorted(range(len(parts)), key=lambda n: parts[n].received):
        part, column = parts[number], places[number]
        tags = np.searchsorted(rows, part.index)
        usable = np.isfinite(part.value)
        matrix.values[tags, column] = np.where(usable, part.value, 0.0)
        matrix.cells[tags, column] = np.where(usable, part.quality, BAD_WITHOUT_VALUE)
        matrix.offset[tags, column] = part.sampled - part.collected
        matrix.received[column] = max(matrix.received[column], part.received)
    return matrix


def merge(matrices: Sequence[Matrix]) -> Matrix:
    """One matrix out of several of the same gateway: union of tags and times, last received wins cell by cell."""
    apart = _merge_apart(matrices)
    if apart is not None:
        return apart
    codes = sorted({code for matrix in matrices for code in matrix.codes})
    row_of = {code: row for row, code in enumerate(codes)}
    decimals = np.zeros(len(codes), np.int8)
    rows = [np.array([row_of[code] for code in matrix.codes], np.intp) for matrix in matrices]
    for matrix, mine in zip(matrices, rows, strict=True):
        decimals[mine] = np.maximum(decimals[mine], matrix.decimals)
    merged = _empty(
        codes,
        decimals,
        np.concatenate([matrix.collected for matrix in matrices]),
        np.concatenate([matrix.ordinal for matrix in matrices]),
    )
    place = _places(merged)
    newest = np.full((len(codes), len(merged.collected)), np.iinfo(np.int64).min)
    for matrix, mine in zip(matrices, rows, strict=True):
        keys = zip(matrix.collected.tolist(), matrix.ordinal.tolist(), strict=True)
        columns = np.array([place[key] for key in keys], np.intp)
        if not len(columns) or not len(mine):
            continue
        into = np.ix_(mine, columns)
        wins = (matrix.cells != MISSING) & (matrix.received[None, :] >= newest[into])
        merged.values[into] = np.where(wins, matrix.values, merged.values[into])
        merged.cells[into] = np.where(wins, matrix.cells, merged.cells[into])
        merged.offset[into] = np.where(wins, matrix.offset, merged.offset[into])
        newest[into] = np.where(wins, matrix.received[None, :], newest[into])
        merged.received[columns] = np.maximum(merged.received[columns], matrix.received)
    return merged


def _merge_apart(matrices: Sequence[Matrix]) -> Matrix | None:
    # the everyday case: the same tags in all of them, and none begins before the one before it has ended
    if not matrices or any(not len(matrix.collected) for matrix in matrices):
        return None
    ordered = sorted(matrices, key=lambda matrix: int(matrix.collected[0]))
    codes = ordered[0].codes
    if any(matrix.codes != codes for matrix in ordered) or any(
        int(before.collected[-1]) >= int(after.collected[0]) for before, after in pairwise(ordered)
    ):
        return None
    return Matrix(
        codes=codes,
        decimals=np.max([matrix.decimals for matrix in ordered], axis=0).astype(np.int8),
        collected=np.concatenate([matrix.collected for matrix in ordered]),
        ordinal=np.concatenate([matrix.ordinal for matrix in ordered]),
        received=np.concatenate([matrix.received for matrix in ordered]),
        values=np.concatenate([matrix.values for matrix in ordered], axis=1),
        cells=np.concatenate([matrix.cells for matrix in ordered], axis=1),
        offset=np.concatenate([matrix.offset for matrix in ordered], axis=1),
    )


@dataclass
class _Part:
    collected: int
    ordinal: int
    received: int
    index: NDArray[np.int32]
    value: NDArray[np.float64]
    quality: NDArray[np.uint8]
    sampled: NDArray[np.int64]


def _columns_of(frame: Frame) -> list[_Part]:
    number = np.zeros(len(frame.index), np.intp)
    if not frame.unique and len(frame.index):
        by_row = np.argsort(frame.index, kind="stable")
        ordered = frame.index[by_row]
        first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        number[by_row] = np.arange(len(ordered)) - np.repeat(first, np.diff(np.r_[first, len(ordered)]))
    parts = []
    for ordinal in range(int(number.max(initial=0)) + 1):
        own = number == ordinal
        parts.append(
            _Part(
                frame.collected_at_us,
                ordinal,
                frame.received_at_us,
                frame.index[own],
                frame.value[own],
                frame.quality[own],
                frame.sampled_at_us[own],
            )
        )
    return parts


def _empty(
    codes: list[str], decimals: NDArray[np.int8], collected: NDArray[np.int64], ordinal: NDArray[np.int64]
) -> Matrix:
    keys = np.unique(np.stack([collected, ordinal], axis=1), axis=0)
    shape = (len(codes), len(keys))
    return Matrix(
        codes=codes,
        decimals=decimals,
        collected=np.ascontiguousarray(keys[:, 0]),
        ordinal=np.ascontiguousarray(keys[:, 1]),
        received=np.full(len(keys), np.iinfo(np.int64).min),
        values=np.zeros(shape),
        cells=np.full(shape, MISSING, np.uint8),
        offset=np.zeros(shape, np.int64),
    )


def _places(matrix: Matrix) -> dict[tuple[int, int], int]:
    keys = zip(matrix.collected.tolist(), matrix.ordinal.tolist(), strict=True)
    return {key: column for column, key in enumerate(keys)}
