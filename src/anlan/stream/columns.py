"""Samples as columns: what the compact and the binary form carry, without the tags, which an agreed list gives.

No sample is touched one by one unless the packet is damaged: a national load in these forms must cost next to nothing.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from anlan.stream import binary
from anlan.stream.envelope import Record
from anlan.stream.number import number_in
from anlan.stream.packet import Form, PacketError, Refusal

_ASCII_ZERO = 48
BAD = 2
NO_OFFSET = 2**62


class Columns(msgspec.Struct, frozen=True, gc=False):
    """``value`` f8[n] (NaN: no number), ``quality`` u1[n] as `frame` has it, ``offset_us`` i8[n] of each sample's own
    time from the collect time, or None where all are at it. The arrays are the reader's own and may be written."""

    collect_time: str | int
    tags_hash: str
    value: NDArray[np.float64]
    quality: NDArray[np.uint8]
    offset_us: NDArray[np.int64] | None
    connected: Any


class _Report(msgspec.Struct, gc=False):
    collectTime: str | int
    tagsHash: str
    values: list[float | None]
    quality: str | None = None
    offsetsUs: list[int] | None = None
    isConnectDataSource: Any = True


class _Packet(msgspec.Struct, gc=False):
    report: _Report


class _OpenReport(msgspec.Struct, gc=False):
    collectTime: str | int
    tagsHash: str
    values: list[msgspec.Raw]
    quality: str | None = None
    offsetsUs: list[msgspec.Raw] | None = None
    isConnectDataSource: Any = True


class _OpenPacket(msgspec.Struct, gc=False):
    report: _OpenReport


_packet = msgspec.json.Decoder(_Packet)
_open = msgspec.json.Decoder(_OpenPacket)
_integer = msgspec.json.Decoder(int)
_BROKEN = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)


def read(record: Record) -> Columns:
    """The columns of a record in the compact or binary form. Raises `PacketError` when it is no such packet.

    What is wrong with one sample costs no other, as in the national form: a value that is no number becomes NaN, a
    quality that is none is bad, an offset that is none is one that nobody can mean (`frame` then doubts the sample).
    """
    if record.form == Form.BINARY:
        report, value, quality, offset = binary.columns(record.body)
        return Columns(report.collectTime, report.tagsHash, value, quality, offset, report.isConnectDataSource)
    body = record.body[3:] if record.body[:3] == b"\xef\xbb\xbf" else record.body
    try:
        plain = _packet.decode(body).report
    except _BROKEN:
        return _read_open(body)
    return _made(plain, np.array(plain.values, np.float64))


def _read_open(body: bytes) -> Columns:
    try:
        report = _open.decode(body).report
    except _BROKEN as error:
        raise PacketError(Refusal.MALFORMED) from error
    offsets = None if report.offsetsUs is None else [_offset(raw) for raw in report.offsetsUs]
    told = msgspec.structs.replace(report, offsetsUs=offsets)
    return _made(told, np.array([number_in(raw) for raw in report.values], np.float64))


def _offset(raw: msgspec.Raw) -> int:
    try:
        return min(max(_integer.decode(raw), -NO_OFFSET), NO_OFFSET)
    except _BROKEN:
        return NO_OFFSET


def _made(report: Any, value: NDArray[np.float64]) -> Columns:
    count = len(value)
    quality = np.zeros(count, np.uint8)
    if report.quality is not None:
        quality = np.frombuffer(report.quality.encode("ascii", "replace"), np.uint8) - np.uint8(_ASCII_ZERO)
        quality[quality > BAD] = BAD
    offset = None
    if report.offsetsUs is not None:
        offset = np.array([min(max(each, -NO_OFFSET), NO_OFFSET) for each in report.offsetsUs], np.int64)
    if len(quality) != count or (offset is not None and len(offset) != count):
        raise PacketError(Refusal.MALFORMED, "values、quality、offsetsUs 的个数不一致")
    return Columns(report.collectTime, report.tagsHash, value, quality, offset, report.isConnectDataSource)
