"""Bundles packets of a partition for at most 20 ms or 256 KB into one envelope and publishes it.

Whoever hands in packets gets a future that is done when the log has them on disk. What waits is bounded: beyond the
bound `Overloaded` is raised and the sender keeps its packets. Small messages cost the log server more than anything
else, so while all lanes are busy an open bundle goes on growing instead of queueing.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable

from anlan.stream.envelope import Record, message_id, pack
from anlan.stream.log import LogUnavailable

LINGER_S = 0.02
BUNDLE_BYTES = 256 * 1024
MAX_WAITING_BYTES = 64 * 1024 * 1024
LANES = 16

logger = logging.getLogger(__name__)
Publish = Callable[[int, bytes, str], Awaitable[int]]


class Overloaded(Exception):
    """So much waits for the log that no more is taken."""


class _Bundle:
    __slots__ = ("done", "partition", "queued", "records", "size")

    def __init__(self, partition: int, done: asyncio.Future[int]) -> None:
        self.partition = partition
        self.records: list[Record] = []
        self.size = 0
        self.done = done
        self.queued = False


class Bundler:
    """Made inside the event loop that uses it. ``publish(partition, envelope, message_id)`` returns when durable."""

    def __init__(self, publish: Publish, *, linger_s: float = LINGER_S, max_waiting: int = MAX_WAITING_BYTES) -> None:
        self._publish = publish
        self._linger_s = linger_s
        self._max_waiting = max_waiting
        self._open: dict[int, _Bundle] = {}
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
        bundle = self._open.get(partition)
        if bundle is None:
            loop = asyncio.get_running_loop()
            bundle = self._open[partition] = _Bundle(partition, loop.create_future())
            self._unanswered.add(bundle.done)
            bundle.done.add_done_callback(self._unanswered.discard)
            loop.call_later(self._linger_s, self._hand_over, bundle)
        bundle.records += records
        bundle.size += size
        self.waiting += size
        if bundle.size >= BUNDLE_BYTES:
            self._hand_over(bundle)
            self._open.pop(partition, None)
        return bundle.done

    async def close(self) -> None:
        """Publish what is waiting, then end the lanes."""
        for bundle in list(self._open.values()):
            self._hand_over(bundle)
        await asyncio.gather(*self._unanswered, return_exceptions=True)
        for lane in self._lanes:
            lane.cancel()
        await asyncio.gather(*self._lanes, return_exceptions=True)

    def _hand_over(self, bundle: _Bundle) -> None:
        if not bundle.queued:
            bundle.queued = True
            self._queue.append(bundle)
            self._work.set()

    async def _lane(self) -> None:
        while True:
            while not self._queue:
                self._work.clear()
                await self._work.wait()
            bundle = self._queue.popleft()
            if self._open.get(bundle.partition) is bundle:
                del self._open[bundle.partition]
            try:
                envelope = pack(bundle.records)
                sequence = await self._publish(bundle.partition, envelope, message_id(bundle.records))
            except Exception as error:
                if not isinstance(error, LogUnavailable):
                    logger.exception("a bundle could not be published")
                    error = LogUnavailable(str(error))
                if not bundle.done.cancelled():
                    bundle.done.set_exception(error)
                    bundle.done.exception()  # a sender that left must not turn this into a warning
            else:
                self.published += 1
                if not bundle.done.cancelled():
                    bundle.done.set_result(sequence)
            finally:
                self.waiting -= bundle.size
