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
from anlan.stream.packet import Form, PacketError, Refusal

_ASCII_ZERO = 48


class Columns(msgspec.Struct, frozen=True, gc=False):
    """``value`` f8[n] (NaN: no number), ``quality`` u1[n] as `frame` has it, ``offset_us`` i8[n] of each sample's own
    time from the collect time, or None where all are at it. The arrays are the reader's own and may be written."""

    collect_time: str | int
    tags_hash: str
    value: NDArray[np.float64]
    quality: NDArray[np.uint8]
    offset_us: NDArray[np.int64] | None
    connected: bool | str | int | None


class _Report(msgspec.Struct, gc=False):
    collectTime: str | int
    tagsHash: str
    values: list[float | None]
    quality: str | None = None
    offsetsUs: list[int] | None = None
    isConnectDataSource: bool | str | int | None = True


class _Packet(msgspec.Struct, gc=False):
    report: _Report


class _OpenReport(msgspec.Struct, gc=False):
    collectTime: str | int
    tagsHash: str
    values: list[msgspec.Raw]
    quality: str | None = None
    offsetsUs: list[int] | None = None
    isConnectDataSource: bool | str | int | None = True


class _OpenPacket(msgspec.Struct, gc=False):
    report: _OpenReport


_packet = msgspec.json.Decoder(_Packet)
_open = msgspec.json.Decoder(_OpenPacket)
_number = msgspec.json.Decoder(float, strict=False)
_BROKEN = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)


def read(record: Record) -> Columns:
    """The columns of a record in the compact or binary form. Raises `PacketError` when it is no such packet.

    A value that is no number becomes NaN and its neighbours land, as in the national form.
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
    return _made(report, np.array([_meant(raw) for raw in report.values], np.float64))


def _meant(raw: msgspec.Raw) -> float:
    try:
        return _number.decode(raw)
    except _BROKEN:
        return float("nan")


def _made(report: Any, value: NDArray[np.float64]) -> Columns:
    count = len(value)
    quality = np.zeros(count, np.uint8)
    if report.quality is not None:
        try:
            quality = np.frombuffer(report.quality.encode("ascii"), np.uint8) - np.uint8(_ASCII_ZERO)
        except UnicodeEncodeError as error:
            raise PacketError(Refusal.MALFORMED, "quality 应为 0、1、2") from error
    offset = None
    if report.offsetsUs is not None:
        try:
            offset = np.array(report.offsetsUs, np.int64)
        except OverflowError as error:
            raise PacketError(Refusal.MALFORMED, "offsetsUs 超出范围") from error
    if len(quality) != count or (offset is not None and len(offset) != count) or (count and quality.max() > 2):
        raise PacketError(Refusal.MALFORMED, "values、quality、offsetsUs 的个数不一致")
    return Columns(report.collectTime, report.tagsHash, value, quality, offset, report.isConnectDataSource)
