"""Packets for tests, as a gateway would write them."""

from __future__ import annotations

import json
from typing import Any


def packet(
    values: dict[str, Any] | None = None,
    *,
    enterprise: str = "540170007",
    gateway: str = "54017000701",
    at: str = "20240301080000",
    data_id: str | None = "p-1",
    samples: list[dict[str, Any]] | None = None,
    **more: Any,
) -> bytes:
    """A national packet; `values` maps tags to values, `samples` gives the raw sample objects instead."""
    datas = samples if samples is not None else [{"quotaId": k, "value": v} for k, v in (values or {}).items()]
    report = {
        "reportType": "report",
        "enterpriseId": enterprise,
        "gatewayId": gateway,
        "collectTime": at,
        "isConnectDataSource": "true",
        "dataType": "energy_data",
        "dataId": data_id,
        "datas": datas,
        **more,
    }
    return json.dumps({"enterpriseId": enterprise, "report": report}).encode()


NESTED = b"[" * 10_000 + b"]" * 10_000
HOSTILE = {
    "empty": b"",
    "null": b"null",
    "number": b"5",
    "text": b'"packet"',
    "array": b"[]",
    "empty object": b"{}",
    "truncated": packet({"a": "1"})[:-7],
    "trailing bytes": packet({"a": "1"}) + b"x",
    "nested samples": b'{"report":{"collectTime":"20240301080000","gatewayId":"1","datas":' + NESTED + b"}}",
    "nested elsewhere": b'{"x":' + NESTED + b',"report":{}}',
    "gbk": packet({"a": "1"}).replace(b"p-1", "安澜".encode("gbk")),
    "utf-16": packet({"a": "1"}).decode().encode("utf-16"),
    "nul bytes": b"\x00" * 100,
    "datas is text": packet(samples=[]).replace(b'"datas": []', b'"datas": "none"'),
    "datas is missing": packet(samples=[]).replace(b'"datas": []', b'"other": []'),
    "report is an array": b'{"report":[]}',
    "time is missing": packet().replace(b'"collectTime"', b'"otherTime"'),
    "time is nothing": packet(at=""),
    "time is a date that does not exist": packet(at="20240230080000"),
    "time is far away": packet(at="00000000000000"),
    "time in full-width digits": packet(at="２０２４０３０１０８００００"),
    "negative time": packet().replace(b'"20240301080000"', b"-20240301080000"),
    "gateway with a space": packet(gateway="5401 7"),
    "gateway with a wildcard": packet(gateway="5401.>"),
    "gateway missing": packet(gateway=""),
    "two enterprises": packet().replace(b'{"enterpriseId": "540170007"', b'{"enterpriseId": "540170008"', 1),
    "endless data id": packet(data_id="x" * 5_000),
    "line break in data id": packet(data_id="a\nb"),
}
