"""Packets as JSON on the wire: cutting a request into packets and reading their headers.

One shape carries every kind: a `report` with who, when and one content — samples as the national form has them
(`datas`), samples by an agreed tag list (`values`), a tag list itself (`tags`), or alarms of the enterprise's own
system (`alarms`). The intake calls this for every packet, so that nothing here decodes a sample: the content stays raw
bytes until the engine reads it (`frame`, `compact`, `edge_alarm`). Hostile bytes end in a `PacketError`, never in
another exception; what one bad value breaks is mended (`mend`), and the mended bytes are what the log keeps, so that
all its readers agree. The format is described in `docs/reference/packet-format.md`; the binary form is in `binary`.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from hashlib import blake2b, sha256
from typing import Any

import msgspec

from anlan.stream.mend import elements, is_json, mend, report_of
from anlan.stream.refusal import PacketError, Refusal

__all__ = [
    "AGE_LIMIT",
    "FUTURE_LIMIT",
    "MAX_PACKETS",
    "MAX_SAMPLES",
    "Form",
    "Header",
    "PacketError",
    "Refusal",
    "admit",
    "digit_text",
    "header_of",
    "parse_time",
    "peek",
    "read",
    "split",
]

CHINA = timezone(timedelta(hours=8))
"""The civil zone of `collectTime`. Mainland China has kept UTC+8 without summer time since 1992."""

MAX_SAMPLES = 20_000
MAX_PACKETS = 10_000
FUTURE_LIMIT = timedelta(seconds=60)
AGE_LIMIT = timedelta(days=30)

_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n"
_CODE = re.compile(r"[0-9A-Za-z_-]{1,64}\Z")
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{0,6})\Z", re.ASCII)
_SMALLEST_SAMPLE = 14
_MAX_DATA_ID = 200
_MAX_BOOT = 64
_MAX_SEQ = 2**53


class Form(StrEnum):
    """How a packet carries its content; kept beside it in the log, so that no reader has to guess."""

    NATIONAL = ""
    COMPACT = "compact"
    BINARY = "binary"
    TAGS = "tags"
    ALARMS = "alarms"


class Header(msgspec.Struct, frozen=True, gc=False):
    """Everything about a packet but its content.

    ``seq`` is the gateway's own running number within ``boot``, None when it numbers nothing. ``tags_hash`` and
    ``count`` (of values) belong to the compact and binary forms; ``content`` to tag lists: the raw list. ``digest`` is
    of the samples as they were sent, so that a repeat is told from another packet of the same id: a packet that is sent
    again as a back-fill has the same.
    """

    enterprise: str
    gateway: str
    collected_at: datetime
    data_id: str
    report_type: str
    connected: bool
    form: Form = Form.NATIONAL
    seq: int | None = None
    boot: str = ""
    tags_hash: str = ""
    count: int = 0
    content: bytes = b""
    digest: str = ""


_NONE = msgspec.Raw()


class Claims(msgspec.Struct, gc=False):
    """What a sender says of a packet of any form, as it was sent: nothing of it is checked."""

    collectTime: str | int = ""
    enterpriseId: str | int = ""
    gatewayId: str | int = ""
    reportType: Any = "report"
    isConnectDataSource: Any = True
    dataId: Any = None
    seq: Any = None
    boot: Any = None
    tagsHash: Any = ""


class _Report(Claims, gc=False):
    datas: msgspec.Raw = _NONE
    values: msgspec.Raw = _NONE
    quality: Any = None
    offsetsUs: msgspec.Raw = _NONE
    tags: msgspec.Raw = _NONE
    alarms: msgspec.Raw = _NONE


class _Packet(msgspec.Struct, gc=False):
    report: _Report
    enterpriseId: str | int = ""
    crc32: Any = None


class _RawPacket(msgspec.Struct, gc=False):
    report: msgspec.Raw


_packet = msgspec.json.Decoder(_Packet)
_raw_packet = msgspec.json.Decoder(_RawPacket)
_array = msgspec.json.Decoder(list[msgspec.Raw])
_BROKEN = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)


def split(body: bytes, max_packets: int = MAX_PACKETS) -> list[bytes]:
    """Cut a request body into packets: one JSON object, a JSON array of them, or one object a line (NDJSON).

    Nothing but the outermost structure is looked at, so a damaged packet comes out as its own element and its
    neighbours still land. Raises `PacketError` when not even that can be done: an empty body, an array that does not
    close, more than `max_packets` elements.
    """
    text = _without_bom(body).strip(_BLANK)
    if not text:
        raise PacketError(Refusal.MALFORMED, "请求体为空")
    if text[:1] == b"[":
        try:
            packets = [bytes(item) for item in _array.decode(text)]
        except _BROKEN as error:
            packets = _cut_apart(text, max_packets, error)
    elif b"\n" not in text or is_json(text):
        packets = [text]
    else:
        packets = [line for line in (part.strip(_BLANK) for part in text.split(b"\n")) if line]
        if not is_json(packets[0]) and mend(text) is not None:
            packets = [text]  # one packet over several lines, with something in it that is no JSON
    if len(packets) > max_packets:
        raise PacketError(Refusal.TOO_MANY_PACKETS, f"单次请求最多 {max_packets} 个报文，收到 {len(packets)} 个")
    return packets


def _cut_apart(text: bytes, most: int, error: Exception) -> list[bytes]:
    """The elements of an array of packets one of which is no JSON."""
    spans = elements(text, most=most)
    if spans is None or spans[-1][1] != len(text) - 1:
        raise PacketError(Refusal.MALFORMED, "JSON 数组不完整或格式错误") from error
    return [part for part in (text[begin:end].strip(_BLANK) for begin, end in spans) if part]


def peek(raw: bytes) -> Header:
    """The header alone; see `read`."""
    return read(raw)[0]


def read(raw: bytes) -> tuple[Header, bytes]:
    """The header of one packet, and the packet as readers of the log can take it; the samples are not decoded.

    That is ``raw`` itself, or what `mend` makes of it when it is no JSON: a sample that cannot be read is left to the
    readers, its neighbours land. Raises `PacketError` (malformed, not_utf8, bad_time, too_many_samples, altered). When
    a packet carries no `dataId` its content hash stands in, so that the same bytes sent twice are still known as the
    same packet.
    """
    text = _without_bom(raw)
    if not text.isascii():
        try:
            text.decode("utf-8")
        except UnicodeDecodeError as error:
            raise PacketError(Refusal.NOT_UTF8) from error
    kept = raw
    try:
        packet = _packet.decode(text)
    except _BROKEN as error:
        packet, kept = _mended(text, error)
    if packet.crc32 is not None and packet.crc32 != "":
        _check(packet.crc32, bytes(_raw_packet.decode(text).report) if kept is raw else report_of(text))
    report = packet.report
    form, content = _content(report)
    if form is Form.NATIONAL and len(text) > MAX_SAMPLES * _SMALLEST_SAMPLE and text.count(b'"quotaId"') > MAX_SAMPLES:
        raise PacketError(Refusal.TOO_MANY_SAMPLES, f"单个报文最多 {MAX_SAMPLES} 个指标")
    count = 0
    if form is Form.COMPACT:
        count = _size(content)
        _check_columns(count, report)
    header = header_of(
        form,
        report,
        outer=packet.enterpriseId,
        text=text,
        count=count,
        content=content if form is Form.TAGS else b"",
        digested=(content, bytes(report.offsetsUs), str(report.quality).encode()),
    )
    return header, kept


def _mended(text: bytes, error: Exception) -> tuple[_Packet, bytes]:
    """The packet that `mend` makes of bytes that are no JSON, and those bytes. Raises `PacketError` when none."""
    made = None if isinstance(error, msgspec.ValidationError) else mend(text)
    if made is None:
        raise PacketError(Refusal.MALFORMED, _explain(error)) from error
    try:
        return _packet.decode(made), made
    except _BROKEN as still:
        raise PacketError(Refusal.MALFORMED, _explain(still)) from still


def header_of(
    form: Form,
    said: Claims,
    *,
    outer: str | int = "",
    text: bytes,
    count: int,
    content: bytes = b"",
    digested: Sequence[bytes | memoryview],
) -> Header:
    """The header from what was sent, checked. Raises `PacketError` (malformed, bad_time).

    ``outer``: the enterprise that the packet around it names, which also counts where it names none itself.
    ``digested``: the bytes that tell this packet from another of the same id and time.
    """
    owner = _code(said.enterpriseId or outer, "enterpriseId")
    linked = is_true(said.isConnectDataSource)
    digest = sha256(b"%d%s" % (linked, str(said.tagsHash).encode("utf-8", "replace")))
    for part in digested:
        digest.update(part)
    if outer != "" and str(outer) != owner:
        raise PacketError(Refusal.MALFORMED, "报文内外层 enterpriseId 不一致")
    return Header(
        enterprise=owner,
        gateway=_code(said.gatewayId, "gatewayId"),
        collected_at=_ANY_TIME if form is Form.TAGS else parse_time(said.collectTime),
        data_id=_data_id(said.dataId, text),
        report_type=str(said.reportType or "report"),
        connected=linked,
        form=form,
        seq=_sequence(said.seq),
        boot=_boot(said.boot),
        tags_hash=said.tagsHash if isinstance(said.tagsHash, str) else "",
        count=count,
        content=content,
        digest=digest.hexdigest()[:16],
    )


def admit(
    header: Header,
    *,
    enterprise: str,
    gateway: str,
    now: datetime,
    future_limit: timedelta = FUTURE_LIMIT,
    age_limit: timedelta = AGE_LIMIT,
) -> None:
    """Check a header against the gateway that authenticated itself and against the time of receipt.

    Raises `PacketError` (foreign, future_dated, too_old). A sample from the future would make every honest sample
    after it look late and so blind the alarms; that is why the tolerance is small.
    """
    if header.gateway != gateway:
        raise PacketError(Refusal.FOREIGN, f"报文网关 {header.gateway} 与登录网关 {gateway} 不一致")
    if header.enterprise != enterprise:
        raise PacketError(Refusal.FOREIGN, f"网关 {gateway} 不属于企业 {header.enterprise}")
    if header.form is Form.TAGS:
        return
    local = header.collected_at.astimezone(CHINA)
    if header.collected_at > now + future_limit:
        raise PacketError(Refusal.FUTURE_DATED, f"采集时间 {local:%Y-%m-%d %H:%M:%S} 晚于接收时间，请校准网关时钟")
    if header.collected_at < now - age_limit:
        raise PacketError(Refusal.TOO_OLD, f"采集时间 {local:%Y-%m-%d %H:%M:%S} 早于可补传的期限")


def parse_time(text: str | int) -> datetime:
    """`yyyyMMddHHmmss`, Beijing time, with up to six further digits of a second → aware UTC.

    Raises `PacketError` (bad_time).
    """
    found = _TIME.match(str(text))
    if found is None:
        raise PacketError(Refusal.BAD_TIME, "collectTime 应为 14 位数字 yyyyMMddHHmmss")
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    fraction = found.group(7)
    try:
        local = datetime(year, month, day, hour, minute, second, int(fraction.ljust(6, "0")) if fraction else 0, CHINA)
        return local.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise PacketError(Refusal.BAD_TIME, f"collectTime {text} 不是有效的时间") from error


def is_true(flag: Any) -> bool:
    """The wire's many spellings of a flag; what is absent or empty counts as true."""
    if flag is None:
        return True
    if isinstance(flag, str):
        return flag.strip().lower() not in {"false", "0", "no", "n", "off"}
    return bool(flag)


def digit_text(value: Any, most: int) -> int | None:
    """A number 0 … ``most`` written as a number or as ASCII digits; None when it is none."""
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdigit() and len(value) <= 20 else -1
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most else None


_ANY_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands in a tag list's header: a list has no collect time."""


def _content(report: _Report) -> tuple[Form, bytes]:
    if report.datas is not _NONE and report.values is report.tags is report.alarms is _NONE:
        content = bytes(report.datas)
        if content[:1] != b"[":
            raise PacketError(Refusal.MALFORMED, "datas 应为数组")
        return Form.NATIONAL, content
    given = [
        (form, bytes(raw))
        for form, raw in (
            (Form.NATIONAL, report.datas),
            (Form.COMPACT, report.values),
            (Form.TAGS, report.tags),
            (Form.ALARMS, report.alarms),
        )
        if raw is not _NONE and bytes(raw) != b"null"
    ]
    if len(given) != 1:
        raise PacketError(Refusal.MALFORMED, "report 应有且只有 datas、values、tags、alarms 中的一项")
    form, content = given[0]
    if content[:1] != b"[":
        raise PacketError(Refusal.MALFORMED, "values、tags、alarms 应为数组")
    return form, content


def _size(array: bytes) -> int:
    """Elements of a JSON array; nearly always of numbers and nulls, between which alone a comma stands."""
    if b'"' in array or b"{" in array or array.count(b"[") > 1:
        return len(_array.decode(array))
    return 0 if array[1:-1].strip(_BLANK) == b"" else array.count(b",") + 1


def _check_columns(count: int, report: _Report) -> None:
    if count > MAX_SAMPLES:
        raise PacketError(Refusal.TOO_MANY_SAMPLES, f"单个报文最多 {MAX_SAMPLES} 个指标")
    if report.quality is not None and (not isinstance(report.quality, str) or len(report.quality) != count):
        raise PacketError(Refusal.MALFORMED, f"quality 应为 {count} 个 0、1、2")
    if report.offsetsUs is not _NONE and (
        bytes(report.offsetsUs)[:1] != b"[" or _size(bytes(report.offsetsUs)) != count
    ):
        raise PacketError(Refusal.MALFORMED, f"offsetsUs 应为 {count} 个整数的数组")


def _check(given: Any, report: bytes) -> None:
    if digit_text(given, 0xFFFFFFFF) != zlib.crc32(report):
        raise PacketError(Refusal.ALTERED, "crc32 与 report 的内容不符，请重发")


def _sequence(given: Any) -> int | None:
    if given is None or given == "":
        return None
    found = digit_text(given, _MAX_SEQ)
    if found is None:
        raise PacketError(Refusal.MALFORMED, "seq 应为不小于 0 的整数")
    return found


def _boot(given: Any) -> str:
    text = "" if given is None else str(given)
    if len(text) > _MAX_BOOT or not text.isprintable():
        raise PacketError(Refusal.MALFORMED, "boot 过长或含有不可见字符")
    return text


def _without_bom(raw: bytes) -> bytes:
    return raw[3:] if raw[:3] == _BOM else raw


def _code(value: str | int, name: str) -> str:
    text = str(value)
    if not _CODE.match(text):
        raise PacketError(Refusal.MALFORMED, f"{name} 缺失或含有不允许的字符")
    return text


def _data_id(given: Any, text: bytes) -> str:
    if given is None or given == "":
        return "content-" + blake2b(text, digest_size=16).hexdigest()
    data_id = str(given)
    if len(data_id) > _MAX_DATA_ID or not data_id.isprintable():
        raise PacketError(Refusal.MALFORMED, "dataId 过长或含有不可见字符")
    return data_id


def _explain(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "JSON 嵌套过深"
    if isinstance(error, msgspec.ValidationError):
        return f"字段缺失或类型不符（{str(error)[:120]}）"
    return f"不是完整的 JSON（{str(error)[:120]}）"
