"""History of one point, written as the historian writes it: minute rows of its gateway."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np

from anlan.apps.alarms.selectors import point_specs
from anlan.apps.history.services import Batch, Piece, write
from anlan.apps.registry.models import Point
from anlan.stream.blocks import encode
from anlan.stream.frame import Frame
from anlan.stream.points import PointTable

MINUTE_US = 60_000_000


def record(point: Point, start: datetime, minutes: int, value: Callable[[datetime], float]) -> dict[datetime, float]:
    """Write two samples a minute of ``point`` alone; returns what was written by sample time."""
    table = PointTable([spec for spec in point_specs() if spec.code == point.code])
    written: dict[datetime, float] = {}
    pieces = []
    for minute in range(minutes):
        frames = []
        for second in (0, 30):
            at = start + timedelta(minutes=minute, seconds=second)
            written[at] = round(value(at), 3)
            frames.append(_frame(point.gateway.code, round(at.timestamp() * 1_000_000), written[at]))
        first = frames[0].collected_at_us // MINUTE_US * MINUTE_US
        body = encode(point.gateway.code, frames, table)
        pieces.append(Piece(point.gateway.code, point.enterprise.code, first, minute + 1, len(frames), body))
    write(Batch(pieces), lambda: None)
    return written


def _frame(gateway: str, at_us: int, value: float) -> Frame:
    return Frame(
        gateway=gateway,
        collected_at_us=at_us,
        received_at_us=at_us + 400_000,
        index=np.zeros(1, np.int32),
        value=np.array([value]),
        quality=np.zeros(1, np.uint8),
        sampled_at_us=np.array([at_us], np.int64),
        unknown=[],
    )
