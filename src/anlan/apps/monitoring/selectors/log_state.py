"""How full the log is and how far its readers are, asked of the log server itself. Machine's own read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from anlan.apps.monitoring.selectors.live import _bus
from anlan.stream.bus import BusTimeout
from anlan.stream.log import StreamLayout


@dataclass(frozen=True)
class Reader:
    """A durable consumer: ``waiting`` records not yet handed out, ``unsettled`` handed out and not yet acknowledged."""

    name: str
    waiting: int
    unsettled: int


@dataclass(frozen=True)
class LogState:
    """The stream of samples: records and bytes kept, its bound, and its readers by name."""

    records: int
    size: int
    bound: int
    newest_at: datetime | None
    readers: list[Reader]

    @property
    def fullness(self) -> float:
        """Share of the bound that is used, 0 to 1."""
        return self.size / self.bound if self.bound > 0 else 0.0


def log_state(timeout: float = 0.5) -> LogState | None:
    """The log's own figures, or None when it does not answer (or none is known)."""
    bus = _bus()
    if bus is None:
        return None
    name = StreamLayout().name
    try:
        info = bus.request(f"$JS.API.STREAM.INFO.{name}", {}, timeout)
        consumers = bus.request(f"$JS.API.CONSUMER.LIST.{name}", {}, timeout)
    except BusTimeout:
        return None
    if "state" not in info:
        return None
    state: dict[str, Any] = info["state"]
    return LogState(
        records=int(state["messages"]),
        size=int(state["bytes"]),
        bound=int(info["config"].get("max_bytes", -1)),
        newest_at=_instant(state.get("last_ts", "")),
        readers=[
            Reader(each["name"], int(each.get("num_pending", 0)), int(each.get("num_ack_pending", 0)))
            for each in consumers.get("consumers") or []
        ],
    )


def _instant(text: str) -> datetime | None:
    # the server writes nanoseconds, and the year 1 for "never"
    if not text or text.startswith("0001"):
        return None
    whole, _, fraction = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{whole}.{(fraction or '0')[:6].ljust(6, '0')}+00:00")
