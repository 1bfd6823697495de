"""One-minute roll-ups: lowest, highest, mean, last and count per tag, so that long ranges need not read samples.

Bad samples take no part. Minutes are of frame time. The mean is the one derived figure: it is kept with one digit
more than the instrument has; all others are exact. Roll-ups are made again from the block whenever that changes, so
they never have to be merged.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import zstandard
from numpy.typing import NDArray

from anlan.stream.blocks.block import BlockError, read
from anlan.stream.blocks.numbers import (
    PackedNumbers,
    pack_integers,
    pack_numbers,
    unpack_integers,
    unpack_numbers,
)

MINUTE_US = 60_000_000
MARK = b"ANR\x01"
_MEAN_DIGITS = 1


@dataclass(frozen=True)
class Minutes:
    """Roll-up of one tag: parallel arrays over the minutes that have usable samples, in order of time."""

    start_us: NDArray[np.int64]
    lowest: NDArray[np.float64]
    highest: NDArray[np.float64]
    mean: NDArray[np.float64]
    last: NDArray[np.float64]
    count: NDArray[np.int64]


class _Rollup(msgspec.Struct, array_like=True):
    codes: list[str]
    first_us: int
    minutes: int
    count: bytes
    lowest: PackedNumbers
    highest: PackedNumbers
    mean: PackedNumbers
    last: PackedNumbers


def roll_up(block: bytes) -> bytes:
    """The one-minute roll-up of a block (a minute's or an hour's). Deterministic. Raises BlockError."""
    series = {code: minutes_of(one.collected_us, one.value, one.quality) for code, one in read(block).items()}
    codes = sorted(code for code, minutes in series.items() if len(minutes.start_us))
    if not codes:
        return _seal(_Rollup([], 0, 0, b"", *[PackedNumbers(b"", b"", b"", b"")] * 4))
    first = min(int(series[code].start_us[0]) for code in codes)
    end = max(int(series[code].start_us[-1]) for code in codes)
    size = (end - first) // MINUTE_US + 1
    count = np.zeros((len(codes), size), np.int64)
    tables = np.zeros((4, len(codes), size))
    for row, code in enumerate(codes):
        minutes = series[code]
        at = (minutes.start_us - first) // MINUTE_US
        count[row, at] = minutes.count
        tables[:, row, at] = minutes.lowest, minutes.highest, minutes.mean, minutes.last
    valid = count > 0
    digits = _digits(tables[[0, 1, 3]], valid)
    mean_digits = np.minimum(digits + _MEAN_DIGITS, 9).astype(np.int8)
    factor = 10.0 ** mean_digits[:, None]
    with np.errstate(over="ignore", invalid="ignore"):
        rounded = np.rint(tables[2] * factor) / factor
    mean = np.where(np.isfinite(rounded), rounded, tables[2])
    lowest, highest, last = (pack_numbers(tables[which], valid, digits) for which in (0, 1, 3))
    packed_mean = pack_numbers(mean, valid, mean_digits)
    return _seal(_Rollup(codes, first, size, pack_integers(count), lowest, highest, packed_mean, last))


@dataclass(frozen=True)
class MinuteTable:
    """Roll-ups of several tags over one stretch: matrices [tag][minute]; `count` 0 where nothing usable was read."""

    codes: list[str]
    first_us: int
    lowest: NDArray[np.float64]
    highest: NDArray[np.float64]
    mean: NDArray[np.float64]
    last: NDArray[np.float64]
    count: NDArray[np.int64]


def read_table(rollup: bytes, codes: Collection[str] | None = None) -> MinuteTable:
    """The minutes of `codes` (None: all) that the roll-up holds. Raises BlockError."""
    if rollup[:4] != MARK or zlib.crc32(rollup[8:]).to_bytes(4, "big") != rollup[4:8]:
        raise BlockError("not a roll-up, damaged, or of an unknown version")
    try:
        found = msgspec.msgpack.decode(zstandard.ZstdDecompressor().decompress(rollup[8:]), type=_Rollup)
        wanted = [row for row, code in enumerate(found.codes) if codes is None or code in codes]
        size = found.minutes if wanted else 0
        rows = np.array(wanted, np.intp)

        def numbers(packed: PackedNumbers) -> NDArray[np.float64]:
            return unpack_numbers(packed, size, rows) if size else np.empty((len(rows), 0))

        return MinuteTable(
            codes=[found.codes[row] for row in wanted],
            first_us=found.first_us,
            lowest=numbers(found.lowest),
            highest=numbers(found.highest),
            mean=numbers(found.mean),
            last=numbers(found.last),
            count=unpack_integers(found.count, len(found.codes), size, rows) if size else np.empty((0, 0), np.int64),
        )
    except (zstandard.ZstdError, msgspec.MsgspecError, ValueError, IndexError) as error:
        raise BlockError(str(error)) from error


def read_rollup(rollup: bytes, codes: Collection[str] | None = None) -> dict[str, Minutes]:
    """The minutes of `codes` (None: all); tags without usable samples are absent. Raises BlockError."""
    return join([read_table(rollup, codes)])


def join(tables: Sequence[MinuteTable]) -> dict[str, Minutes]:
    """The minutes of each tag out of several stretches, in order of time; a stretch must not be given twice.

    Matrices throughout, so that a week of many tags costs no more calls than an hour of one.
    """
    tables = sorted((table for table in tables if table.count.size), key=lambda table: table.first_us)
    codes = sorted({code for table in tables for code in table.codes})
    row_of = {code: row for row, code in enumerate(codes)}
    width = sum(table.count.shape[1] for table in tables)
    start = np.empty(width, np.int64)
    count = np.zeros((len(codes), width), np.int64)
    figures = [np.zeros((len(codes), width)) for _ in range(4)]
    at = 0
    for table in tables:
        size = table.count.shape[1]
        start[at : at + size] = table.first_us + np.arange(size) * MINUTE_US
        rows = np.array([row_of[code] for code in table.codes], np.intp)
        count[rows, at : at + size] = table.count
        for column, part in zip(figures, (table.lowest, table.highest, table.mean, table.last), strict=True):
            column[rows, at : at + size] = part
        at += size
    answer = {}
    for code, row in row_of.items():
        held = np.flatnonzero(count[row])
        if len(held):
            low, high, mean, last = (column[row, held] for column in figures)
            answer[code] = Minutes(start[held], low, high, mean, last, count[row, held])
    return answer


def minutes_of(time_us: NDArray[np.int64], value: NDArray[np.float64], quality: NDArray[np.uint8]) -> Minutes:
    """Roll samples up by the minute of `time_us`; arrays need not be sorted. Bad or NaN samples are left out."""
    usable = (quality < 2) & np.isfinite(value)
    order = np.argsort(time_us[usable], kind="stable")
    time, number = time_us[usable][order], value[usable][order]
    minute = time // MINUTE_US
    starts = np.flatnonzero(np.r_[True, minute[1:] != minute[:-1]])[: len(minute)]
    count = np.diff(np.r_[starts, len(minute)]).astype(np.int64)
    if not len(minute):
        nothing = np.empty(0)
        return Minutes(np.empty(0, np.int64), nothing, nothing, nothing, nothing, np.empty(0, np.int64))
    lowest, highest = np.minimum.reduceat(number, starts), np.maximum.reduceat(number, starts)
    # dividing before adding keeps the mean finite whatever the instrument sends
    mean = np.add.reduceat(number / np.repeat(count, count), starts)
    return Minutes(
        start_us=minute[starts] * MINUTE_US,
        lowest=lowest,
        highest=highest,
        mean=np.clip(mean, lowest, highest),
        last=number[starts + count - 1],
        count=count,
    )


def _digits(tables: NDArray[np.float64], valid: NDArray[np.bool_]) -> NDArray[np.int8]:
    digits = np.zeros(valid.shape[0], np.int8)
    for table in tables:
        packed = pack_numbers(table, valid, np.zeros(valid.shape[0], np.int8))
        digits = np.maximum(digits, np.frombuffer(packed.decimals, np.int8))
    return digits


def _seal(rollup: _Rollup) -> bytes:
    body = zstandard.ZstdCompressor(level=1).compress(msgspec.msgpack.encode(rollup))
    return MARK + zlib.crc32(body).to_bytes(4, "big") + body
