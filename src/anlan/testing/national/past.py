"""A past of alarms, outages and refused packets over the last ninety days, by the hundred thousand."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from anlan.apps.alarms.models import Alarm, AlarmSide, AlarmState
from anlan.apps.gateways.models import OfflineSpell, Quarantined
from anlan.apps.registry.models import Gateway, Point
from anlan.database import bulk

DAYS = 90
CHUNK = 20_000
LEVELS = (("HH", AlarmSide.HIGH), ("H", AlarmSide.HIGH), ("L", AlarmSide.LOW), ("no_data", AlarmSide.NO_DATA))


def alarms(now: datetime, count: int, *, active: int = 3_000, unacknowledged: int = 20_000, seed: int = 4) -> None:
    """Write so many alarms, the newest last. ``active`` of them are not back within limits (each at a point of its
    own), so many more are back and never acknowledged; all others are settled."""
    points = list(Point.objects.by_the_machine().order_by("pk").values_list("pk", "enterprise_id", "source_id"))
    active = min(active, len(points))
    rows: list[Alarm] = []
    for row in _alarms(now, count, points, active, unacknowledged, random.Random(seed)):
        rows.append(row)
        if len(rows) == CHUNK:
            bulk.insert(rows)
            rows = []
    bulk.insert(rows)


def _alarms(
    now: datetime, count: int, points: Sequence[tuple[Any, ...]], active: int, unacknowledged: int, dice: random.Random
) -> Iterator[Alarm]:
    step = timedelta(days=DAYS) / max(1, count)
    standing = set(dice.sample(range(len(points)), active))
    open_ones = sorted(standing)
    others = [place for place in range(len(points)) if place not in standing] or list(range(len(points)))
    for number in range(count):
        began = now - timedelta(days=DAYS) + step * number
        left = count - number
        is_active = left <= active
        point, enterprise, source = points[open_ones[left - 1] if is_active else dice.choice(others)]
        level, side = LEVELS[number % len(LEVELS)]
        lasted = timedelta(seconds=dice.uniform(30, 3600))
        noted = left > active + unacknowledged
        yield bulk.fresh(
            Alarm, id=hashlib.sha256(f"national-{number}".encode()).hexdigest()[:32], enterprise_id=enterprise,
            source_id=source, point_id=point, side=side, state=AlarmState.ACTIVE if is_active else AlarmState.CLEARED,
            level=level, worst=level, value=90.0, limit=80.0, extreme=95.0, started_at=began, raised_at=began,
            detected_at=began, changed_at=began, cleared_at=None if is_active else min(began + lasted, now),
            acknowledged_at=began + lasted if noted else None, acknowledged_by="示例" if noted else "",
        )  # fmt: skip


def faults(now: datetime, *, outages: int = 20_000, refused: int = 20_000, seed: int = 5) -> None:
    """Write ended outages of gateways, and refused packets."""
    dice = random.Random(seed)
    gateways = list(Gateway.objects.by_the_machine().order_by("pk").values_list("pk", "code", "enterprise_id"))
    spells = []
    for number in range(outages):
        gateway, _code, enterprise = gateways[number % len(gateways)]
        began = now - timedelta(days=DAYS) * (1 - number / max(1, outages)) - timedelta(hours=3)
        found, ended = began + timedelta(minutes=1), began + timedelta(minutes=dice.uniform(2, 90))
        spells.append(
            OfflineSpell(
                gateway_id=gateway, enterprise_id=enterprise, started_at=began, detected_at=found, ended_at=ended
            )
        )
    bulk.insert(spells)
    bulk.insert(
        [
            Quarantined(
                gateway=code, enterprise_id=enterprise, received_at=now - timedelta(seconds=30 * number),
                reason="future_dated", detail="示例：采集时间晚于当前时间", size=4_000,
            )
            for number in range(refused)
            for _key, code, enterprise in [dice.choice(gateways)]
        ]
    )  # fmt: skip
