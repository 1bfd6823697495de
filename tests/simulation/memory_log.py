"""The log in memory, as far as engine and historian know it: numbers, a birth, a window of message ids, a full stream,
trimming, and what may happen to a store: an older copy put back, a tail cut off, messages gone, another log."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.simulation.loop import Bell
from tests.simulation.processes import SimulatedProcess, current

from anlan.stream.envelope import parts_of
from anlan.stream.log import (
    DUPLICATE_WINDOW_S,
    LogCut,
    LogFull,
    LogMessage,
    LogState,
    LogUnavailable,
    first_to_keep,
)
from anlan.stream.partition import SHARED


@dataclass
class Store:
    """What lies on disk."""

    birth: int = 1
    first_seq: int = 1
    last_seq: int = 0
    messages: dict[int, LogMessage] = field(default_factory=dict)
    ids: dict[str, tuple[int, float]] = field(default_factory=dict)

    def copied(self) -> Store:
        """The same store apart: messages never change."""
        return Store(self.birth, self.first_seq, self.last_seq, dict(self.messages), dict(self.ids))


class MemoryLog:
    """One log for all processes of a simulation. ``up`` False: nobody reaches it. ``most``: messages that it holds."""

    def __init__(self, now_us: Callable[[], int], seconds: Callable[[], float], most: int = 100_000) -> None:
        self.store, self.up, self.most = Store(), True, most
        self._now_us, self._seconds = now_us, seconds
        self.restarts = 0
        """A store changes only while its server is down: everybody connects anew, and compares."""
        self.news = Bell()
        """Rings when there is a message."""
        self.lose_answer = False
        self._listeners: dict[str, list[tuple[SimulatedProcess | None, Callable[[bytes], None]]]] = {}

    @property
    def connected(self) -> bool:
        return self.up

    @property
    def connection(self) -> tuple[int, bool]:
        return self.restarts, self.up

    def stir(self) -> None:
        """Wake whoever waits for a message."""
        self.news.ring()

    def copy(self) -> Store:
        """The store as it lies on disk at this moment."""
        return self.store.copied()

    def restart(self) -> None:
        """The server starts anew: it knows the names of the messages that it still holds, and no others."""
        self.store.ids = {key: each for key, each in self.store.ids.items() if each[0] in self.store.messages}
        self.restarts += 1

    def put_back(self, older: Store) -> None:
        """Have another store, or an older copy of this one, under the restarted server."""
        self.store = older.copied()
        self.restarts += 1

    def cut(self, count: int) -> list[int]:
        """Cut so many messages off the end; their numbers will be given out again by the restarted server."""
        self.restarts += 1
        gone = sorted(self.store.messages)[-count:] if count else []
        for seq in gone:
            del self.store.messages[seq]
        if gone:
            self.store.last_seq = gone[0] - 1
            self.store.ids = {key: each for key, each in self.store.ids.items() if each[0] < gone[0]}
        return gone

    async def publish(self, partition: int, envelope: bytes, message_id: str, timeout: float = 5.0) -> int:
        self._reach()
        known = self.store.ids.get(message_id)
        if known is not None and self._seconds() - known[1] <= DUPLICATE_WINDOW_S:
            return known[0]
        if len(self.store.messages) >= self.most:
            raise LogFull("full")
        self.store.last_seq += 1
        seq = self.store.last_seq
        self.store.messages[seq] = LogMessage(seq, partition, envelope, self._now_us())
        self.store.ids[message_id] = (seq, self._seconds())
        self.stir()
        if self.lose_answer:
            self.lose_answer = False
            raise LogUnavailable("the answer was lost")
        return seq

    def reader(self, role: str) -> MemoryReader:
        return MemoryReader(self)

    async def forget_consumer(self, durable: str) -> None:
        self._reach()

    async def state(self) -> LogState:
        self._reach()
        return LogState(f"SAMPLES@{self.store.birth}", self.store.first_seq, self.store.last_seq)

    async def next_seq(self, partition: int, after: int) -> int | None:
        self._reach()
        messages = self.store.messages.values()
        found = [each.seq for each in messages if each.seq > after and each.partition in (partition, SHARED)]
        return min(found, default=None)

    async def newest_at(self) -> datetime | None:
        self._reach()
        newest = self.store.messages.get(self.store.last_seq)
        return None if newest is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=newest.taken_us)

    async def lacks(self, places: Mapping[int, tuple[int, int]]) -> set[int]:
        self._reach()
        return {partition for partition, place in places.items() if not self.holds(*place)}

    def holds(self, seq: int, taken_us: int) -> bool:
        if seq > self.store.last_seq:
            return False
        found = self.store.messages.get(seq)
        return not taken_us or found is None or abs(found.taken_us - taken_us) <= 1

    async def trim(self, done: Mapping[int, int]) -> int:
        state = await self.state()
        first = await first_to_keep(state, done, self.next_seq)
        if first <= state.first_seq:
            return state.first_seq
        self.store.messages = {seq: each for seq, each in self.store.messages.items() if seq >= first}
        self.store.first_seq = first
        return first

    async def tell(self, subject: str, payload: bytes) -> bool:
        if self.up:
            there = [each for each in self._listeners.get(subject, ()) if each[0] is None or each[0].returncode is None]
            self._listeners[subject] = there  # who is gone listens no more
            for _, handler in there:
                handler(payload)
        return self.up

    async def listen(self, subject: str, handler: Callable[[bytes], None]) -> None:
        self._reach()
        self._listeners.setdefault(subject, []).append((current.get(), handler))

    async def answer(self, subject: str, handler: Callable[[bytes], Awaitable[bytes]]) -> None:
        self._reach()

    async def close(self) -> None:
        return

    def _reach(self) -> None:
        if not self.up:
            raise LogUnavailable("log server not reachable")


class MemoryReader:
    """A reader of some partitions, in order, from a place of the caller's choice."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log
        self._partitions: frozenset[int] = frozenset()
        self.handed = self.handed_us = 0
        self._compared: int | None = None
        self.at_end = False

    async def aim(self, partitions: Collection[int], after: int) -> None:
        self._partitions, self.handed, self.handed_us, self._compared = frozenset(partitions), after, 0, None

    async def fetch(self, most: int, timeout: float) -> list[LogMessage]:
        self.at_end = False
        if not self._partitions:
            await asyncio.sleep(timeout)
            return []
        self._log._reach()
        if self._compared != self._log.restarts:
            if not self._log.holds(self.handed, self.handed_us):
                raise LogCut(f"message {self.handed} is not in the log")
            self._compared = self._log.restarts
            if not self.handed_us and (known := self._log.store.messages.get(self.handed)) is not None:
                self.handed_us = known.taken_us
        if not (found := self._next(most)):
            await self._log.news.wait(timeout)
            self._log._reach()
            found = self._next(most)
        self.at_end = not found
        return found

    def _next(self, most: int) -> list[LogMessage]:
        found: list[LogMessage] = []
        store = self._log.store
        for seq in range(max(self.handed + 1, store.first_seq), store.last_seq + 1):
            message = store.messages.get(seq)
            if message is None or message.partition not in {*self._partitions, SHARED}:
                continue
            if len(found) >= most:
                break
            self.handed, self.handed_us = seq, message.taken_us
            found += [message] if message.partition != SHARED else self._parts(message)
        return found

    def _parts(self, message: LogMessage) -> list[LogMessage]:
        parts = [each for each in parts_of(message.data) if each[0] in self._partitions]
        return [LogMessage(message.seq, partition, data, message.taken_us) for partition, data in parts]

    async def close(self) -> None:
        return
