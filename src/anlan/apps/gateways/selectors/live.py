"""The newest values, asked of the engines that hold them; no page ever reads them from history or the records."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from anlan.apps.alarms.services.alarms import instant
from anlan.apps.delivery.services import nats_url
from anlan.stream.bus import Bus, BusTimeout
from anlan.stream.partition import PARTITIONS, partition_of

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
    """The engines' answers. ``answered`` False: none answered in time, and ``values`` is empty.

    ``complete`` False: some did not, and of a point that is missing nothing is known, not even whether it is measured.
    """

    answered: bool
    values: dict[str, LiveValue] = field(default_factory=dict)
    complete: bool = True

    def get(self, code: str) -> LiveValue | None:
        return self.values.get(code)

    def knows(self, code: str) -> bool:
        """Whether what is said of a point, or not said, is the truth."""
        return code in self.values or (self.answered and self.complete)

    def __bool__(self) -> bool:
        return self.answered


def live(codes: Iterable[str] = (), *, enterprise: str = "", timeout: float = 0.5) -> Live:
    """The newest values of points by code, or of a whole enterprise. Never raises: ``answered`` and ``complete`` tell.

    Every engine is asked and answers for the partitions that it owns; all owned partitions together are the whole.

    Machine's own read: the caller asks only for points that its reader may see.
    """
    wanted = list(dict.fromkeys(codes))
    if not wanted and not enterprise:
        return Live(True)
    bus = _bus()
    if bus is None:
        return Live(False)
    question: dict[str, Any] = {"enterprise": enterprise} if enterprise else {"points": wanted}
    needed = {partition_of(enterprise)} if enterprise else set(range(PARTITIONS))
    owned: set[int] = set()
    values: dict[str, LiveValue] = {}

    def enough(answer: dict[str, Any]) -> bool:
        owned.update(answer.get("partitions", needed))
        values.update({code: _value(code, row) for code, row in answer.get("points", {}).items()})
        return needed <= owned or (not enterprise and len(values) >= len(wanted))

    try:
        bus.gather(LIVE_GET, question, enough, timeout)
    except BusTimeout:
        return Live(False)
    return Live(True, dict(values), complete=needed <= owned or (not enterprise and len(values) >= len(wanted)))


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
