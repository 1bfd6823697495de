"""A gateway made for tests: national packets over HTTP, with a ledger of what was acknowledged to it.

The ledger is the test's own memory: whatever stands in it as acknowledged must be found afterwards, exactly once.
"""

from __future__ import annotations

import base64
import http.client
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlsplit

from anlan.stream.binary import BinaryReport
from anlan.stream.binary import encode as encode_binary
from anlan.stream.tags import tags_hash

CIVIL = timezone(timedelta(hours=8))


def collect_time(at: datetime) -> str:
    """The wire's form of an instant, with the milliseconds behind the second where there are any."""
    local = at.astimezone(CIVIL)
    return f"{local:%Y%m%d%H%M%S}" + (f"{local.microsecond // 1000:03d}" if local.microsecond else "")


def packet(
    enterprise: str,
    gateway: str,
    at: datetime,
    values: Mapping[str, float | str],
    *,
    data_id: str = "",
    report_type: str = "report",
    connected: bool = True,
) -> dict[str, Any]:
    """One national real-time packet (`docs/reference/packet-format.md`)."""
    return {
        "enterpriseId": enterprise,
        "report": {
            "reportType": report_type,
            "enterpriseId": enterprise,
            "gatewayId": gateway,
            "collectTime": collect_time(at),
            "isConnectDataSource": "true" if connected else "false",
            "dataType": "energy_data",
            "dataId": data_id or f"{gateway}-{at.astimezone(UTC).timestamp():.3f}",
            "datas": [{"quotaId": code, "value": str(value)} for code, value in values.items()],
        },
    }


def tag_list(enterprise: str, gateway: str, tags: Sequence[str]) -> dict[str, Any]:
    """The packet that announces a tag list."""
    report = {"enterpriseId": enterprise, "gatewayId": gateway, "tags": list(tags), "tagsHash": tags_hash(tags)}
    return {"enterpriseId": enterprise, "report": report}


def compact(
    enterprise: str, gateway: str, at: datetime, values: Mapping[str, float | None], **more: Any
) -> dict[str, Any]:
    """The same samples by an agreed list; ``more`` are further fields of the report (``seq``, ``quality``)."""
    made = packet(enterprise, gateway, at, {})
    del made["report"]["datas"]
    made["report"] |= {"tagsHash": tags_hash(list(values)), "values": list(values.values()), **more}
    return made


def binary(enterprise: str, gateway: str, at: datetime, values: Mapping[str, float], **more: Any) -> bytes:
    """The same samples in the binary form."""
    report = BinaryReport(
        collectTime=collect_time(at), tagsHash=tags_hash(list(values)), count=len(values), enterpriseId=enterprise,
        gatewayId=gateway, dataId=f"{gateway}-{at.astimezone(UTC).timestamp():.3f}", **more,
    )  # fmt: skip
    return encode_binary(report, list(values.values()))


def numbered(packet: dict[str, Any], seq: int, boot: str = "") -> dict[str, Any]:
    """The packet with the gateway's running number."""
    return {**packet, "report": {**packet["report"], "seq": seq, "boot": boot}}


def checked(packet: dict[str, Any]) -> bytes:
    """The packet as bytes, with the checksum of its report."""
    report = json.dumps(packet["report"], ensure_ascii=False).encode()
    outside = {**packet, "crc32": zlib.crc32(report), "report": None}
    return json.dumps(outside, ensure_ascii=False).encode().replace(b'"report": null', b'"report": ' + report)


@dataclass
class Reply:
    """The intake's answer; ``status`` 0: no answer came (refused connection, broken off)."""

    status: int
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def accepted(self) -> int:
        return int(self.body.get("accepted", 0))

    @property
    def duplicates(self) -> int:
        return int(self.body.get("duplicates", 0))

    @property
    def missing(self) -> list[tuple[int, int]]:
        """Stretches of running numbers that the answer calls missing."""
        return [(item["first"], item["last"]) for item in self.body.get("missing", [])]

    @property
    def reasons(self) -> list[str]:
        return [item["reason"] for item in self.body.get("refused", [])]


class Sender:
    """One gateway's connection to an intake; reconnects by itself, never raises for what the network does."""

    def __init__(self, url: str, gateway: str, key: str, timeout: float = 20.0) -> None:
        parts = urlsplit(url)
        self._host, self._port, self._timeout = parts.hostname or "127.0.0.1", parts.port, timeout
        token = base64.b64encode(f"{gateway}:{key}".encode()).decode()
        self._headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
        self._connection: http.client.HTTPConnection | None = None

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def send(self, packets: Iterable[dict[str, Any]] | dict[str, Any]) -> Reply:
        """Post one packet or many in one request."""
        content = packets if isinstance(packets, dict) else list(packets)
        return self.post(json.dumps(content, ensure_ascii=False).encode())

    def post(self, body: bytes, **headers: str) -> Reply:
        """Post bytes as they are."""
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            self._connection.request("POST", "/api/v1/packets", body, {**self._headers, **named})
            response = self._connection.getresponse()
            content = response.read()
            if response.getheader("connection", "") == "close":
                self.close()
            return Reply(response.status, json.loads(content or b"{}"))
        except (OSError, http.client.HTTPException, ValueError):
            self.close()
            return Reply(0)

    def close(self) -> None:
        """Close the connection; the next send makes a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
