"""Numbers as few bytes: scaled to whole multiples of the instrument's resolution, differenced, split into byte planes.

Exactness is the rule: a value that is not a whole multiple, or is too large, is kept as float64 beside the integers.
What is read back equals what was written, bit for bit (a negative zero becomes zero).
"""

from __future__ import annotations

from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

MAX_DECIMALS = 9
_LARGEST = 2**31 - 2
_Whole = TypeVar("_Whole", np.int32, np.int64)


class PackedNumbers(msgspec.Struct, array_like=True, gc=False):
    """A matrix [tag][frame] on its way to disk: decimals per tag, byte planes, and the exact exceptions.

    `where`: flat positions (uint32) of the values kept as they are; `exact`: those values (float64).
    """

    decimals: bytes
    planes: bytes
    where: bytes
    exact: bytes


def pack_numbers(values: NDArray[np.float64], valid: NDArray[np.bool_], decimals: NDArray[np.int8]) -> PackedNumbers:
    """Pack f8[T, F]. `valid` False marks cells without a number; they cost nothing and come back as anything.

    `decimals` int8[T] is where the search for a resolution starts; a tag that carries more digits gets more.
    """
    decimals = np.clip(decimals, 0, MAX_DECIMALS).astype(np.int8)
    scaled, fits = _scale(values, decimals)
    fits |= ~valid
    poor = np.flatnonzero(~fits.all(axis=1))
    for more in range(1, MAX_DECIMALS + 1):
        if not len(poor):
            break
        finer = np.minimum(decimals[poor] + more, MAX_DECIMALS).astype(np.int8)
        trial, good = _scale(values[poor], finer)
        good |= ~valid[poor]
        better = good.sum(axis=1) > fits[poor].sum(axis=1)
        chosen = poor[better]
        scaled[chosen], fits[chosen], decimals[chosen] = trial[better], good[better], finer[better]
        poor = poor[~good.all(axis=1)]
    exact = np.flatnonzero(~fits)
    whole = _hold(scaled, fits & valid)
    return PackedNumbers(
        decimals=decimals.tobytes(),
        planes=_to_planes(whole, np.int32),
        where=exact.astype(np.uint32).tobytes(),
        exact=values.ravel()[exact].tobytes(),
    )


def pack_full(
    values: NDArray[np.float64], decimals: NDArray[np.int8]
) -> tuple[PackedNumbers, PackedNumbers, PackedNumbers, PackedNumbers] | None:
    """What `pack_numbers` makes of a full matrix and of its lowest, highest and last column [T, 1], in far fewer steps.

    None unless every value is a whole multiple of its tag's resolution as given: the everyday case.
    """
    if not values.size:
        return None
    decimals = np.clip(decimals, 0, MAX_DECIMALS).astype(np.int8)
    scaled, fits = _scale(values, decimals)
    if not fits.all():
        return None
    told = np.stack([scaled.min(axis=1), scaled.max(axis=1), scaled[:, -1]])
    zigzag = ((told << 1) ^ (told >> 31)).view(np.uint8).reshape(3, -1, 4)
    digits = decimals.tobytes()
    lowest, highest, last = (
        PackedNumbers(digits, np.ascontiguousarray(column.T).tobytes(), b"", b"") for column in zigzag
    )
    return PackedNumbers(digits, _to_planes(scaled, np.int32), b"", b""), lowest, highest, last


def unpack_numbers(packed: PackedNumbers, frames: int, rows: NDArray[np.intp] | None = None) -> NDArray[np.float64]:
    """The matrix f8[T, F], or only the tags in `rows`. Raises ValueError for inconsistent input."""
    decimals = np.frombuffer(packed.decimals, np.int8)
    whole = _from_planes(packed.planes, len(decimals), frames, np.int32, rows)
    chosen = decimals if rows is None else decimals[rows]
    values = whole / (10.0 ** chosen.astype(np.float64))[:, None]
    if packed.where:
        where, exact = np.frombuffer(packed.where, np.uint32), np.frombuffer(packed.exact, np.float64)
        tag, frame = np.divmod(where.astype(np.int64), frames)
        if rows is None:
            values[tag, frame] = exact
        else:
            for position, row in enumerate(rows.tolist()):
                mine = tag == row
                values[position, frame[mine]] = exact[mine]
    return values


def pack_integers(values: NDArray[np.int64]) -> bytes:
    """Pack int64[T, F] (times, offsets): differences along the frames, as byte planes."""
    return _to_planes(values, np.int64)


def unpack_integers(planes: bytes, tags: int, frames: int, rows: NDArray[np.intp] | None = None) -> NDArray[np.int64]:
    """What `pack_integers` packed, or only the tags in `rows`. Raises ValueError for inconsistent input."""
    return _from_planes(planes, tags, frames, np.int64, rows)


def pack_runs(codes: NDArray[np.uint8]) -> tuple[bytes, bytes]:
    """Run-length form of a flat uint8 array: (values, uint32 lengths)."""
    if not codes.size:
        return b"", b""
    if (codes == codes[0]).all():
        return codes[:1].tobytes(), np.array([codes.size], np.uint32).tobytes()
    starts = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]])
    lengths = np.diff(np.r_[starts, codes.size]).astype(np.uint32)
    return codes[starts].tobytes(), lengths.tobytes()


def unpack_runs(values: bytes, lengths: bytes, size: int) -> NDArray[np.uint8]:
    """What `pack_runs` packed. Raises ValueError when the runs do not make `size`."""
    counts = np.frombuffer(lengths, np.uint32)
    if int(counts.sum()) != size:
        raise ValueError("runs do not fill the matrix")
    return np.repeat(np.frombuffer(values, np.uint8), counts)


def _scale(values: NDArray[np.float64], decimals: NDArray[np.int8]) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    factor = (10.0 ** decimals.astype(np.float64))[:, None]
    with np.errstate(invalid="ignore", over="ignore"):
        rounded = np.rint(values * factor)
        # whole / power of ten is the double nearest to that decimal, which is what reading its digits gave
        fits = (np.abs(rounded) <= _LARGEST) & (rounded / factor == values)
    return np.where(fits, rounded, 0).astype(np.int32), fits


def _hold(scaled: NDArray[np.int32], valid: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Fill cells without a number with the one before: a difference of zero compresses to nothing."""
    if valid.all():
        return scaled
    source = np.where(valid, np.arange(scaled.shape[1]), 0)
    np.maximum.accumulate(source, axis=1, out=source)
    return np.take_along_axis(np.where(valid, scaled, np.int32(0)), source, axis=1)


def _to_planes(matrix: NDArray[_Whole], kind: type[_Whole]) -> bytes:
    bits = np.dtype(kind).itemsize * 8
    step = np.empty_like(matrix)
    step[:, :1] = matrix[:, :1]
    np.subtract(matrix[:, 1:], matrix[:, :-1], out=step[:, 1:])
    zigzag = (step << 1) ^ (step >> (bits - 1))
    return np.ascontiguousarray(zigzag.view(np.uint8).reshape(-1, bits // 8).T).tobytes()


def _from_planes(
    planes: bytes, tags: int, frames: int, kind: type[_Whole], rows: NDArray[np.intp] | None
) -> NDArray[_Whole]:
    width = np.dtype(kind).itemsize
    cells = np.frombuffer(planes, np.uint8).reshape(width, tags, frames)
    if rows is not None:
        cells = cells[:, rows]
    count = cells.shape[1]
    zigzag = np.ascontiguousarray(cells.reshape(width, -1).T).view(np.dtype(f"u{width}")).reshape(count, frames)
    step = (zigzag >> 1).astype(kind) ^ -(zigzag & 1).astype(kind)
    return np.cumsum(step, axis=1, dtype=kind)
