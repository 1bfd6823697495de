"""What gateways say of their own buffers: how much waits there, since when, and how much they had to drop."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from anlan.apps.gateways.models import GatewayLink


@dataclass(frozen=True)
class Backlog:
    """``waiting`` packets in the gateway's buffer, the oldest collected at ``since``; ``dropped`` ever."""

    gateway: str
    waiting: int
    since: datetime | None
    dropped: int


def record_backlogs(told: Iterable[Backlog]) -> int:
    """Write down what gateways said; returns how many. A gateway that never sent a datum is left out.

    Row by row, each for itself: the engine writes the same rows, many at a time, and neither may wait for the other.
    """
    rows = GatewayLink.objects.by_the_machine()
    return sum(
        rows.filter(gateway__code=each.gateway).update(
            waiting=each.waiting, waiting_since=each.since, dropped=each.dropped
        )
        for each in told
    )
