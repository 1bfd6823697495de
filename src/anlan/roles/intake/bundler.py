"""Bundles packets for at most 20 ms or 1 MB into one message of the log and publishes it.

A message costs the log server, and each of its readers, more than all that stands in it; so what came in together goes
in together, an envelope for each partition in it. Whoever hands in packets gets a future that is done when the log has
them on disk. What waits is bounded: beyond the bound `Overloaded` is raised and the sender keeps its packets. While all
lanes are busy the open bundle goes on growing instead of queueing.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable

from anlan.stream.envelope import Record, bundle, message_id, pack
from anlan.stream.log import LogUnavailable
from anlan.stream.partition import SHARED

LINGER_S = 0.02
BUNDLE_BYTES = 1024 * 1024
MAX_WAITING_BYTES = 64 * 1024 * 1024
LANES = 8

logger = logging.getLogger(__name__)
Publish = Callable[[int, bytes, str], Awaitable[int]]


class Overloaded(Exception):
    """So much waits for the log that no more is taken."""


class _Bundle:
    __slots__ = ("done", "queued", "records", "size")

    def __init__(self, done: asyncio.Future[int]) -> None:
        self.records: dict[int, list[Record]] = {}
        self.size = 0
        self.done = done
        self.queued = False

    def message(self) -> tuple[int, bytes, str]:
        """Where it goes, the bytes, and its id: a plain envelope when it is all of one partition."""
        every = [record for records in self.records.values() for record in records]
        parts = [(partition, pack(records)) for partition, records in self.records.items()]
        partition, data = parts[0] if len(parts) == 1 else (SHARED, bundle(parts))
        return partition, data, message_id(every)


class Bundler:
    """Made inside the event loop that uses it. ``publish(partition, message, message_id)`` returns when durable."""

    def __init__(self, publish: Publish, *, linger_s: float = LINGER_S, max_waiting: int = MAX_WAITING_BYTES) -> None:
        self._publish = publish
        self._linger_s = linger_s
        self._max_waiting = max_waiting
        self._open: _Bundle | None = None
        self._queue: deque[_Bundle] = deque()
        self._work = asyncio.Event()
        self._unanswered: set[asyncio.Future[int]] = set()
        self._lanes = [asyncio.create_task(self._lane(), name=f"bundle-lane-{n}") for n in range(LANES)]
        self.waiting = 0
        self.published = 0

    def add(self, partition: int, records: list[Record]) -> asyncio.Future[int]:
        """Take packets of one partition; the future gives the log's sequence, or LogUnavailable.

        Raises Overloaded when the bound is reached; nothing was taken then.
        """
        size = sum(len(record.body) for record in records)
        if self.waiting and self.waiting + size > self._max_waiting:
            raise Overloaded
        if self._open is None:
            loop = asyncio.get_running_loop()
            self._open = _Bundle(loop.create_future())
            self._unanswered.add(self._open.done)
            self._open.done.add_done_callback(self._unanswered.discard)
            loop.call_later(self._linger_s, self._hand_over, self._open)
        found = self._open
        found.records.setdefault(partition, []).extend(records)
        found.size += size
        self.waiting += size
        if found.size >= BUNDLE_BYTES:
            self._hand_over(found)
            self._open = None
        return found.done

    async def close(self) -> None:
        """Publish what is waiting, then end the lanes."""
        if self._open is not None:
            self._hand_over(self._open)
        await asyncio.gather(*self._unanswered, return_exceptions=True)
        for lane in self._lanes:
            lane.cancel()
        await asyncio.gather(*self._lanes, return_exceptions=True)

    def _hand_over(self, found: _Bundle) -> None:
        if not found.queued:
            found.queued = True
            self._queue.append(found)
            self._work.set()

    async def _lane(self) -> None:
        while True:
            while not self._queue:
                self._work.clear()
                await self._work.wait()
            found = self._queue.popleft()
            if self._open is found:
                self._open = None
            try:
                sequence = await self._publish(*found.message())
            except Exception as error:
                if not isinstance(error, LogUnavailable):
                    logger.exception("a bundle could not be published")
                    error = LogUnavailable(str(error))
                if not found.done.cancelled():
                    found.done.set_exception(error)
                    found.done.exception()  # a sender that left must not turn this into a warning
            else:
                self.published += 1
                if not found.done.cancelled():
                    found.done.set_result(sequence)
            finally:
                self.waiting -= found.size
