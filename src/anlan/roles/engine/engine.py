"""The engine's loop: fetch, apply, commit, acknowledge; sweep, follow the registry, tell what is live.

A message is acknowledged only after the transaction that holds its effect. While the database cannot be written the
loop stands still and the log keeps what comes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import DatabaseError, InterfaceError

from anlan import now
from anlan.apps.monitoring.selectors import point_specs, registry_version
from anlan.apps.monitoring.services.alarms import instant
from anlan.now import Clock
from anlan.roles.database import close_all, give_up_broken
from anlan.roles.engine import store
from anlan.roles.engine.live import GET, WATCH, LiveDesk
from anlan.roles.engine.state import EngineCore
from anlan.stream.alarm import AlarmEvent
from anlan.stream.log import Consumption, Log, LogMessage, LogUnavailable

logger = logging.getLogger(__name__)
T = TypeVar("T")

DURABLE = "engine"
FETCH = 64
FETCH_S = 0.05
FLUSH_S = 1.0
SLICE = 25
"""Gateways saved in one commit; more would hold up the alarms behind it."""
SWEEP_S = 1.0
REGISTRY_S = 5.0
LINKS_S = 5.0
SIGN_S = 5.0
"""How often the engine signs that it is alive."""
COVERAGE_S = 5.0
COVERAGE_AFTER_S = 600.0
"""What has not been heard of so long after a start is missing, not late."""
TRIM_S = 60.0
SETTLE_S = 15.0
"""After a start gateways get so long to come back before their silence counts: it may have been ours."""
_TRIES = 3


def micros(moment: Any) -> int:
    """An aware instant as epoch microseconds."""
    return round(moment.timestamp() * 1_000_000)


class _Every:
    """True once per period of a steady clock."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._next = seconds, 0.0

    def due(self) -> bool:
        moment = now.monotonic()
        if moment < self._next:
            return False
        self._next = moment + self._seconds
        return True


class Engine:
    """One engine over all partitions. ``run`` until ``leaving()`` is true; then everything is committed and acked."""

    def __init__(
        self, log: Log, clock: Clock, leaving: Callable[[], bool], readers: Sequence[str] = (DURABLE,)
    ) -> None:
        self._log, self._clock, self._leaving, self._readers = log, clock, leaving, readers
        self._database = ThreadPoolExecutor(1, thread_name_prefix="engine-database")
        self._owed: list[int] = []
        self._acked = 0
        self._covered = 0
        self._every = {
            name: _Every(seconds)
            for name, seconds in {
                "flush": FLUSH_S,
                "sweep": SWEEP_S,
                "registry": REGISTRY_S,
                "links": LINKS_S,
                "sign": SIGN_S,
                "coverage": COVERAGE_S,
                "trim": TRIM_S,
            }.items()
        }
        self.ready = asyncio.Event()

    async def run(self) -> None:
        """Take up the checkpoint and work."""
        try:
            await self._begin()
            self.ready.set()
            while not self._leaving():
                await self._turn()
            checkpoint = self._core.everything([])
            await self._write(checkpoint)
            await self._acknowledge(checkpoint.through)
        finally:
            self._database.submit(close_all)
            self._database.shutdown(wait=True)

    def figures(self) -> dict[str, float]:
        """What the engine counts, for `anlan.roles.metrics`; once it is ready."""
        return {
            "engine_samples_total": self._core.samples,
            "engine_points": len(self._core.table),
            "engine_reached_seconds": self._core.reached_us / 1_000_000,
            "engine_owed_sources": len(self._owed),
        }

    async def _begin(self) -> None:
        self._version = await self._in_database(registry_version)
        self._core = EngineCore(await self._in_database(point_specs))
        self._desk = LiveDesk(self._core)
        remembered = await self._in_database(store.remember, await self._log.identity())
        self._core.restore(remembered)
        for gateway in self._core.damaged_states:
            logger.error("the saved state of gateway %s is damaged, its points begin anew", gateway)
        self._owed = await self._in_database(store.burning_sources)
        self._consumption: Consumption = await self._log.consume(DURABLE)
        await self._log.answer(GET, self._desk.answer)
        await self._log.answer(WATCH, self._desk.watch)
        self._started = now.monotonic()
        logger.info("engine: %d points, %d gateways restored", len(self._core.table), len(remembered.states))

    async def _turn(self) -> None:
        idle, messages = await self._fetch()
        events = self._core.take(messages)
        if self._every["sweep"].due():
            events += self._sweep(idle)
            for subject, payload in self._desk.ticks():
                await self._log.tell(subject, payload)
        checkpoint = self._core.of_events(events) if events else store.Checkpoint()
        if self._core.in_round or self._every["flush"].due():
            checkpoint = checkpoint.joined(self._core.next_slice(SLICE))
        await self._write(checkpoint)
        await self._acknowledge(checkpoint.through)
        await self._upkeep(idle)

    async def _fetch(self) -> tuple[bool, list[LogMessage]]:
        try:
            messages = await self._consumption.fetch(FETCH, FETCH_S)
        except LogUnavailable as error:
            logger.warning("%s", error)
            await asyncio.sleep(0.2)
            return False, []
        return not messages, messages

    def _sweep(self, idle: bool) -> list[AlarmEvent]:
        """With the log read to its end the present counts; else only what the log has told so far."""
        settled = now.monotonic() - self._started > SETTLE_S
        if idle and settled:
            return self._core.sweep(micros(self._clock.now()))
        return self._core.sweep(self._core.reached_us) if self._core.reached_us else []

    async def _upkeep(self, idle: bool) -> None:
        if self._every["sign"].due():
            await self._in_database(store.sign, self._clock.now())
        if self._every["registry"].due():
            await self._follow_registry()
            if self._owed:
                self._owed = await self._in_database(store.react_again, self._owed, self._clock.now())
        if now.monotonic() - self._started > SETTLE_S and self._every["links"].due():
            reached = self._clock.now() if idle else instant(self._core.reached_us)
            await self._in_database(store.sweep, reached)
        if now.monotonic() - self._started > COVERAGE_AFTER_S and self._every["coverage"].due():
            # one enterprise at a time, so that nothing waits behind it
            self._covered = await self._in_database(store.check_next_coverage, self._covered, self._clock.now())
        if self._every["trim"].due():
            try:
                await self._log.trim(self._readers)
            except LogUnavailable as error:
                logger.warning("%s", error)

    async def _follow_registry(self) -> None:
        version = await self._in_database(registry_version)
        if version == self._version:
            return
        change = self._core.follow(await self._in_database(point_specs))
        self._version = version
        logger.info(
            "registry changed: %d points added, %d changed, %d removed",
            len(change.added), len(change.changed), len(change.removed),
        )  # fmt: skip

    async def _write(self, checkpoint: store.Checkpoint) -> None:
        if not checkpoint:
            return
        tries, pause = 0, 0.1
        while True:
            try:
                react = tries < _TRIES
                await self._run_in_database(store.commit, checkpoint, self._clock.now(), react=react)
            except Exception as error:
                outage = isinstance(error, (DatabaseError, InterfaceError)) and not await self._database_answers()
                if outage:
                    logger.error("the database cannot be written (%s), the log keeps what comes", error)
                else:
                    # an alarm must not be lost because what follows from it failed; it is graded later
                    tries += 1
                    logger.exception("a commit failed, try %d", tries)
                if tries > _TRIES or self._leaving():
                    raise
            else:
                break
            await asyncio.sleep(pause)
            pause = min(2 * pause, 5.0)
        if not react:
            self._owed = sorted({*self._owed, *await self._in_database(store.burning_sources)})
        self._core.saved(checkpoint)

    async def _database_answers(self) -> bool:
        try:
            await self._run_in_database(registry_version)
        except (DatabaseError, InterfaceError):
            return False
        return True

    async def _acknowledge(self, through: int) -> None:
        if through <= self._acked:
            return
        try:
            await self._consumption.ack_through([LogMessage(through, 0, b"", False)])
        except LogUnavailable as error:
            logger.warning("%s", error)
        else:
            self._acked = through

    async def _in_database(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run ``work`` in the database thread, again and again while the database cannot be reached."""
        pause = 0.2
        while True:
            try:
                return await self._run_in_database(work, *arguments)
            except (DatabaseError, InterfaceError) as error:
                logger.error("the database does not answer: %s", error)
                if self._leaving():
                    raise
                await asyncio.sleep(pause)
                pause = min(2 * pause, 5.0)

    async def _run_in_database(self, work: Callable[..., T], *arguments: Any, **options: Any) -> T:
        loop = asyncio.get_running_loop()

        def in_thread() -> T:
            give_up_broken()
            return work(*arguments, **options)

        return await loop.run_in_executor(self._database, in_thread)
