"""From a packet's bytes to arrays: the samples of one gateway at one collect time, as the kernel and history take them.

Never an uncaught exception, never a wrong number: a sample that cannot be read is `bad` and carries NaN, its neighbours
land, and only a packet that is not a packet raises. A gateway sends the same tags in the same order every time, so the
rows of its last tag list are remembered and reused when the list is equal.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from anlan.stream.envelope import Record
from anlan.stream.packet import MAX_SAMPLES, PacketError, Refusal, is_true, parse_time
from anlan.stream.points import PointTable

GOOD, UNCERTAIN, BAD = 0, 1, 2
UNCERTAIN_WORD = "uncertain"
"""Our own gateway's finer word beside `isValid` "0": doubtful, but not to be thrown away."""
SOURCE_TIME_TOLERANCE_US = 60_000_000
"""How far a sample's own time may lie after its packet's collect time (a device clock that runs ahead)."""


class Frame(msgspec.Struct, frozen=True, gc=False):
    """Samples of one gateway; the arrays have one element a sample and are read-only by agreement.

    `index` int32 rows of the point table, `value` float64 (NaN only where `quality` is 2), `quality` uint8 (0 good,
    1 uncertain, 2 bad), `sampled_at_us` int64 the sample's own time, epoch µs. `unknown`: tags that are no points of
    this gateway; they are in no array. `damaged`: samples that did not even name a tag. `unique`: no row twice.
    `connected`: whether the gateway had its control system. `suspect`: see `anlan.stream.gateway_clock`.
    """

    gateway: str
    collected_at_us: int
    received_at_us: int
    index: NDArray[np.int32]
    value: NDArray[np.float64]
    quality: NDArray[np.uint8]
    sampled_at_us: NDArray[np.int64]
    unknown: list[str]
    damaged: int = 0
    unique: bool = False
    connected: bool = True
    suspect: bool = False


class _Sample(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    quotaId: str
    value: float


class _Report(msgspec.Struct, gc=False):
    collectTime: str | int
    datas: list[_Sample]
    isConnectDataSource: bool | str | int | None = True


class _Packet(msgspec.Struct, gc=False):
    report: _Report


class _FullSample(msgspec.Struct, gc=False):
    quotaId: str
    value: float
    isValid: bool | str | int | None = None
    time: str | int | None = None
    collectTime: str | int | None = None
    quality: Any = None


class _FullReport(msgspec.Struct, gc=False):
    collectTime: str | int
    datas: list[_FullSample]
    isConnectDataSource: bool | str | int | None = True


class _FullPacket(msgspec.Struct, gc=False):
    report: _FullReport


class _OpenSample(msgspec.Struct, gc=False):
    quotaId: str | int
    value: str | float | int | bool | None = None
    isValid: bool | str | int | None = None
    time: str | int | None = None
    collectTime: str | int | None = None
    quality: Any = None


class _OpenReport(msgspec.Struct, gc=False):
    collectTime: str | int
    datas: list[_OpenSample]
    isConnectDataSource: bool | str | int | None = True


class _OpenPacket(msgspec.Struct, gc=False):
    report: _OpenReport


class _RawReport(msgspec.Struct, gc=False):
    collectTime: str | int
    datas: list[msgspec.Raw]
    isConnectDataSource: bool | str | int | None = True


class _RawPacket(msgspec.Struct, gc=False):
    report: _RawReport


# Four readings, from fast to forgiving. The first takes bare tag-value pairs with clean numbers, written as JSON texts
# or numbers (lax mode reads "12.5" exactly as float() does and refuses "1_000", " 12" and "+5"); the second also
# validity and times; the third any typed sample; the last cuts the samples apart, so that one that is no sample at all
# does not take the rest with it.
_plain = msgspec.json.Decoder(_Packet, strict=False)
_full = msgspec.json.Decoder(_FullPacket, strict=False)
_open = msgspec.json.Decoder(_OpenPacket)
_raw = msgspec.json.Decoder(_RawPacket)
_sample = msgspec.json.Decoder(_OpenSample)
_BROKEN = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)


class _Tags:
    """The tag list that a gateway sent last, and where it leads."""

    __slots__ = ("index", "keep", "span", "tags", "unique", "unknown", "version")

    def __init__(self, tags: list[str], rows: NDArray[np.int32], version: int) -> None:
        self.tags = tags
        self.version = version
        known = rows >= 0
        self.keep: NDArray[np.intp] | None = None if bool(known.all()) else np.flatnonzero(known)
        self.index = rows if self.keep is None else rows[self.keep]
        self.unknown = [tag for tag, row in zip(tags, rows.tolist(), strict=True) if row < 0]
        self.span: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
        self.unique = len(np.unique(self.index)) == len(self.index)


class FrameDecoder:
    """Turns records of the log into frames. Keeps one remembered tag list a gateway; not thread-safe."""

    def __init__(self, table: PointTable) -> None:
        self._table = table
        self._remembered: dict[str, _Tags] = {}
        self._irregular: set[str] = set()

    def decode(self, record: Record) -> Frame:
        """Decode one record. Raises PacketError when it is not a packet at all; nothing is remembered then."""
        body = record.body[3:] if record.body[:3] == b"\xef\xbb\xbf" else record.body
        if record.gateway not in self._irregular:
            try:
                report = _plain.decode(body).report
            except _BROKEN:
                self._irregular.add(record.gateway)
            else:
                return self._decode_plain(record, report)
        try:
            full = _full.decode(body).report
        except _BROKEN:
            return self._decode_open(record, body)
        return self._decode_full(record, full)

    def _decode_plain(self, record: Record, report: _Report) -> Frame:
        datas = report.datas
        if len(datas) > MAX_SAMPLES:
            raise PacketError(Refusal.TOO_MANY_SAMPLES)
        collected = _micros(report.collectTime)
        tags = self._tags(record.gateway, [sample.quotaId for sample in datas])
        value = np.array([sample.value for sample in datas], np.float64)
        if tags.keep is not None:
            value = value[tags.keep]
        quality = np.zeros(len(value), np.uint8)
        sampled = np.full(len(value), collected, np.int64)
        return self._finish(record, collected, tags, value, quality, sampled, report.isConnectDataSource, 0)

    def _decode_full(self, record: Record, report: _FullReport) -> Frame:
        datas = report.datas
        if len(datas) > MAX_SAMPLES:
            raise PacketError(Refusal.TOO_MANY_SAMPLES)
        collected = _micros(report.collectTime)
        tags = self._tags(record.gateway, [sample.quotaId for sample in datas])
        value = np.array([sample.value for sample in datas], np.float64)
        quality = np.zeros(len(datas), np.uint8)
        flags = [sample.isValid for sample in datas]
        invalid = {flag for flag in set(flags) if not is_true(flag)}
        if invalid:
            quality[[flag in invalid for flag in flags]] = BAD
            uncertain = [sample.quality == UNCERTAIN_WORD for sample in datas]
            quality[np.array(uncertain, np.bool_) & np.isfinite(value)] = UNCERTAIN
        given = [sample.collectTime if sample.time is None else sample.time for sample in datas]
        different = set(given)
        sampled = np.full(len(datas), collected, np.int64)
        if different != {None}:
            known = {
                text: collected if text is None or text == "" else _source_time(text, collected) for text in different
            }
            moments = [known[text] for text in given]
            if None in known.values():
                doubtful = np.array([moment is None for moment in moments], np.bool_)
                quality[doubtful] = np.maximum(quality[doubtful], UNCERTAIN)
            sampled[:] = [collected if moment is None else moment for moment in moments]
        elif not invalid and all(flag is None for flag in flags):
            self._irregular.discard(record.gateway)
        if tags.keep is not None:
            value, quality, sampled = value[tags.keep], quality[tags.keep], sampled[tags.keep]
        return self._finish(record, collected, tags, value, quality, sampled, report.isConnectDataSource, 0)

    def _decode_open(self, record: Record, body: bytes) -> Frame:
        collect_time, connected, samples, damaged = _read_open(body)
        if len(samples) > MAX_SAMPLES:
            raise PacketError(Refusal.TOO_MANY_SAMPLES)
        collected = _micros(collect_time)
        times: dict[str | int, int | None] = {}
        names: list[str] = []
        values: list[float] = []
        qualities: list[int] = []
        moments: list[int] = []
        for sample in samples:
            value = _number(sample.value)
            quality = GOOD if isfinite(value) and is_true(sample.isValid) else BAD
            if quality == BAD and sample.quality == UNCERTAIN_WORD and isfinite(value):
                quality = UNCERTAIN
            given = sample.time if sample.time is not None else sample.collectTime
            at = collected
            if given is not None and given != "":
                if given not in times:
                    times[given] = _source_time(given, collected)
                own = times[given]
                if own is None:
                    quality = max(quality, UNCERTAIN)
                else:
                    at = own
            names.append(str(sample.quotaId))
            values.append(value)
            qualities.append(quality)
            moments.append(at)
        tags = self._tags(record.gateway, names)
        value_array = np.array(values, np.float64)
        quality_array = np.array(qualities, np.uint8)
        sampled = np.array(moments, np.int64)
        if tags.keep is not None:
            value_array, quality_array, sampled = value_array[tags.keep], quality_array[tags.keep], sampled[tags.keep]
        return self._finish(record, collected, tags, value_array, quality_array, sampled, connected, damaged)

    def _finish(
        self,
        record: Record,
        collected: int,
        tags: _Tags,
        value: NDArray[np.float64],
        quality: NDArray[np.uint8],
        sampled: NDArray[np.int64],
        connected: bool | str | int | None,
        damaged: int,
    ) -> Frame:
        index, table = tags.index, self._table
        if tags.span is None:
            tags.span = (table.range_low[index], table.range_high[index])
        inside = (value >= tags.span[0]) & (value <= tags.span[1])
        if not inside.all():
            # outside the instrument's range: still a measurement, and an alarm must not be lost over it
            quality[~inside & (quality == GOOD)] = UNCERTAIN
            broken = ~np.isfinite(value)
            quality[broken] = BAD
            value[broken] = np.nan
        linked = is_true(connected)
        if not linked:
            # the gateway has lost its control system: whatever it repeats is no measurement
            quality[:] = BAD
        return Frame(
            gateway=record.gateway,
            collected_at_us=collected,
            received_at_us=record.received_at_us,
            index=index,
            value=value,
            quality=quality,
            sampled_at_us=sampled,
            unknown=tags.unknown,
            damaged=damaged,
            unique=tags.unique,
            connected=linked,
        )

    def _tags(self, gateway: str, names: list[str]) -> _Tags:
        known = self._remembered.get(gateway)
        version = self._table.version
        if known is not None and known.version == version and known.tags == names:
            return known
        fresh = _Tags(names, self._table.index(gateway, names), version)
        self._remembered[gateway] = fresh
        return fresh


def _micros(text: str | int) -> int:
    # parse_time yields whole microseconds; going through float seconds would lose them
    moment = parse_time(text)
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond


def _number(value: Any) -> float:
    """The number that an instrument meant, NaN when it is none."""
    if isinstance(value, str):
        if "_" in value or not value.isascii():
            return float("nan")
        try:
            return float(value)
        except ValueError:
            return float("nan")
    if isinstance(value, bool) or value is None:
        return float("nan")
    try:
        return float(value)
    except OverflowError:
        return float("nan")


def _source_time(given: str | int, collected: int) -> int | None:
    """A sample's own time in epoch µs, None when it cannot be trusted: unreadable, or later than the collection."""
    try:
        at = _micros(given)
    except PacketError:
        return None
    # a time after the collection would make every later sample of the point look late
    return at if at <= collected + SOURCE_TIME_TOLERANCE_US else None


def _read_open(body: bytes) -> tuple[str | int, bool | str | int | None, list[_OpenSample], int]:
    try:
        report = _open.decode(body).report
        return report.collectTime, report.isConnectDataSource, report.datas, 0
    except _BROKEN:
        samples: list[_OpenSample] = []
        try:
            rescued = _raw.decode(body).report
        except _BROKEN as error:
            raise PacketError(Refusal.MALFORMED) from error
    damaged = 0
    for raw in rescued.datas:
        try:
            samples.append(_sample.decode(raw))
        except _BROKEN:
            damaged += 1
    return rescued.collectTime, rescued.isConnectDataSource, samples, damaged
