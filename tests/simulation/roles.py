"""What each process of the simulation does: the cores of the product's roles, at a pace that can be paid for."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.simulation.loop import Inline
from tests.simulation.memory_log import MemoryLog
from tests.simulation.processes import Processes, SimulatedProcess

from anlan.database.addresses import HISTORY
from anlan.database.leases import Leases
from anlan.now import SystemClock
from anlan.process.disk_space import Stage
from anlan.roles.supervisor.child import Child
from anlan.roles.supervisor.tries import Tries
from anlan.roles.supervisor.watching import Watching

SUPERVISOR_S = 2.0
FROZEN_AFTER = 30
"""Seconds after which the supervisor ends what stands still."""
CLOCK_S, DELIVERY_S, SLOW_S = 100.0, 120.0, 600.0
CLOCK_SILENT = timedelta(seconds=150)
"""In the place of the setting: a clock that has not signed for so long is taken for dead."""
WORDS_S = 3.0
"""Between two words of the intake that it accepts."""
FOR_EVER_S = 1e9
ROLES = ("engine", "historian", "intake", "clock", "delivery")


class Pace:
    """Seconds. ``quick``: something happens; ``slow``: hours in which nothing comes are jumped rather than lived.

    Engine and historian wake for a message at once; what they do by the clock is done less often than in production.
    """

    def __init__(self) -> None:
        from anlan.roles.engine import cadences as engine
        from anlan.roles.historian import cadences as historian

        self.engine, self.historian = self._of(engine.Cadences()), self._of(historian.Cadences())
        vars(self.engine).update(
            flush_s=30.0, sweep_s=5.0, registry_s=120.0, links_s=120.0, sign_s=120.0, conditions_s=300.0,
            coverage_s=600.0, trim_s=200.0, compare_s=200.0,
        )  # fmt: skip
        vars(self.historian).update(shortest_flush_s=30.0, registry_s=120.0, compact_s=300.0, chores_s=60.0)
        self.quick()

    @staticmethod
    def _of(cadences: Any) -> SimpleNamespace:
        return SimpleNamespace(**{each.name: getattr(cadences, each.name) for each in dataclasses.fields(cadences)})

    def quick(self) -> None:
        self.engine.fetch_s, self.historian.fetch_s = 5.0, 7.0
        self.clock_s, self.delivery_s, self.own_time_s, self.supervisor_s = CLOCK_S, DELIVERY_S, 5.0, SUPERVISOR_S

    def slow(self) -> None:
        self.engine.fetch_s = self.historian.fetch_s = SLOW_S
        self.clock_s = self.delivery_s = self.own_time_s = SLOW_S
        self.supervisor_s = 50.0


class Roles:
    """Makes the processes; ``in_charge`` are the supervisor's children."""

    def __init__(self, loop: Any, log: MemoryLog, keys: dict[str, tuple[str, str]]) -> None:
        self.log, self.pace, self._keys = log, Pace(), keys
        self.looked: Callable[[], None] = lambda: None
        """Called after each look of the clock that the database answered."""
        self._loop, self._pool = loop, Inline()
        works = {
            "engine": self._engine,
            "historian": self._historian,
            "intake": self._intake,
            "clock": self._clock,
            "delivery": self._delivery,
            "supervisor": self._supervisor,
        }
        self.processes = Processes(loop, works)

    def stir(self) -> None:
        """Have everybody look at once, not at the end of their pauses."""
        self.log.stir()
        for process in self.processes.running.values():
            process.stir()

    async def _engine(self, process: SimulatedProcess) -> None:
        from anlan.apps.alarms.models import EnginePosition, EngineWorker
        from anlan.roles.engine.engine import Engine

        log: Any = self.log
        pace: Any = self.pace.engine
        leases = Leases(EnginePosition, EngineWorker, "simulated")
        await Engine(log, SystemClock(), lambda: process.leaving, leases, cadences=pace).run()

    async def _historian(self, process: SimulatedProcess) -> None:
        from anlan.apps.history.models import HistorianWorker, Position
        from anlan.roles.historian.historian import Historian

        log: Any = self.log
        pace: Any = self.pace.historian
        room: Any = SimpleNamespace(stage=Stage.PLENTY)
        leases = Leases(Position, HistorianWorker, "simulated", HISTORY)
        await Historian(log, SystemClock(), lambda: process.leaving, room, leases, cadences=pace).run()

    async def _intake(self, process: SimulatedProcess) -> None:
        from anlan.roles.intake.application import Application, IntakeParts
        from anlan.roles.intake.bundler import Bundler
        from anlan.roles.intake.command import LIVE_AGE, newest_at, say_accepting
        from anlan.roles.intake.dead_letters import DeadLetters
        from anlan.roles.intake.keys import Key, KeyRing
        from anlan.roles.intake.records import limits
        from anlan.roles.intake.refusals import Refusals
        from anlan.roles.intake.replay import Taken
        from anlan.roles.intake.standing import Said, Standing
        from anlan.roles.intake.tag_lists import TagLists
        from anlan.rules import rulebook

        owned = {
            gateway: Key(enterprise, hashlib.sha256(key.encode()).hexdigest())
            for gateway, (enterprise, key) in self._keys.items()
        }
        keys, clock, bundler = KeyRing(lambda: owned), SystemClock(), Bundler(self.log.publish)
        keys.refresh()
        records: Any = SimpleNamespace(read=lambda at: Said())

        async def in_thread(work: Callable[..., Any], *arguments: Any) -> Any:
            return work(*arguments)

        async def refresh() -> None:
            keys.refresh()

        async def no_cameras(gateway: str, reports: Any, at: datetime) -> list[str]:
            raise AssertionError("nobody reports cameras here")

        app = Application(
            IntakeParts(
                keys, bundler, Taken(lambda: self.log.connection), Refusals(lambda refused: len(list(refused))),
                Standing(records, clock), TagLists(lambda gateway: {}, lambda *announced: True, in_thread),
                DeadLetters(limits(rulebook.load())), no_cameras,
            ),
            clock, refresh_keys=refresh, log_is_there=lambda: self.log.connected,
            future_limit=timedelta(seconds=rulebook.load().number("future_tolerance_seconds")), live_age=LIVE_AGE,
        )  # fmt: skip
        log: Any = self.log
        app.own_time.recorded(await newest_at(log))
        process.app = app

        async def look() -> None:
            while True:
                app.own_time.look()
                await asyncio.sleep(self.pace.own_time_s)

        looking = asyncio.create_task(look())
        words = asyncio.create_task(say_accepting(log, lambda: self.log.connected, WORDS_S))
        asked = asyncio.create_task(process.rest(FOR_EVER_S))
        for task in (await asyncio.wait({asked, looking, words}, return_when=asyncio.FIRST_COMPLETED))[0]:
            task.result()
        await bundler.close()

    async def _in_pool(self, work: Callable[..., Any], *arguments: Any) -> Any:
        return await self._loop.run_in_executor(self._pool, lambda: work(*arguments))

    async def _clock(self, process: SimulatedProcess) -> None:
        from anlan.roles import clock as role

        clock = SystemClock()
        while not process.leaving:
            if await self._in_pool(role.look, clock) is not None:
                await self._in_pool(role.sign, clock, "clock")
                self.looked()
            await process.rest(await self._in_pool(role.pause, clock, self.pace.clock_s))

    async def _delivery(self, process: SimulatedProcess) -> None:
        from anlan.roles import delivery as role

        while not process.leaving:
            await self._in_pool(role.look, SystemClock())
            await process.rest(self.pace.delivery_s)

    async def _supervisor(self, process: SimulatedProcess) -> None:
        processes: Any = self.processes
        children = {role: Child(role, {}, Path("/dev/null"), (), processes) for role in ROLES}
        watching = Watching(Tries(), round(FROZEN_AFTER / SUPERVISOR_S))
        while True:
            watching.look(children)
            await process.rest(self.pace.supervisor_s)
