"""The national real-time packet as it stands on the wire: cutting a request into packets and reading their headers.

The intake calls this for every packet, so that nothing here decodes a sample: `datas` stays raw bytes until the engine
reads it (`frame`). Hostile bytes end in a `PacketError`, never in another exception. The format is described in
`docs/reference/packet-format.md`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from hashlib import blake2b

import msgspec

from anlan.stream.refusal import PacketError, Refusal

__all__ = [
    "AGE_LIMIT",
    "FUTURE_LIMIT",
    "MAX_PACKETS",
    "MAX_SAMPLES",
    "Header",
    "PacketError",
    "Refusal",
    "admit",
    "parse_time",
    "peek",
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


class Header(msgspec.Struct, frozen=True, gc=False):
    """Everything about a packet but its samples."""

    enterprise: str
    gateway: str
    collected_at: datetime
    data_id: str
    report_type: str
    connected: bool


class _Report(msgspec.Struct, gc=False):
    collectTime: str | int
    datas: msgspec.Raw
    enterpriseId: str | int = ""
    gatewayId: str | int = ""
    reportType: str | None = "report"
    isConnectDataSource: bool | str | int | None = True
    dataId: str | int | None = None


class _Packet(msgspec.Struct, gc=False):
    report: _Report
    enterpriseId: str | int = ""


_packet = msgspec.json.Decoder(_Packet)
_array = msgspec.json.Decoder(list[msgspec.Raw])
_any = msgspec.json.Decoder(msgspec.Raw)


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
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            raise PacketError(Refusal.MALFORMED, "JSON 数组不完整或格式错误") from error
    elif b"\n" not in text or _is_one_value(text):
        packets = [text]
    else:
        packets = [line for line in (part.strip(_BLANK) for part in text.split(b"\n")) if line]
    if len(packets) > max_packets:
        raise PacketError(Refusal.TOO_MANY_PACKETS, f"单次请求最多 {max_packets} 个报文，收到 {len(packets)} 个")
    return packets


def peek(raw: bytes) -> Header:
    """Read the header of one packet; the samples are skipped, not decoded.

    Raises `PacketError` (malformed, not_utf8, bad_time, too_many_samples). When a packet carries no `dataId` its
    content hash stands in, so that the same bytes sent twice are still known as the same packet.
    """
    text = _without_bom(raw)
    if not text.isascii():
        try:
            text.decode("utf-8")
        except UnicodeDecodeError as error:
            raise PacketError(Refusal.NOT_UTF8) from error
    try:
        packet = _packet.decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise PacketError(Refusal.MALFORMED, _explain(error)) from error
    report = packet.report
    enterprise = _code(report.enterpriseId or packet.enterpriseId, "enterpriseId")
    if packet.enterpriseId != "" and str(packet.enterpriseId) != enterprise:
        raise PacketError(Refusal.MALFORMED, "报文内外层 enterpriseId 不一致")
    if bytes(report.datas)[:1] != b"[":
        raise PacketError(Refusal.MALFORMED, "datas 应为数组")
    if len(text) > MAX_SAMPLES * _SMALLEST_SAMPLE and text.count(b'"quotaId"') > MAX_SAMPLES:
        raise PacketError(Refusal.TOO_MANY_SAMPLES, f"单个报文最多 {MAX_SAMPLES} 个指标")
    return Header(
        enterprise=enterprise,
        gateway=_code(report.gatewayId, "gatewayId"),
        collected_at=parse_time(report.collectTime),
        data_id=_data_id(report.dataId, text),
        report_type=report.reportType or "report",
        connected=is_true(report.isConnectDataSource),
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


def is_true(flag: bool | str | int | None) -> bool:
    """The wire's many spellings of a flag; what is absent or empty counts as true."""
    if flag is None:
        return True
    if isinstance(flag, str):
        return flag.strip().lower() not in {"false", "0", "no", "n", "off"}
    return bool(flag)


def _without_bom(raw: bytes) -> bytes:
    return raw[3:] if raw[:3] == _BOM else raw


def _is_one_value(text: bytes) -> bool:
    try:
        _any.decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return False
    return True


def _code(value: str | int, name: str) -> str:
    text = str(value)
    if not _CODE.match(text):
        raise PacketError(Refusal.MALFORMED, f"{name} 缺失或含有不允许的字符")
    return text


def _data_id(given: str | int | None, text: bytes) -> str:
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
