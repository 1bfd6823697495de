"""Scan → national JSON packet (the real-time message of the 2019 gateway test utility).

Bytes written here go to the local log and up the line unchanged, so that a packet sent twice is recognisable by its
``dataId``. Nothing here may round a value beyond the decimals that the point is declared to have.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone

import msgspec

from anlan.edge.scan import Quality, Sample, Scan

# Civil time of the whole country; fixed since 1991, so a plant computer without a zone database still writes it right.
CIVIL_ZONE = timezone(timedelta(hours=8))

_LIVE = b'"reportType":"report"'
_BACKFILL = b'"reportType":"continues"'


def collect_time(at_us: int) -> str:
    """``yyyyMMddHHmmss`` in civil time, with the digits of the fraction (up to six) appended where there are any."""
    at = datetime.fromtimestamp(at_us // 1_000_000, UTC).astimezone(CIVIL_ZONE)
    micros = at_us % 1_000_000
    return at.strftime("%Y%m%d%H%M%S") + (f"{micros:06d}".rstrip("0") if micros else "")


def value_text(value: float, decimals: int | None) -> str:
    """The number as the point shows it; without declared decimals the shortest text that reads back the same."""
    if decimals is None:
        return repr(float(value))
    return f"{value:.{decimals}f}"


def encode(
    scan: Scan,
    *,
    enterprise: str,
    gateway: str,
    decimals: Mapping[str, int | None],
    seq: int | None = None,
    boot: str = "",
) -> tuple[str, bytes]:
    """One packet as ``(data_id, bytes)``; ``seq`` is its running number within ``boot``, one run of this process.

    A sample's own time and quality are written only where they differ from the packet's collect time and from good,
    which keeps the usual packet exactly as the national form has it. ``data_id`` is a hash of gateway, collect time
    and samples: the same scan always gets the same id.
    """
    collected = collect_time(scan.collected_at_us)
    datas = [_data(code, sample, scan, decimals.get(code)) for code, sample in scan.samples.items()]
    body = msgspec.json.encode(datas)
    head = f"{gateway}\x00{collected}\x00{scan.connected}\x00".encode()
    data_id = hashlib.blake2b(head + body, digest_size=16).hexdigest()
    report: dict[str, object] = {
        "reportType": "report",
        "enterpriseId": enterprise,
        "gatewayId": gateway,
        "collectTime": collected,
        "isConnectDataSource": "true" if scan.connected else "false",
        "dataType": "energy_data",
        "dataId": data_id,
        "datas": msgspec.Raw(body),
    }
    if seq is not None:
        report |= {"seq": seq, "boot": boot}
    return data_id, msgspec.json.encode({"enterpriseId": enterprise, "report": report})


def as_backfill(packet: bytes) -> bytes:
    """The same packet marked as back-fill after an outage (``reportType = continues``); id and samples unchanged."""
    return packet.replace(_LIVE, _BACKFILL, 1)


def _data(code: str, sample: Sample, scan: Scan, decimals: int | None) -> dict[str, str]:
    data = {"quotaId": code, "value": "" if sample.value is None else value_text(sample.value, decimals)}
    if sample.quality is not Quality.GOOD:
        data["isValid"] = "0"
        data["quality"] = sample.quality.value
    if sample.sampled_at_us != scan.collected_at_us:
        data["collectTime"] = collect_time(sample.sampled_at_us)
    return data
