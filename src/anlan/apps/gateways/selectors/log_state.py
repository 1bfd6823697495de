"""How full the log is and how far its readers are, asked of the log server itself. Machine's own read."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import DatabaseError

from anlan.apps.alarms.models import EnginePosition, EngineWorker
from anlan.apps.alarms.selectors import engine
from anlan.apps.gateways.selectors.live import _bus
from anlan.apps.history import services as history
from anlan.database import leases
from anlan.stream.bus import BusTimeout
from anlan.stream.log import StreamLayout
from anlan.stream.reader import consumer_role

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reader:
    """All processes of one role: ``waiting`` batches not yet read, ``unsettled`` read and not yet in the database.

    ``unowned``: partitions that nobody of the role works on any more; what waits in them is in neither number.
    ``furthest``: the greatest number of the log that its database holds for read.
    """

    name: str
    waiting: int
    unsettled: int
    unowned: int = 0
    furthest: int = field(default=0, compare=False)


@dataclass(frozen=True)
class LogState:
    """The stream of samples: batches and bytes kept, its bound, its readers by role, and its last number."""

    records: int
    size: int
    bound: int
    newest_at: datetime | None
    readers: list[Reader]
    last_seq: int = 0

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
        readers=_readers(consumers.get("consumers") or []),
        last_seq=int(state["last_seq"]),
    )


def _readers(consumers: list[dict[str, Any]]) -> list[Reader]:
    """Engines and historians: what the log has for their consumers, and how far their databases are."""
    found = []
    reaches = {"engine": leases.reach(EnginePosition, EngineWorker)}
    try:
        reaches["historian"] = history.reach()
    except DatabaseError as error:
        _LOG.warning("how far history is cannot be read: %s", error)  # told by the auditor; the rest is shown
    for role, reach in reaches.items():
        own = [each for each in consumers if consumer_role(each["name"]).partition("-")[0] == role]
        if reach is None and not own:
            continue
        read = max((int(each.get("delivered", {}).get("stream_seq", 0)) for each in own), default=0)
        waiting = sum(int(each.get("num_pending", 0)) for each in own)
        saved, unowned = reach or (read, 0)
        found.append(Reader(role, waiting, max(0, read - saved), unowned, saved))
    return found


def _instant(text: str) -> datetime | None:
    # the server writes nanoseconds, and the year 1 for "never"
    if not text or text.startswith("0001"):
        return None
    whole, _, fraction = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{whole}.{(fraction or '0')[:6].ljust(6, '0')}+00:00")


def newest_number() -> int:
    """The greatest number of any log that these databases speak of; a new log begins beyond it.

    A history that cannot be read holds nobody up: what it speaks of is behind what the engine speaks of, or is told by
    the guards when it is back.
    """
    try:
        stored = history.newest_number()
    except DatabaseError as error:
        _LOG.error("the history database is not asked: %s", error)
        stored = 0
    return max(stored, engine.newest_number())
