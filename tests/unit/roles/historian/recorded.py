"""A small world with a gateway whose frames are stored as the historian stores them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import numpy as np

from anlan.apps.alarms.selectors import point_specs
from anlan.apps.gateways.models import GatewayLink
from anlan.apps.history.services import Batch, write
from anlan.apps.registry.models import Enterprise, Gateway, Point
from anlan.roles.historian.minutes import OpenMinutes
from anlan.stream.frame import Frame
from anlan.stream.points import PointTable
from anlan.testing.small_world import build

START = datetime(2026, 3, 1, 0, 0, tzinfo=UTC)
S = 1_000_000


def us(at: datetime) -> int:
    return round(at.timestamp() * S)


class Plant:
    """One enterprise with one gateway; ``take`` is what the historian does with frames, ``store`` its flush.

    ``frames``: everything taken, in the order in which it came.
    """

    def __init__(self, points: int = 2) -> None:
        site = build(START, enterprises=1, points=points)[0]
        self.table = PointTable(point_specs())
        self.open = OpenMinutes(self.table)
        self.gateway, self.seq = site.gateway, 0
        self.frames: list[Frame] = []
        self.enterprise = Enterprise.objects.select_related("supervisor").get(code=site.enterprise)
        self.point = Point.objects.select_related("gateway", "enterprise").get(code=site.points[0])

    def take(self, samples: Iterable[tuple[datetime, float]], received: datetime | None = None) -> None:
        """Frames of all points with one value each; received at once, or one second after each."""
        count = len(self.table)
        for at, value in samples:
            self.seq += 1
            frame = Frame(
                gateway=self.gateway,
                collected_at_us=us(at),
                received_at_us=us(received) if received else us(at) + S,
                index=np.arange(count, dtype=np.int32),
                value=np.full(count, value),
                quality=np.zeros(count, np.uint8),
                sampled_at_us=np.full(count, us(at), np.int64),
                unknown=[],
                unique=True,
            )
            self.frames.append(frame)
            self.open.add(self.enterprise.code, frame, self.seq)

    def store(self) -> Batch:
        batch = self.open.batch()
        write(batch, lambda: None)
        self.open.written(batch)
        return batch

    def heard(self, at: datetime) -> None:
        """The engine has taken everything received by ``at``."""
        GatewayLink.objects.update_or_create(
            gateway=Gateway.objects.get(code=self.gateway),
            defaults={"enterprise": self.enterprise, "last_received_at": at, "online": True},
        )
