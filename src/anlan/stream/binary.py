"""The binary form of a packet, for gateways that send much: a msgpack header and one block of float64.

Layout (`docs/reference/packet-format.md`): the mark ``ANB`` with a version, then three little-endian uint32 — bytes
that follow these sixteen, their crc32, bytes of the header — then the msgpack header, ``count`` float64, and, as the
header says, ``count`` bytes of quality and ``count`` int64 of time offsets. All numbers little-endian. A request holds
any number of packets one after another.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from struct import Struct
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from anlan.stream.packet import MAX_PACKETS, MAX_SAMPLES, Claims, Form, Header, PacketError, Refusal, header_of

CONTENT_TYPE = "application/vnd.anlan.frames"
MARK = b"ANB\x01"
_HEAD = Struct("<4sIII")


class BinaryReport(Claims, gc=False, omit_defaults=True, kw_only=True):
    """The header: the fields of a JSON `report`, with ``count`` values behind it. ``quality`` and ``offsets`` tell
    which of the two further blocks follow."""

    collectTime: str | int
    tagsHash: str
    count: int
    quality: bool = False
    offsets: bool = False


_header = msgspec.msgpack.Decoder(BinaryReport)
_BROKEN = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)


def split(body: bytes, max_packets: int = MAX_PACKETS) -> list[bytes]:
    """Cut a request into packets by their lengths. What follows a place where no packet begins comes out as one piece,
    which `peek` refuses. Raises `PacketError` for an empty body or more than ``max_packets``."""
    if not body:
        raise PacketError(Refusal.MALFORMED, "请求体为空")
    packets: list[bytes] = []
    place = 0
    while place < len(body):
        if len(packets) == max_packets:
            raise PacketError(Refusal.TOO_MANY_PACKETS, f"单次请求最多 {max_packets} 个报文")
        end = len(body)
        if body[place : place + 4] == MARK and place + _HEAD.size <= len(body):
            end = min(end, place + _HEAD.size + _HEAD.unpack_from(body, place)[1])
        packets.append(body[place:end])
        place = end
    return packets


def peek(raw: bytes) -> Header:
    """Read and check the header of one packet; the checksum covers every byte behind the first sixteen.

    Raises `PacketError` (malformed, altered, bad_time, too_many_samples).
    """
    report, place = _open(raw)
    return header_of(
        Form.BINARY,
        report,
        text=raw,
        count=report.count,
        digested=(memoryview(raw)[place:],),
    )


def columns(
    raw: bytes,
) -> tuple[BinaryReport, NDArray[np.float64], NDArray[np.uint8], NDArray[np.int64] | None]:
    """Header, values, quality (all good where none is sent) and offsets in µs (None where none are sent); fresh arrays.

    Raises `PacketError` like `peek`.
    """
    report, place = _open(raw)
    count = report.count
    value = np.frombuffer(raw, "<f8", count, place).astype(np.float64)
    place += 8 * count
    quality = np.zeros(count, np.uint8)
    if report.quality:
        quality = np.frombuffer(raw, np.uint8, count, place).copy()
        place += count
        quality[quality > 2] = 2  # no such quality: the sample is bad, its neighbours land
    offset = np.frombuffer(raw, "<i8", count, place).astype(np.int64) if report.offsets else None
    return report, value, quality, offset


def encode(
    report: BinaryReport,
    value: Sequence[float] | NDArray[Any],
    quality: Sequence[int] | NDArray[Any] | None = None,
    offset_us: Sequence[int] | NDArray[Any] | None = None,
) -> bytes:
    """One packet; ``count``, ``quality`` and ``offsets`` of the header are set from the columns."""
    blocks = [np.asarray(value, "<f8").tobytes()]
    if quality is not None:
        blocks.append(np.asarray(quality, np.uint8).tobytes())
    if offset_us is not None:
        blocks.append(np.asarray(offset_us, "<i8").tobytes())
    told = msgspec.structs.replace(report, count=len(value), quality=quality is not None, offsets=offset_us is not None)
    head = msgspec.msgpack.encode(told)
    rest = head + b"".join(blocks)
    return _HEAD.pack(MARK, len(rest), zlib.crc32(rest), len(head)) + rest


def _open(raw: bytes) -> tuple[BinaryReport, int]:
    """The header and where the values begin; every length has been checked."""
    if len(raw) < _HEAD.size or raw[:4] != MARK:
        raise PacketError(Refusal.MALFORMED, "不是二进制报文，或报文不完整")
    _, size, checksum, head = _HEAD.unpack_from(raw)
    rest = memoryview(raw)[_HEAD.size :]
    if size != len(rest) or head > size:
        raise PacketError(Refusal.MALFORMED, "二进制报文不完整")
    if zlib.crc32(rest) != checksum:
        raise PacketError(Refusal.ALTERED, "crc32 与报文内容不符，请重发")
    try:
        report = _header.decode(rest[:head])
    except _BROKEN as error:
        raise PacketError(Refusal.MALFORMED, f"二进制报文头无法读出（{str(error)[:120]}）") from error
    if report.count > MAX_SAMPLES:
        raise PacketError(Refusal.TOO_MANY_SAMPLES, f"单个报文最多 {MAX_SAMPLES} 个指标")
    width = 8 + (1 if report.quality else 0) + (8 if report.offsets else 0)
    if report.count < 0 or head + report.count * width != size:
        raise PacketError(Refusal.MALFORMED, "样本个数与报文长度不符")
    return report, _HEAD.size + head
