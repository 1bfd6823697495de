"""The learned template: reading the numbers of a packet without parsing the rest of it a second time.

A gateway sends the same `datas` every few seconds, with other numbers in it. From one packet and its full reading a
template is learned: the bytes between the numbers, literally. A later packet whose bytes between the numbers are the
same means the same, with its own numbers; any other byte, and any number that is not a plain decimal of at most 15
digits, is left to the full reading. So the scanner never interprets: it only compares, and converts exact decimals.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from math import isnan
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from anlan.stream.compiled import compile_or_none

_SLOT = re.compile(rb'"value"[ \t\r\n]*:[ \t\r\n]*"?(-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,14})?)(?=["},\]\s])')
_KEY = b'"datas"'
_OPENING = re.compile(rb'"datas"[ \t\r\n]*:[ \t\r\n]*(?=\[)')
_POWERS = np.array([10.0**n for n in range(16)])
_NONE, _ONE = np.uint64(0), np.uint64(1)
MAX_DIGITS = 15
"""So many decimal digits fit exactly into a double, so that one division by a power of ten rounds correctly."""


class Flag(msgspec.Struct, gc=False):
    """What a packet says beside its samples."""

    collectTime: str | int
    datas: msgspec.Raw
    isConnectDataSource: Any = True


class _Around(msgspec.Struct, gc=False):
    report: Flag


_around = msgspec.json.Decoder(_Around)


class Reading(msgspec.Struct, gc=False):
    """A packet as it was read, before the registry is asked: one element a sample.

    `sampled_at_us` None: every sample at the collect time. `value` NaN where nothing could be read.
    """

    collect_time: str | int
    connected: Any
    names: list[str]
    value: NDArray[np.float64]
    quality: NDArray[np.uint8]
    sampled_at_us: NDArray[np.int64] | None = None
    damaged: int = 0


class Template:
    """What one gateway's `datas` look like between the numbers; made by `learn`."""

    __slots__ = ("_edges", "_literals", "_opening", "_place", "names", "quality", "value")

    def __init__(self, opening: bytes, literals: list[bytes], place: NDArray[np.int32], reading: Reading) -> None:
        self._opening = opening
        self._literals = np.frombuffer(b"".join(literals), np.uint8)
        self._edges = np.cumsum([0, *map(len, literals)]).astype(np.int32)
        self._place = place
        self.names = reading.names
        self.value = reading.value.copy()
        self.quality = reading.quality.copy()

    def read(self, body: bytes) -> tuple[Flag, NDArray[np.float64]] | None:
        """What stands around the samples, and their values (a new array); None when the packet looks different."""
        scan = scanner()
        at = body.find(self._opening)
        if scan is None or at < 0:
            return None
        start = at + len(self._opening)
        value = self.value.copy()
        end = scan(np.frombuffer(body, np.uint8), start, self._literals, self._edges, self._place, _POWERS, value)
        if end < 0:
            return None
        head, tail = body[:start], body[end:]
        # with the key there once and nothing escaped, no other `datas` can be meant
        if b"\\" in head or b"\\" in tail or head.count(_KEY) != 1 or _KEY in tail:
            return None
        try:
            around = _around.decode(head + b"[]" + tail).report
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return None
        return (around, value) if bytes(around.datas) == b"[]" else None


@cache
def scanner() -> Callable[..., int] | None:
    """The compiled scan; None without numba, then nothing is learned either."""
    return compile_or_none(scan)


def learn(body: bytes, reading: Reading, read: Callable[[bytes], Reading]) -> Template | None:
    """The template of a packet that ``read`` read as ``reading``; None when its numbers cannot be told apart.

    Which number belongs to which sample is not guessed: other numbers are put in, ``read`` says where they come out.
    """
    if reading.sampled_at_us is not None or reading.damaged or not reading.names:
        return None
    found = _OPENING.search(body)
    if found is None:
        return None
    try:
        datas = bytes(_around.decode(body).report.datas)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    start = found.end()
    if body[start : start + len(datas)] != datas:
        return None
    slots = list(_SLOT.finditer(datas))
    edges = [0, *(edge for slot in slots for edge in slot.span(1)), len(datas)]
    literals = [datas[edges[n] : edges[n + 1]] for n in range(0, len(edges), 2)]
    given = [float(slot[1]) for slot in slots]
    others = [n + (0.5 if given[n] != n + 0.5 else 0.25) for n in range(len(slots))]
    changed = b"".join(literal + b"%.2f" % number for literal, number in zip(literals, others, strict=False))
    try:
        probe = read(body[:start] + changed + literals[-1] + body[start + len(datas) :])
    except Exception:  # noqa: BLE001 - whatever the full reading dislikes is not learned
        return None
    place = _places(reading, probe, given, others)
    if place is None:
        return None
    template = Template(body[found.start() : start], literals, place, reading)
    again = template.read(body)
    if again is None or not np.array_equal(again[1], reading.value, equal_nan=True):
        return None
    return template


def _places(reading: Reading, probe: Reading, given: list[float], others: list[float]) -> NDArray[np.int32] | None:
    """For each number of the text the sample that it is the value of; None when the two readings leave a doubt."""
    if probe.names != reading.names or probe.sampled_at_us is not None or probe.damaged:
        return None
    if not np.array_equal(probe.quality, reading.quality):
        return None
    where = {number: n for n, number in enumerate(others)}
    place = np.full(len(others), -1, np.int32)
    for sample, (before, after) in enumerate(zip(reading.value.tolist(), probe.value.tolist(), strict=True)):
        if before == after or (isnan(before) and isnan(after)):
            continue
        slot = where.get(after)
        if slot is None or place[slot] >= 0 or given[slot] != before:
            return None
        place[slot] = sample
    return place if bool((place >= 0).all()) else None


def scan(
    body: NDArray[np.uint8],
    start: int,
    literals: NDArray[np.uint8],
    edges: NDArray[np.int32],
    place: NDArray[np.int32],
    powers: NDArray[np.float64],
    value: NDArray[np.float64],
) -> Any:
    """Read the numbers between ``literals`` into ``value``; the position after the last literal, -1 at any surprise.

    Reads no byte outside of ``body``. ``value`` is spoilt when the answer is -1. Positions are unsigned: where none can
    be negative the compiler compares many bytes at once, which is five times faster.
    """
    size, at = np.uint64(body.size), np.uint64(start)
    for slot in range(place.size + 1):
        first = np.uint64(edges[slot])
        length = np.uint64(edges[slot + 1]) - first
        if at + length > size:
            return -1
        same = True
        for n in range(length):
            same &= body[at + n] == literals[first + n]
        if not same:
            return -1
        at += length
        if slot == place.size:
            return np.int64(at)
        negative = at < size and body[at] == 45
        if negative:
            at += _ONE
        begin = at
        mantissa = 0
        while at < size and 48 <= body[at] <= 57 and at - begin < 16:
            mantissa = mantissa * 10 + (int(body[at]) - 48)
            at += _ONE
        digits = at - begin
        if digits == 0 or digits > 15 or (digits > 1 and body[begin] == 48):
            return -1
        fraction = _NONE
        if at < size and body[at] == 46:
            at += _ONE
            begin = at
            while at < size and 48 <= body[at] <= 57 and at - begin < 16:
                mantissa = mantissa * 10 + (int(body[at]) - 48)
                at += _ONE
            fraction = at - begin
            if fraction == 0 or digits + fraction > 15:
                return -1
        number = float(mantissa) / powers[fraction]
        value[place[slot]] = -number if negative else number
    return -1
