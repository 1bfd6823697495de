"""A world of any size for tests and benchmarks: one province down to one county, N enterprises with alike points.

Plain where the demo world is believable; codes and keys are those of `anlan.testing.sites`.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db import transaction

from anlan.apps.org.models import Agency, AgencyLevel, Region
from anlan.apps.registry.models import Device, DeviceKind, Enterprise, Gateway, HazardSource, Point
from anlan.testing.sites import Site, sites


@transaction.atomic
def build(now: datetime, *, enterprises: int = 1, points: int = 10, no_data_s: float = 600.0) -> list[Site]:
    """Write the world into an empty database."""
    region = Region.objects.create(code="990000", name="示例省")
    parent = None
    agencies: dict[str, Agency] = {}
    for level, name in (
        (AgencyLevel.MINISTRY, "示例部监测预警中心"),
        (AgencyLevel.PROVINCE, "示例省应急管理厅"),
        (AgencyLevel.CITY, "示例市应急管理局"),
        (AgencyLevel.COUNTY, "示例县应急管理局"),
    ):
        role = "nat.casst" if level == AgencyLevel.MINISTRY else ""
        agency = Agency(code=f"small-{level}", name=name, level=level, role=role, parent=parent, region=region)
        agency.save()
        agencies[level] = parent = agency
    county = agencies[AgencyLevel.COUNTY]
    made = list(sites(enterprises, points))
    for site in made:
        enterprise = Enterprise.objects.create(
            code=site.enterprise,
            name=f"示例企业{site.enterprise[-4:]}",
            region=region,
            county=county,
            supervisor=county,
            declared_sources=1,
        )
        source = HazardSource.objects.create(code=site.source, enterprise=enterprise, name="示例罐区", level="2")
        gateway = Gateway.objects.create(
            code=site.gateway, enterprise=enterprise, key_sha256=hashlib.sha256(site.key.encode()).hexdigest()
        )
        devices: dict[str, Device] = {}
        rows = []
        for number, code in enumerate(site.points):
            device = devices.get(code[:17])
            if device is None:
                device = devices[code[:17]] = Device.objects.create(
                    code=code[:17],
                    enterprise=enterprise,
                    source=source,
                    name=f"储罐{code[13:17]}",
                    kind=DeviceKind.TANK,
                )
            rows.append(
                Point(
                    code=code,
                    enterprise=enterprise,
                    source=source,
                    device=device,
                    gateway=gateway,
                    tag=f"LI-{number + 1}",
                    name=f"液位{number + 1}",
                    kind="YW",
                    unit="%",
                    range_min=0.0,
                    range_max=100.0,
                    ll=10.0,
                    l=20.0,
                    h=80.0,
                    hh=90.0,
                    deadband=1.0,
                    no_data_s=no_data_s,
                    registered_at=now,
                )
            )
        Point.objects.bulk_create(rows, batch_size=500)
    return made
