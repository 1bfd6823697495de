"""Hands each message of the bus to the browsers that may see it. One event loop; never blocks, its memory is bounded.

Hints (`ui.TOPIC.ENTERPRISE`) wait in a short queue; when it is full the oldest goes and the browser is told to read
everything again. Live values are merged: a slow browser gets the newest value of a point, not every value.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Any

import msgspec

TOPICS = frozenset({"alarm", "warning", "delivery", "gateway", "external"})
FOR_ALL = frozenset({"external"})
"""Hints about no enterprise: every browser hears that there is something to read, and reads what its scope shows."""
HINTS_WAITING = 64
"""Hints that one browser may have waiting; more than that is one `resync`."""
POINTS_WATCHED = 400
"""Points that one page may watch."""


class Listener:
    """One browser: what it may see, what it wants, and what waits for it."""

    def __init__(self, enterprises: frozenset[str] | None, points: Iterable[str] = ()) -> None:
        self.enterprises = enterprises
        """Codes of the enterprises in scope; None is all of them."""
        self.points = frozenset(list(points)[:POINTS_WATCHED])
        self._hints: deque[tuple[str, bytes]] = deque()
        self._values: dict[str, Any] = {}
        self._behind = False
        self._something = asyncio.Event()

    def may_see(self, enterprise: str) -> bool:
        return self.enterprises is None or enterprise in self.enterprises

    def hint(self, topic: str, payload: bytes) -> None:
        if len(self._hints) >= HINTS_WAITING:
            self._hints.clear()
            self._behind = True
        self._hints.append((topic, payload))
        self._something.set()

    def values(self, rows: Iterable[Any]) -> None:
        """Keep the newest row of each watched point."""
        for row in rows:
            if row[0] in self.points:
                self._values[row[0]] = row
                self._something.set()

    def resync(self) -> None:
        """Have the browser read its page again: messages may have been lost."""
        self._behind = True
        self._something.set()

    def leave(self) -> None:
        """Wake the stream so that it notices that the process is ending."""
        self._something.set()

    async def wait(self, seconds: float) -> bool:
        """True as soon as something waits, False when nothing came in ``seconds``."""
        try:
            async with asyncio.timeout(seconds):
                await self._something.wait()
        except TimeoutError:
            return False
        return True

    def take(self) -> list[tuple[str, bytes]]:
        """Everything that waits, as (event, JSON), and leave nothing."""
        self._something.clear()
        found: list[tuple[str, bytes]] = []
        if self._behind:
            self._behind = False
            found.append(("resync", b"{}"))
        found.extend(self._hints)
        self._hints.clear()
        if self._values:
            found.append(("live", msgspec.json.encode(list(self._values.values()))))
            self._values = {}
        return found


class Hub:
    """The browsers of this process. All methods belong to the event loop's thread."""

    def __init__(self) -> None:
        self.listeners: set[Listener] = set()
        self.unreadable = 0
        """Messages of the bus that were not what the contract says; dropped and counted."""

    def join(self, listener: Listener) -> None:
        self.listeners.add(listener)

    def part(self, listener: Listener) -> None:
        self.listeners.discard(listener)

    def receive(self, subject: str, payload: bytes) -> None:
        """One message of the bus: ``ui.TOPIC.ENTERPRISE`` or ``live.tick.ENTERPRISE``."""
        kind, _, rest = subject.partition(".")
        topic, _, enterprise = rest.partition(".")
        if kind == "ui" and topic in TOPICS and b"\n" not in payload:
            for listener in self.listeners:
                if topic in FOR_ALL or listener.may_see(enterprise):
                    listener.hint(topic, payload)
        elif kind == "live" and topic == "tick":
            self._values(enterprise, payload)
        else:
            self.unreadable += 1

    def resync(self) -> None:
        """Tell every browser to read again, after the bus was away."""
        for listener in self.listeners:
            listener.resync()

    def leave(self) -> None:
        for listener in self.listeners:
            listener.leave()

    def _values(self, enterprise: str, payload: bytes) -> None:
        watching = [each for each in self.listeners if each.points and each.may_see(enterprise)]
        if not watching:
            return
        try:
            rows = msgspec.json.decode(payload, type=list[tuple[str, float | None, int, int, int]])
        except msgspec.MsgspecError:
            self.unreadable += 1
            return
        for listener in watching:
            listener.values(rows)
