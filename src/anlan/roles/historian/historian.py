"""The historian's loop: fetch, decode, write blocks with positions; compact hours that ended.

History never holds up alarms: it has its own reader of the log and its own database, and may be minutes behind. It works
on the partitions that its `Keeper` holds; when another historian has taken one over, nothing more is written and what
is still held is read anew.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

from django.db import DatabaseError, InterfaceError

from anlan import now
from anlan.apps.history.services import Batch, compact_hour, hours_to_compact, write
from anlan.apps.history.services.compaction import HOUR_US
from anlan.apps.monitoring.selectors import point_specs
from anlan.apps.obligations import services as obligations
from anlan.now import Clock
from anlan.roles.database import close_all, give_up_broken, wait_for
from anlan.roles.historian.minutes import OpenMinutes
from anlan.roles.room import Room, Stage
from anlan.stream.blocks import BlockError
from anlan.stream.envelope import EnvelopeError, unpack
from anlan.stream.frame import FrameDecoder
from anlan.stream.gateway_clock import marked
from anlan.stream.log import Log, LogMessage, LogUnavailable
from anlan.stream.packet import Form, PacketError
from anlan.stream.points import PointTable

logger = logging.getLogger(__name__)
T = TypeVar("T")

ROLE = "historian"
FETCH = 64
FETCH_S = 0.2
SHORTEST_FLUSH_S = 3.0
LONGEST_FLUSH_S = 60.0
FLUSH_SHARE = 20
"""At most about one twentieth of the time goes into flushes."""
MAX_SAMPLES = 3_000_000
REGISTRY_S = 5.0
COMPACT_S = 30.0
LATE_US = 10 * 60_000_000
"""An hour is compacted so long after its end: most late data has come by then."""


class Historian:
    """Stores what the log brings to its partitions. ``run`` until ``leaving()`` is true; then everything is written."""

    def __init__(self, log: Log, clock: Clock, leaving: Callable[[], bool], room: Room) -> None:
        self._log, self._clock, self._leaving, self._room = log, clock, leaving, room
        self._database = ThreadPoolExecutor(1, thread_name_prefix="history-database")
        self._last: LogMessage | None = None
        self._damaged: set[tuple[str, int]] = set()
        self._flush_took = 0.0
        self._paused = False
        self.ready = asyncio.Event()

    async def run(self) -> None:
        """Go on where the positions stopped."""
        try:
            await self._begin()
            self.ready.set()
            while not self._leaving():
                await self._turn()
            await self._flush()
        finally:
            self._database.submit(close_all)
            self._database.shutdown(wait=True)

    def figures(self) -> dict[str, float]:
        """What the historian counts, for `anlan.roles.metrics`; once it is ready."""
        return {
            "historian_open_samples": self._open.samples,
            "historian_open_minutes": self._open.gateways,
            "historian_flush_seconds": round(self._flush_took, 3),
            "historian_paused": int(self._paused),
        }

    async def _begin(self) -> None:
        self._version = await self._in_database(registry_version)
        self._table = PointTable(await self._in_database(point_specs))
        self._decoder = FrameDecoder(self._table, self._tag_list)
        self._open = OpenMinutes(self._table)
        self._positions: dict[int, int] = dict(await self._in_database(positions_of, await self._log.identity()))
        self._consumption = await self._log.consume(DURABLE)
        moment = now.monotonic()
        self._flush_at = moment + SHORTEST_FLUSH_S
        self._registry_at = moment + REGISTRY_S
        self._compact_at = moment + COMPACT_S

    async def _turn(self) -> None:
        if self._pauses():
            await asyncio.sleep(0.5)
            if now.monotonic() >= self._registry_at:
                self._registry_at = now.monotonic() + REGISTRY_S
                await self._follow_registry()
            return
        try:
            messages = await self._consumption.fetch(FETCH, FETCH_S)
        except LogUnavailable as error:
            logger.warning("%s", error)
            await asyncio.sleep(0.2)
            messages = []
        for message in messages:
            self._take(message)
        moment = now.monotonic()
        if moment >= self._flush_at or self._open.samples >= MAX_SAMPLES:
            await self._flush()
        if moment >= self._registry_at:
            self._registry_at = moment + REGISTRY_S
            await self._follow_registry()
        if moment >= self._compact_at and not messages:
            await self._compact()

    def _pauses(self) -> bool:
        """Whether history gives way to everything else because the disk is short; the log keeps what comes."""
        paused = self._room.stage >= Stage.HISTORY
        if paused != self._paused:
            free = self._room.space.free // 1024**2
            logger.error("the disk has %d MiB left, history pauses", free) if paused else logger.warning(
                "history resumes"
            )
            self._paused = paused
        return paused

    def _take(self, message: LogMessage) -> None:
        self._last = message
        if message.seq <= self._positions.get(message.partition, 0):
            return
        self._positions[message.partition] = message.seq
        try:
            for record in unpack(message.data):
                if record.form == Form.ALARMS:
                    continue
                try:
                    frame = marked(self._decoder.decode(record), record)
                except PacketError as error:
                    logger.warning("record of %s in message %d: %s", record.gateway, message.seq, error)
                else:
                    self._open.add(record.enterprise, frame, message.seq)
        except EnvelopeError as error:
            logger.error("message %d of the log cannot be read: %s", message.seq, error)
        self._open.reached(message.partition, message.seq)

    async def _flush(self) -> None:
        begun = now.monotonic()
        batch: Batch = self._open.batch()
        if batch:
            await self._in_database(write, batch)
            self._open.written(batch)
        # a flush writes filling minutes anew: where that is much work it is done less often
        took = self._flush_took = now.monotonic() - begun
        self._flush_at = now.monotonic() + min(max(SHORTEST_FLUSH_S, FLUSH_SHARE * took), LONGEST_FLUSH_S)
        if self._last is not None:
            try:
                await self._consumption.ack_through([self._last])
                self._last = None
            except LogUnavailable as error:
                logger.warning("%s", error)

    async def _follow_registry(self) -> None:
        await self._in_database(_sign, self._clock.now())
        version = await self._in_database(registry_version)
        if version != self._version:
            # frames in memory speak of rows of the table, which keep their meaning for ever
            self._table.update(await self._in_database(point_specs))
            self._version = version

    async def _compact(self) -> None:
        before = round(self._clock.now().timestamp() * 1_000_000) - LATE_US
        hours = [hour for hour in await self._in_database(hours_to_compact, before, 20) if hour not in self._damaged]
        for gateway, hour in hours:
            self._open.forget(gateway, hour, hour + HOUR_US)
            try:
                await self._in_database(compact_hour, gateway, hour)
            except BlockError as error:
                self._damaged.add((gateway, hour))
                logger.error("history of %s at %d is damaged and stays as it is: %s", gateway, hour, error)
            if self._leaving():
                return
        self._compact_at = now.monotonic() + (0.5 if hours else COMPACT_S)

    def _tag_list(self, gateway: str, tags_hash: str) -> list[str] | None:
        """An agreed tag list from the records. Stands still while their database does."""
        return wait_for(self._database, lambda: tag_list(gateway, tags_hash), self._leaving)

    async def _in_database(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run ``work`` in the database thread, again and again while the database cannot be written."""
        pause = 0.2
        loop = asyncio.get_running_loop()

        def in_thread() -> T:
            give_up_broken()
            return work(*arguments)

        while True:
            try:
                return await loop.run_in_executor(self._database, in_thread)
            except (DatabaseError, InterfaceError) as error:
                logger.error("the history database does not answer: %s", error)
                if self._leaving():
                    raise
                await asyncio.sleep(pause)
                pause = min(2 * pause, 5.0)


def _sign(at: datetime) -> None:
    """Leave a sign of life among the records; one that cannot be left holds up no history."""
    try:
        obligations.tick("historian", at)
    except DatabaseError:
        logger.exception("no sign of life could be left")
