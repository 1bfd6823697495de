"""A plant with measuring points, and a way to let its points alarm through the same door as the engine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from tests.acceptance.worlds import at, scenario


@dataclass
class Plant:
    """One hazard source with a pressure, a level and two toxic-gas points; a neighbour enterprise has none."""

    world: Any
    source: Any
    enterprise: Any

    def person(self, name: str) -> Any:
        return self.world.person(self.enterprise, name)

    def alarm(self, tag: str, change: str, level: str, when: datetime, since: datetime | None = None) -> str:
        """Let a point's high side change; returns the alarm's id. ``since`` is when the excursion began."""
        from anlan.apps.alarms import services as alarms
        from anlan.stream import alarm as kernel

        began, now = _us(since or when), _us(when)
        code = f"{self.source.code}{tag}"
        alarm_id = kernel.alarm_id(code, kernel.Side.HIGH, began)
        event = kernel.AlarmEvent(
            event_id=kernel.event_id(alarm_id, now, kernel.Change(change)),
            alarm_id=alarm_id,
            point=code,
            enterprise=self.enterprise.code,
            source=self.source.code,
            side=kernel.Side.HIGH,
            change=kernel.Change(change),
            level=level,
            worst=level,
            value=95.0,
            limit=90.0,
            since_us=began,
            at_us=now,
            detected_us=now,
        )
        alarms.apply_events([event], when)
        return alarm_id


def _us(instant: datetime) -> int:
    return int(instant.timestamp() * 1_000_000)


@pytest.fixture
def plant(db: None) -> Plant:
    """The small world with a plant of four points, on 2024-03-01 from 08:00."""
    from anlan.apps.registry.models import Device, Gateway, Point
    from anlan.drill.world import build

    world = build(scenario())
    source = world.sources["s1"]
    gateway = Gateway.objects.create(code="99999900101", enterprise=source.enterprise, key_sha256="0" * 64)
    device = Device.objects.create(
        code=f"{source.code}G0001", enterprise=source.enterprise, source=source, name="球罐", kind="tank"
    )
    for tag, gas in {"YL001": "", "YW001": "", "QT001": "toxic", "QT002": "toxic"}.items():
        Point.objects.create(
            code=f"{source.code}{tag}", enterprise=source.enterprise, source=source, device=device, gateway=gateway,
            tag=tag, name=tag, kind=tag[:2], gas=gas, unit="MPa", range_min=0.0, range_max=100.0, h=80.0, hh=90.0,
            registered_at=at("00:00"),
        )  # fmt: skip
    return Plant(world, source, source.enterprise)
