"""From a packet's bytes to arrays: the samples of one gateway at one collect time, as the kernel and history take them.

Never an uncaught exception, never a wrong number: a sample that cannot be read is `bad` and carries NaN, its neighbours
land, and only a packet that is not a packet raises. A gateway sends the same tags in the same order every time, so the
rows of its last tag list are remembered and reused when the list is equal, and with numba so is everything between the
numbers (`scan`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from math import isfinite
from typing import Any, Generic, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from anlan.stream import columns
from anlan.stream.collect_time import micros
from anlan.stream.envelope import Record
from anlan.stream.number import number
from anlan.stream.packet import AGE_LIMIT, MAX_SAMPLES, PacketError, Refusal, is_true
from anlan.stream.points import PointTable, signs_in
from anlan.stream.scan import Reading, Template, learn, scanner

logger = logging.getLogger(__name__)

GOOD, UNCERTAIN, BAD = 0, 1, 2
UNCERTAIN_WORD = "uncertain"
"""Our own gateway's finer word beside `isValid` "0": doubtful, but not to be thrown away."""
SOURCE_TIME_TOLERANCE_US = 60_000_000
"""How far a sample's own time may lie after its packet's collect time (a device clock that runs ahead)."""
SOURCE_TIME_AGE_US = AGE_LIMIT // timedelta(microseconds=1)
"""And how far before: 1601, 1970 and 2000 are what devices say that have no time. A packet as old would be refused."""


class Frame(msgspec.Struct, frozen=True, gc=False):
    """Samples of one gateway; the arrays have one element a sample and are read-only by agreement.

    `index` int32 rows of the point table, `value` float64 (NaN only where `quality` is 2), `quality` uint8 (0 good,
    1 uncertain, 2 bad), `sampled_at_us` int64 the sample's own time, epoch µs. `unknown`: tags that are no points of
    this gateway; they are in no array. `claimed`: those of them that are points of another gateway. `damaged`: samples
    that did not even name a tag. `unique`: no row twice. `connected`: whether the gateway had its control system.
    `suspect`: see `anlan.stream.gateway_clock`. `timed`: some samples have a time of their own.
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
    claimed: list[str] = []
    suspect: bool = False
    timed: bool = False

    def only(self, chosen: NDArray[np.bool_]) -> Frame:
        """The frame with those of its samples alone."""
        return msgspec.structs.replace(
            self, index=self.index[chosen], value=self.value[chosen], quality=self.quality[chosen],
            sampled_at_us=self.sampled_at_us[chosen],
        )  # fmt: skip


S = TypeVar("S")


class _Plain(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    quotaId: str
    value: float


class _Full(msgspec.Struct, gc=False):
    quotaId: str
    value: float
    isValid: bool | str | int | None = None
    time: str | int | None = None
    collectTime: str | int | None = None
    quality: Any = None


class _Open(msgspec.Struct, gc=False):
    quotaId: str | int
    value: Any = None
    isValid: Any = None
    time: Any = None
    collectTime: Any = None
    quality: Any = None


class _Rescued(msgspec.Struct, gc=False):
    quotaId: str | int
    value: msgspec.Raw = msgspec.Raw(b"null")
    isValid: msgspec.Raw = msgspec.Raw(b"null")
    time: msgspec.Raw = msgspec.Raw(b"null")
    collectTime: msgspec.Raw = msgspec.Raw(b"null")
    quality: msgspec.Raw = msgspec.Raw(b"null")


class _Report(msgspec.Struct, Generic[S], gc=False):
    collectTime: str | int
    datas: list[S]
    isConnectDataSource: Any = True


class _Packet(msgspec.Struct, Generic[S], gc=False):
    report: _Report[S]


# Five readings, from fast to forgiving. The first takes bare tag-value pairs with clean numbers, written as JSON texts
# or numbers (lax mode reads "12.5" exactly as float() does and refuses "1_000", " 12" and "+5"); the second also
# validity and times; the third any sample that names a tag; the fourth cuts the samples apart, so that one that is no
# sample at all does not take the rest with it; the last cuts the sample apart, for the sake of its other fields.
_plain = msgspec.json.Decoder(_Packet[_Plain], strict=False)
_full = msgspec.json.Decoder(_Packet[_Full], strict=False)
_open = msgspec.json.Decoder(_Packet[_Open])
_raw = msgspec.json.Decoder(_Packet[msgspec.Raw])
_sample = msgspec.json.Decoder(_Open)
_rescued = msgspec.json.Decoder(_Rescued)
_any = msgspec.json.Decoder()
_UNREADABLE = "?"
"""Stands for a field that is JSON and yet cannot be read, such as 1e999: no number, no time, no word."""
_BROKEN = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)


class _Tags:
    """The tag list that a gateway sent last, and where it leads."""

    __slots__ = ("claimed", "index", "keep", "learn_at", "packets", "patience", "signs", "span", "tags", "template",
                 "unique", "unknown", "version")  # fmt: skip

    def __init__(self, gateway: str, tags: list[str], table: PointTable) -> None:
        rows = table.index(gateway, tags)
        self.tags = tags
        known = rows >= 0
        self.keep: NDArray[np.intp] | None = None if bool(known.all()) else np.flatnonzero(known)
        self.index = rows if self.keep is None else rows[self.keep]
        self.unknown = [tag for tag, row in zip(tags, rows.tolist(), strict=True) if row < 0]
        self.claimed = [tag for tag in self.unknown if table.row(tag) is not None]
        self.version = self._now(gateway, table)
        self.signs = _signs(self.index, table)
        self.span = (table.range_low[self.index], table.range_high[self.index])
        self.unique = len(np.unique(self.index)) == len(self.index)
        self.template: Template | None = None
        self.packets, self.learn_at, self.patience = 0, 2, 4

    def fits(self, gateway: str, table: PointTable) -> bool:
        """Whether it still leads there. A tag that nobody had may have become any gateway's point."""
        return self.version == self._now(gateway, table)

    def _now(self, gateway: str, table: PointTable) -> int:
        return table.version if self.unknown else table.version_of(gateway)

    def worth_learning(self) -> bool:
        """Whether to learn from this packet: from the second one on, and ever more rarely while it does not last."""
        self.packets += 1
        if self.packets < self.learn_at:
            return False
        self.patience = min(2 * self.patience, 4096)
        self.learn_at = self.packets + self.patience
        return True


def _signs(index: NDArray[np.int32], table: PointTable) -> list[tuple[int, float]]:
    """At which places of a packet which numbers mean that there is none."""
    found = [(place, table.specs[row].missing) for place, row in enumerate(index.tolist()) if table.specs[row].missing]
    signs: list[tuple[int, float]] = []
    for place, text in found:
        try:
            signs += [(place, sign) for sign in signs_in(text)]
        except ValueError:  # the registry lets none of these in; one that is there all the same must stop no engine
            logger.error("a point has %r as its signs of no value", text)
    return signs


TagLists = Callable[[str, str], list[str] | None]
"""Finds an agreed tag list by gateway and hash; None when there is none. May wait, and is asked once a list."""
AGREED_PER_GATEWAY = 8


class FrameDecoder:
    """Turns records of the log into frames. Keeps the tag list that a gateway sent last, and its newest agreed ones;
    not thread-safe. ``tag_lists`` finds agreed lists; whatever it raises goes through `decode`."""

    def __init__(self, table: PointTable, tag_lists: TagLists = lambda gateway, tags_hash: None) -> None:
        self._table = table
        self._tag_lists = tag_lists
        self._remembered: dict[str, _Tags] = {}
        self._agreed: dict[str, dict[str, _Tags]] = {}
        self._irregular: set[str] = set()

    def decode(self, record: Record) -> Frame:
        """Decode a record of samples. Raises PacketError when it is not a packet at all; nothing is remembered then."""
        if record.form:
            return self._decode_columns(record)
        body = record.body[3:] if record.body[:3] == b"\xef\xbb\xbf" else record.body
        known = self._remembered.get(record.gateway)
        if known is not None and known.template is not None and known.fits(record.gateway, self._table):
            found = known.template.read(body)
            if found is not None:
                around, value = found
                quality = known.template.quality.copy()
                return self._finish(
                    record, known, micros(around.collectTime), around.isConnectDataSource, value, quality
                )
        return self._decode_in_full(record, body)

    def _decode_in_full(self, record: Record, body: bytes) -> Frame:
        reading = self._read(record.gateway, body)
        if len(reading.names) > MAX_SAMPLES:
            raise PacketError(Refusal.TOO_MANY_SAMPLES)
        collected = micros(reading.collect_time)
        tags = self._tags(record.gateway, reading.names)
        if scanner() is not None and tags.worth_learning():
            tags.template = learn(body, reading, lambda other: self._read(record.gateway, other))
        return self._finish(
            record, tags, collected, reading.connected, reading.value, reading.quality, reading.sampled_at_us,
            reading.damaged,
        )  # fmt: skip

    def _read(self, gateway: str, body: bytes) -> Reading:
        if gateway not in self._irregular:
            try:
                return _read_plain(_plain.decode(body).report)
            except _BROKEN:
                self._irregular.add(gateway)
        try:
            full = _full.decode(body).report
        except _BROKEN:
            return _read_open(body)
        reading, plain = _read_full(full)
        if plain:
            self._irregular.discard(gateway)
        return reading

    def _decode_columns(self, record: Record) -> Frame:
        found = columns.read(record)
        collected = micros(found.collect_time)
        tags = self._agreed_tags(record.gateway, found.tags_hash)
        if len(found.value) != len(tags.tags):
            raise PacketError(Refusal.MALFORMED, f"清单有 {len(tags.tags)} 个点位，报文有 {len(found.value)} 个数值")
        sampled, quality = None, found.quality
        if found.offset_us is not None:
            doubtful = (found.offset_us > SOURCE_TIME_TOLERANCE_US) | (found.offset_us < -SOURCE_TIME_AGE_US)
            quality[doubtful & (quality == GOOD)] = UNCERTAIN
            sampled = collected + np.where(doubtful, 0, found.offset_us)
        return self._finish(record, tags, collected, found.connected, found.value, quality, sampled)

    def _agreed_tags(self, gateway: str, tags_hash: str) -> _Tags:
        agreed = self._agreed.setdefault(gateway, {})
        known = agreed.get(tags_hash)
        if known is not None and known.fits(gateway, self._table):
            return known
        tags = known.tags if known is not None else self._tag_lists(gateway, tags_hash)
        if tags is None:
            raise PacketError(Refusal.UNKNOWN_TAGS, f"没有点位清单 {tags_hash[:40]}")
        agreed.pop(tags_hash, None)
        if len(agreed) >= AGREED_PER_GATEWAY:
            del agreed[next(iter(agreed))]
        fresh = agreed[tags_hash] = _Tags(gateway, tags, self._table)
        return fresh

    def _finish(
        self,
        record: Record,
        tags: _Tags,
        collected: int,
        connected: Any,
        value: NDArray[np.float64],
        quality: NDArray[np.uint8],
        sampled: NDArray[np.int64] | None = None,
        damaged: int = 0,
    ) -> Frame:
        keep = tags.keep
        if keep is not None:
            value, quality = value[keep], quality[keep]
            sampled = None if sampled is None else sampled[keep]
        timed = sampled is not None
        if sampled is None:
            sampled = np.empty(len(value), np.int64)
            sampled.fill(collected)
        for place, sign in tags.signs:
            if value[place] == sign:
                value[place] = np.nan
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
            index=tags.index,
            value=value,
            quality=quality,
            sampled_at_us=sampled,
            unknown=tags.unknown,
            damaged=damaged,
            unique=tags.unique,
            connected=linked,
            claimed=tags.claimed,
            timed=timed,
        )

    def _tags(self, gateway: str, names: list[str]) -> _Tags:
        known = self._remembered.get(gateway)
        if known is not None and known.fits(gateway, self._table) and known.tags == names:
            return known
        fresh = _Tags(gateway, names, self._table)
        self._remembered[gateway] = fresh
        return fresh


def _read_plain(report: _Report[_Plain]) -> Reading:
    datas = report.datas
    value = np.array([sample.value for sample in datas], np.float64)
    names = [sample.quotaId for sample in datas]
    return Reading(report.collectTime, report.isConnectDataSource, names, value, np.zeros(len(datas), np.uint8))


def _read_full(report: _Report[_Full]) -> tuple[Reading, bool]:
    """The reading, and whether a plainer decoder would have done."""
    datas = report.datas
    value = np.array([sample.value for sample in datas], np.float64)
    quality = np.zeros(len(datas), np.uint8)
    flags = [sample.isValid for sample in datas]
    invalid = {flag for flag in set(flags) if not is_true(flag)}
    if invalid:
        quality[[flag in invalid for flag in flags]] = BAD
        uncertain = [sample.quality == UNCERTAIN_WORD for sample in datas]
        quality[np.array(uncertain, np.bool_) & np.isfinite(value)] = UNCERTAIN
    reading = Reading(
        report.collectTime, report.isConnectDataSource, [sample.quotaId for sample in datas], value, quality
    )
    given = [sample.collectTime if sample.time is None else sample.time for sample in datas]
    different = set(given)
    if different == {None}:
        return reading, not invalid and all(flag is None for flag in flags)
    collected = micros(report.collectTime)
    known = {text: collected if text is None or text == "" else _source_time(text, collected) for text in different}
    moments = [known[text] for text in given]
    if None in known.values():
        doubtful = np.array([moment is None for moment in moments], np.bool_)
        quality[doubtful] = np.maximum(quality[doubtful], UNCERTAIN)
    reading.sampled_at_us = np.array([collected if moment is None else moment for moment in moments], np.int64)
    return reading, False


def _read_open(body: bytes) -> Reading:
    """Sample by sample, whatever each of them looks like."""
    collect_time, connected, samples, damaged = _samples_of(body)
    collected = micros(collect_time)
    times: dict[str | int, int | None] = {}
    names: list[str] = []
    values: list[float] = []
    qualities: list[int] = []
    moments: list[int] = []
    own_times = False
    for sample in samples:
        value = number(sample.value)
        quality = GOOD if isfinite(value) and is_true(sample.isValid) else BAD
        if quality == BAD and sample.quality == UNCERTAIN_WORD and isfinite(value):
            quality = UNCERTAIN
        given = sample.time if sample.time is not None else sample.collectTime
        if not isinstance(given, str | int | None) or isinstance(given, bool):
            given = _UNREADABLE
        at = collected
        if given is not None:
            own_times = True
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
    return Reading(
        collect_time,
        connected,
        names,
        np.array(values, np.float64),
        np.array(qualities, np.uint8),
        np.array(moments, np.int64) if own_times else None,
        damaged,
    )


def _source_time(given: str | int, collected: int) -> int | None:
    """A sample's own time in epoch µs, None when it cannot be trusted: unreadable, later than the collection (which
    would make every later sample of the point look late), or so old that no source can mean it."""
    try:
        at = micros(given)
    except PacketError:
        return None
    return at if -SOURCE_TIME_AGE_US <= at - collected <= SOURCE_TIME_TOLERANCE_US else None


def _samples_of(body: bytes) -> tuple[str | int, Any, list[_Open], int]:
    try:
        report = _open.decode(body).report
        return report.collectTime, report.isConnectDataSource, report.datas, 0
    except _BROKEN:
        samples: list[_Open] = []
        try:
            rescued = _raw.decode(body).report
        except _BROKEN as error:
            raise PacketError(Refusal.MALFORMED) from error
    damaged = 0
    for raw in rescued.datas:
        try:
            samples.append(_sample.decode(raw))
        except _BROKEN:
            try:
                found = _rescued.decode(raw)
            except _BROKEN:
                damaged += 1
            else:
                fields = (found.value, found.isValid, found.time, found.collectTime, found.quality)
                samples.append(_Open(found.quotaId, *map(_said, fields)))
    return rescued.collectTime, rescued.isConnectDataSource, samples, damaged


def _said(raw: msgspec.Raw) -> Any:
    try:
        return _any.decode(raw)
    except _BROKEN:
        return _UNREADABLE
