"""The gateway that the tutorial speaks for: one device with one point, without a simulated plant behind it.

Its periods are long, so that it raises nothing while nobody follows the tutorial. It must never be served by the plant:
what arrives from it is what a reader sent by hand.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from anlan.apps.registry.models import Device, DeviceKind, Gateway, HazardSource, Point


def load(declared: dict[str, Any], key: str, since: datetime) -> Gateway:
    """Register gateway, device and point of the ``[tutorial]`` table of ``world.toml`` beside what the source has.

    The caller's transaction; a second call is refused by the unique codes.
    """
    source = HazardSource.objects.by_the_machine().select_related("enterprise").get(code=declared["source"])
    gateway = Gateway.objects.create(
        code=declared["gateway"],
        enterprise=source.enterprise,
        key_sha256=hashlib.sha256(key.encode()).hexdigest(),
        period_s=declared["period_s"],
    )
    device = Device.objects.create(
        code=declared["device"],
        enterprise=source.enterprise,
        source=source,
        name=declared["device_name"],
        kind=DeviceKind.TANK,
        medium=declared["medium"],
        medium_state=declared["medium_state"],
        location=source.name,
    )
    Point.objects.create(
        code=declared["point"],
        enterprise=source.enterprise,
        source=source,
        device=device,
        gateway=gateway,
        tag=declared["tag"],
        name=declared["name"],
        kind=declared["kind"],
        unit=declared["unit"],
        range_min=declared["range"][0],
        range_max=declared["range"][1],
        h=declared["h"],
        hh=declared["hh"],
        deadband=declared["deadband"],
        period_s=declared["period_s"],
        no_data_s=declared["no_data_s"],
        decimals=declared["decimals"],
        registered_at=since,
    )
    return gateway
