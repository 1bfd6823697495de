"""The only place that reads time.

Everything else receives a ``now`` or a ``Clock``; a lint rule refuses other readers, so that a drill, a test and
production run the same code under different clocks. This module must never convert to a civil zone: instants are
UTC here, and `anlan.rules.calendar` decides in Asia/Shanghai.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Anything that knows the present instant."""

    def now(self) -> datetime:
        """The present instant, zone-aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds of a clock that never steps, whatever `now` is set to; only for durations."""


AHEAD_AFTER = timedelta(seconds=60)
"""Clocks of our own hosts may differ by so much at most (本地设定)."""


def is_ahead(at: datetime, present: datetime) -> bool:
    """Whether an instant that our own clocks stamped lies after the present: one of them stood ahead, and the instant
    proves nothing about what came later."""
    return at > present + AHEAD_AFTER


class SystemClock:
    """The machine's wall clock."""

    def now(self) -> datetime:
        return now()

    def monotonic(self) -> float:
        return monotonic()


def now() -> datetime:
    """The present instant, zone-aware, in UTC, with microseconds."""
    return datetime.now(UTC)


def now_us() -> int:
    """The present instant as whole microseconds since 1970-01-01T00:00:00Z."""
    return time.time_ns() // 1000


def monotonic() -> float:
    """Seconds of a clock that never steps; only for durations inside one process."""
    return time.monotonic()
