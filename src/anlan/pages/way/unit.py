"""The unit of the whole-way test: one point with its gateway, under no agency, in use only while a test runs.

Its sample goes the way of every sample. Its point belongs to no hazard source, so its alarm starts no warning and no
clock, and its unit stands in nobody's tree, so that no list, ranking or figure of an agency counts it.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from anlan.apps.org.actor import Actor
from anlan.apps.org.models import Agency, AgencyLevel, Region
from anlan.apps.registry import services as registry
from anlan.apps.registry.models import Device, DeviceKind, Enterprise, Gateway, Point

ENTERPRISE, GATEWAY = "000000000", "00000000001"
DEVICE = f"{ENTERPRISE}001G0001"
POINT = f"{DEVICE}WD001"
NAME = "全程测试（不是企业）"
HIGH, NORMAL = 95.0, 20.0
"""Values of the test point (℃) above its limit of 90, and in between."""
TIMEOUT_S = 3.0
_CIVIL = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the intake said; ``taken``: it acknowledged the sample."""

    taken: bool
    words: str


@transaction.atomic
def put_into_use(by: Actor, at: datetime) -> str:
    """Make the unit, or take it into use again; returns its gateway's new key."""
    region, _made = Region.objects.get_or_create(code="000000", defaults={"name": "全程测试"})
    agency = Agency.objects.by_the_machine().filter(code="way-test").first()
    if agency is None:
        agency = Agency(code="way-test", name="全程测试（不是机构）", level=AgencyLevel.COUNTY, region=region)
        agency.save()
    enterprise, _made = Enterprise.objects.by_the_machine().get_or_create(
        code=ENTERPRISE,
        defaults={"name": NAME, "short_name": "全程测试", "region": region, "county": agency, "supervisor": agency},
    )
    gateway, _made = Gateway.objects.by_the_machine().get_or_create(
        code=GATEWAY, defaults={"enterprise": enterprise, "key_sha256": ""}
    )
    device, _made = Device.objects.by_the_machine().get_or_create(
        code=DEVICE, defaults={"enterprise": enterprise, "name": "全程测试", "kind": DeviceKind.TANK}
    )
    _switch(True)
    if not Point.objects.by_the_machine().filter(code=POINT).exists():
        registry.register_point(
            {
                "code": POINT, "enterprise": enterprise, "device": device, "gateway": gateway, "tag": "WAY-TEST",
                "name": "全程测试点", "kind": "WD", "unit": "℃", "range_min": 0.0, "range_max": 100.0, "h": 80.0,
                "hh": 90.0, "no_data_s": 3600.0,
            },
            by=by,
            at=at,
        )  # fmt: skip
    return registry.issue_gateway_key(gateway, by=by, at=at)


def put_out_of_use() -> None:
    """Nothing of the unit is expected or taken any more."""
    _switch(False)


def _switch(used: bool) -> None:
    Enterprise.objects.by_the_machine().filter(code=ENTERPRISE).update(is_active=used)
    Gateway.objects.by_the_machine().filter(code=GATEWAY).update(is_active=used)
    Point.objects.by_the_machine().filter(code=POINT).update(is_active=used)


def send(value: float, key: str, at: datetime) -> Answer:
    """Post one sample of the test point as its gateway does, over HTTP, to the intake of this installation."""
    import httpx

    url = intake_url()
    local = at.astimezone(_CIVIL)
    report = {
        "reportType": "report",
        "enterpriseId": ENTERPRISE,
        "gatewayId": GATEWAY,
        "collectTime": f"{local:%Y%m%d%H%M%S}{local.microsecond // 1000:03d}",
        "isConnectDataSource": "true",
        "dataType": "energy_data",
        "dataId": f"way-test-{local.timestamp():.3f}",
        "datas": [{"quotaId": POINT, "value": str(value)}],
    }
    token = base64.b64encode(f"{GATEWAY}:{key}".encode()).decode()
    headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
    body = json.dumps({"enterpriseId": ENTERPRISE, "report": report}).encode()
    try:
        with httpx.Client(timeout=TIMEOUT_S, trust_env=False, verify=urlsplit(url).hostname != "127.0.0.1") as client:
            answer = client.post(f"{url.rstrip('/')}/api/v1/packets", content=body, headers=headers)
        told = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        return Answer(False, f"接入 {url} 没有应答（{type(error).__name__}）")
    if answer.status_code == 200 and told.get("accepted") == 1:
        return Answer(True, f"接入 {url} 应答 200，已收 1 批")
    reasons = [str(each.get("reason", "")) for each in told.get("refused") or ()]
    why = "；".join(reasons) or str(told.get("detail", ""))
    return Answer(False, f"接入 {url} 应答 {answer.status_code}{'：' + why[:120] if why else ''}")


def intake_url() -> str:
    """Where the intake of this installation listens: what the supervisor wrote, else its port on this machine."""
    try:
        run = json.loads((settings.CONFIG.data_dir / "run.json").read_text(encoding="utf-8"))
        return str(run["intake_url"])
    except (OSError, ValueError, KeyError):
        return f"http://127.0.0.1:{settings.CONFIG.intake_port}"
