"""National packet → compact packet: the same samples as numbers alone, by a tag list that the centre knows.

The local log keeps the national form, which needs no agreement to be read; what goes up the line is made from it at the
moment of sending, so that a centre that has no compact form is served from the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from anlan.stream.packet import PacketError, parse_time
from anlan.stream.tags import tags_hash

_QUALITY = {"good": "0", "uncertain": "1", "bad": "2"}


class _Sample(msgspec.Struct):
    quotaId: str
    value: str
    isValid: str = "1"
    quality: str = "bad"
    collectTime: str = ""


class _Report(msgspec.Struct):
    enterpriseId: str
    gatewayId: str
    reportType: str
    collectTime: str
    isConnectDataSource: str
    dataId: str
    datas: list[_Sample]
    seq: int | None = None
    boot: str | None = None


class _Packet(msgspec.Struct):
    enterpriseId: str
    report: _Report


_packet = msgspec.json.Decoder(_Packet)


@dataclass(frozen=True, slots=True)
class Compact:
    """A packet in the compact form, the tags whose list it goes by, and the hash of that list."""

    body: bytes
    tags: tuple[str, ...]
    hash: str


def compacted(packet: bytes) -> Compact | None:
    """The compact form of a packet that this gateway wrote; None when it has none (a tag twice, no samples)."""
    try:
        report = _packet.decode(packet).report
        collected = _micros(report.collectTime)
        offsets = [_micros(sample.collectTime) - collected if sample.collectTime else 0 for sample in report.datas]
        values = [float(sample.value) if sample.value else None for sample in report.datas]
        quality = "".join("0" if s.isValid != "0" else _QUALITY[s.quality] for s in report.datas)
    except (msgspec.MsgspecError, PacketError, ValueError, KeyError):
        return None
    tags = tuple(sample.quotaId for sample in report.datas)
    if not tags or len(set(tags)) != len(tags):
        return None
    digest = tags_hash(tags)
    made: dict[str, object] = {
        "reportType": report.reportType,
        "enterpriseId": report.enterpriseId,
        "gatewayId": report.gatewayId,
        "collectTime": report.collectTime,
        "isConnectDataSource": report.isConnectDataSource,
        "dataId": report.dataId,
        "tagsHash": digest,
        "values": values,
    }
    if report.seq is not None:
        made |= {"seq": report.seq, "boot": report.boot}
    if quality.strip("0"):
        made["quality"] = quality
    if any(offsets):
        made["offsetsUs"] = offsets
    return Compact(msgspec.json.encode({"enterpriseId": report.enterpriseId, "report": made}), tags, digest)


def announcement(enterprise: str, gateway: str, tags: tuple[str, ...]) -> bytes:
    """The packet that makes a tag list known to the centre."""
    report = {"enterpriseId": enterprise, "gatewayId": gateway, "tags": tags, "tagsHash": tags_hash(tags)}
    return msgspec.json.encode({"enterpriseId": enterprise, "report": report})


def _micros(text: str) -> int:
    moment = parse_time(text)
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond
