"""Hands each message of the bus to the browsers that may see it. One event loop; never blocks, its memory is bounded.

Hints (`ui.TOPIC.ENTERPRISE`) wait in a short queue; when it is full they go and the browser is told to read everything
again. Live values are merged: a slow browser gets the newest value of a point, not every value. Who listens to what is
kept by enterprise, so that a message costs what it reaches and not what there is.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from anlan.apps.delivery.services.hints import TOPICS

FOR_ALL = frozenset({"external"})
"""Hints about no enterprise: every browser hears that there is something to read, and reads what its scope shows."""
HINTS_WAITING = 64
"""Hints that one browser may have waiting; more than that is one `resync`."""
POINTS_WATCHED = 400
"""Points that one page may watch."""
NOTHING: Mapping[str, str] = {}


def event(name: str, payload: bytes) -> bytes:
    """One event on the wire; ``payload`` is one line of JSON."""
    return b"event: " + name.encode() + b"\ndata: " + payload + b"\n\n"


class Listener:
    """One browser: what it may see, what it wants, and what waits for it."""

    def __init__(self, enterprises: frozenset[str] | None, points: Mapping[str, str] = NOTHING) -> None:
        """``points``: code of each point that the page shows → code of its enterprise; those past the first
        `POINTS_WATCHED`, and those of enterprises out of scope, are left out."""
        self.enterprises = enterprises
        """Codes of the enterprises in scope; None is all of them."""
        kept = list(points.items())[:POINTS_WATCHED]
        self.points = {code: owner for code, owner in kept if self.may_see(owner)}
        self._hints: deque[bytes] = deque()
        self._values: dict[str, Any] = {}
        self._behind = False
        self._something = asyncio.Event()

    def may_see(self, enterprise: str) -> bool:
        return self.enterprises is None or enterprise in self.enterprises

    def hint(self, said: bytes) -> None:
        """Keep one event; too many of them become one `resync`."""
        if self._behind:
            return
        if len(self._hints) >= HINTS_WAITING:
            self.resync()
        else:
            self._hints.append(said)
            self._something.set()

    def values(self, rows: Iterable[Any]) -> None:
        """Keep the newest row of each watched point."""
        for row in rows:
            if row[0] in self.points:
                self._values[row[0]] = row
                self._something.set()

    def resync(self) -> None:
        """Have the browser read its page again: messages may have been lost. Hints that wait say no more than that."""
        self._hints.clear()
        self._behind = True
        self._something.set()

    def leave(self) -> None:
        """Wake the stream so that it notices that it is to end."""
        self._something.set()

    async def wait(self, seconds: float) -> bool:
        """True as soon as something waits, False when nothing came in ``seconds``."""
        try:
            async with asyncio.timeout(seconds):
                await self._something.wait()
        except TimeoutError:
            return False
        return True

    def take(self) -> bytes:
        """Everything that waits, as events on the wire, and leave nothing."""
        self._something.clear()
        said = event("resync", b"{}") if self._behind else b"".join(self._hints)
        self._behind = False
        self._hints.clear()
        if self._values:
            said += event("live", msgspec.json.encode(list(self._values.values())))
            self._values = {}
        return said


class Hub:
    """The browsers of this process. All methods belong to the event loop's thread."""

    def __init__(self) -> None:
        self.listeners: set[Listener] = set()
        self.unreadable = 0
        """Messages of the bus that were not what the contract says; dropped and counted."""
        self._all_seeing: set[Listener] = set()
        self._by_enterprise: dict[str, set[Listener]] = {}
        self._watching: dict[str, set[Listener]] = {}

    def join(self, listener: Listener) -> None:
        self.listeners.add(listener)
        if listener.enterprises is None:
            self._all_seeing.add(listener)
        for enterprise in listener.enterprises or ():
            self._by_enterprise.setdefault(enterprise, set()).add(listener)
        for enterprise in set(listener.points.values()):
            self._watching.setdefault(enterprise, set()).add(listener)

    def part(self, listener: Listener) -> None:
        self.listeners.discard(listener)
        self._all_seeing.discard(listener)
        for index, enterprises in (
            (self._by_enterprise, listener.enterprises or ()),
            (self._watching, set(listener.points.values())),
        ):
            for enterprise in enterprises:
                there = index.get(enterprise, set())
                there.discard(listener)
                if not there:
                    index.pop(enterprise, None)

    def watched(self) -> list[str]:
        """Codes of the enterprises whose live values some page shows."""
        return list(self._watching)

    def receive(self, subject: str, payload: bytes) -> None:
        """One message of the bus: ``ui.TOPIC.ENTERPRISE`` or ``live.tick.ENTERPRISE``."""
        kind, _, rest = subject.partition(".")
        topic, _, enterprise = rest.partition(".")
        if kind == "ui" and topic in TOPICS and b"\n" not in payload:
            said = event(topic, payload)
            for listener in self.listeners if topic in FOR_ALL else self._all_seeing:
                listener.hint(said)
            if topic not in FOR_ALL:
                for listener in self._by_enterprise.get(enterprise, ()):
                    listener.hint(said)
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
        watching = self._watching.get(enterprise)
        if not watching:
            return
        try:
            rows = msgspec.json.decode(payload, type=list[tuple[str, float | None, int, int, int]])
        except msgspec.MsgspecError:
            self.unreadable += 1
            return
        for listener in watching:
            listener.values(rows)
