"""What the records say of gateways beyond their keys, held in memory and refreshed with them: ciphers, pauses, gaps.

While the records cannot be read the last word stands. What the intake itself found out on the way — pauses it began,
what gateways told of their buffers, lists that are in use — is written down at the same rhythm, and kept until it is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from anlan.apps.gateways.services import Backlog, Cipher, Pause
from anlan.now import Clock
from anlan.process.worker import say_failed
from anlan.stream.sequence import Gap

logger = logging.getLogger(__name__)
QUIET = 20
"""So many packets in a gateway's buffer are on their way, not a backlog."""
BACKLOG_EVERY = timedelta(seconds=60)


@dataclass(frozen=True)
class Said:
    """One reading of the records: ciphers by enterprise, ends of pauses and open gaps by gateway."""

    ciphers: Mapping[str, Cipher | None] = field(default_factory=dict)
    paused: Mapping[str, datetime] = field(default_factory=dict)
    gaps: Mapping[str, Sequence[Gap]] = field(default_factory=dict)


class Records(Protocol):
    """The records as this module uses them; every call may raise, and may be repeated."""

    def read(self, at: datetime) -> Said: ...
    def pauses(self, found: Iterable[Pause]) -> int: ...
    def backlogs(self, told: Iterable[Backlog]) -> int: ...
    def used_tags(self, used: Iterable[tuple[str, str]], at: datetime) -> None: ...


class Standing:
    """Read from the intake's loop, refreshed in a thread. ``take_used`` and ``give_back`` are those of `TagLists`."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records, self._clock = records, clock
        self._said = Said()
        self._pauses: dict[str, Pause] = {}
        self._backlogs: dict[str, Backlog] = {}
        self._told: dict[str, tuple[Backlog, datetime]] = {}
        self.take_used: Callable[[], Sequence[tuple[str, str]]] = list
        self.give_back: Callable[[Sequence[tuple[str, str]]], None] = lambda used: None

    def cipher(self, enterprise: str) -> Cipher | None:
        return self._said.ciphers.get(enterprise)

    def gaps(self, gateway: str) -> Sequence[Gap]:
        return self._said.gaps.get(gateway, ())

    def paused_until(self, gateway: str, at: datetime) -> datetime | None:
        """Until when nothing is taken from the gateway; None when it may send."""
        own = self._pauses.get(gateway)
        until = own.until if own is not None else self._said.paused.get(gateway)
        return until if until is not None and until > at else None

    def paused(self, at: datetime) -> int:
        """How many gateways are paused."""
        return sum(self.paused_until(gateway, at) is not None for gateway in {*self._pauses, *self._said.paused})

    def pause(self, pause: Pause) -> None:
        """From now on, until it is over or lifted on record."""
        self._pauses[pause.gateway] = pause

    def tell(self, word: Backlog, at: datetime) -> None:
        """What a gateway says of its buffer: kept when it differs, at most once a minute; a few packets are none."""
        if word.waiting < QUIET:
            word = Backlog(word.gateway, 0, None, word.dropped)
        last = self._told.get(word.gateway)
        if last is not None and (last[0] == word or (word.waiting and at - last[1] < BACKLOG_EVERY)):
            return
        self._told[word.gateway] = (word, at)
        self._backlogs[word.gateway] = word

    def refresh(self) -> None:
        """Write what was found, read what stands. Never raises; what could not be written is tried again."""
        at = self._clock.now()
        try:
            written = dict(self._pauses)
            if written:
                self._records.pauses(written.values())
            said = self._records.read(at)
        except Exception as error:  # noqa: BLE001  # said whole unless it passes by itself
            # whatever the database says, gateways go on sending as they stood
            say_failed(logger, "what is on record of gateways could not be read, the last word stands", error)
            return
        self._said = said
        for gateway, pause in written.items():
            if self._pauses.get(gateway) is pause:
                del self._pauses[gateway]
        backlogs, self._backlogs = self._backlogs, {}
        used = self.take_used()
        try:
            if backlogs:
                self._records.backlogs(backlogs.values())
            if used:
                self._records.used_tags(used, at)
        except Exception as error:  # noqa: BLE001  # said whole unless it passes by itself
            say_failed(logger, "what gateways told could not be written, it is tried again", error)
            self._backlogs = {**backlogs, **self._backlogs}
            self.give_back(used)
