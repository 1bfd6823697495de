"""The newest values, asked of the engine that holds them; no page ever reads them from history or the records."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from anlan.apps.delivery.services import nats_url
from anlan.apps.monitoring.services.alarms import instant
from anlan.stream.bus import Bus, BusTimeout

LIVE_GET = "live.get"
_buses: dict[str, Bus] = {}
_guard = threading.Lock()


@dataclass(frozen=True)
class LiveValue:
    """A point's newest sample. ``value`` is None when none is usable; ``trend`` in units per minute, None: unknown."""

    code: str
    value: float | None
    quality: int
    sampled_at: datetime | None
    received_at: datetime | None
    alarm_bits: int
    trend: float | None = None


@dataclass(frozen=True)
class Live:
    """The engine's answer. ``answered`` False: the engine did not answer in time, and ``values`` is empty."""

    answered: bool
    values: dict[str, LiveValue] = field(default_factory=dict)

    def get(self, code: str) -> LiveValue | None:
        return self.values.get(code)

    def __bool__(self) -> bool:
        return self.answered


def live(codes: Iterable[str] = (), *, enterprise: str = "", timeout: float = 0.5) -> Live:
    """The newest values of points by code, or of a whole enterprise. Never raises: ``answered`` tells.

    Machine's own read: the caller asks only for points that its reader may see.
    """
    wanted = list(codes)
    if not wanted and not enterprise:
        return Live(True)
    bus = _bus()
    if bus is None:
        return Live(False)
    question: dict[str, Any] = {"enterprise": enterprise} if enterprise else {"points": wanted}
    try:
        answer = bus.request(LIVE_GET, question, timeout)
    except BusTimeout:
        return Live(False)
    return Live(True, {code: _value(code, row) for code, row in answer.get("points", {}).items()})


def _value(code: str, row: list[Any]) -> LiveValue:
    value, quality, sampled, received, bits, trend = row
    return LiveValue(
        code=code,
        value=value,
        quality=int(quality),
        sampled_at=instant(sampled) if sampled else None,
        received_at=instant(received) if received else None,
        alarm_bits=int(bits),
        trend=trend,
    )


def _bus() -> Bus | None:
    url = nats_url()
    if not url:
        return None
    with _guard:
        if url not in _buses:
            _buses[url] = Bus(url, name="anlan-live")
        return _buses[url]
