"""The simulated installation: two processes over one log and two databases, gateways, clocks, and what goes wrong."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import msgspec
from django.db import OperationalError, connections
from tests.simulation.loop import Inline, SimulatedLoop
from tests.simulation.memory_log import MemoryLog

from anlan import now as system_clock
from anlan.leases import Leases
from anlan.roles.room import Stage
from anlan.site.databases import HISTORY
from anlan.stream.envelope import Record, pack
from anlan.stream.log import LogFull, LogUnavailable
from anlan.stream.partition import partition_of
from anlan.testing.sender import packet
from anlan.testing.sites import Site, sites

EPOCH = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
ENTERPRISES, POINTS = 3, 3
PERIOD_S = 5.0
ENGINE_PACE: dict[str, Any] = {
    "fetch_s": 2.0,
    "flush_s": 5.0,
    "sweep_s": 5.0,
    "registry_s": 20.0,
    "links_s": 20.0,
    "sign_s": 60.0,
    "conditions_s": 30.0,
    "coverage_s": 60.0,
}
HISTORIAN_PACE: dict[str, Any] = {"fetch_s": 2.0, "shortest_flush_s": 8.0, "registry_s": 20.0, "compact_s": 120.0}
"""Both wake for a message at once; what they do by the clock is done less often than in production."""


class Killed(BaseException):
    """The process is gone at this statement; nothing of it runs on."""


class HostClock:
    """The clock of the installation's host: ``off_s`` seconds from the true time."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop
        self.off_s = 0.0

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=round(self._loop.seconds + self.off_s, 6))

    def monotonic(self) -> float:
        return self._loop.seconds

    def now_us(self) -> int:
        return round((self.now() - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))


class World:
    """`step` does one thing and says what; `lull` lets everything settle and compares. What an act draws comes from the
    number that its step brings along, so that a history can be played again with steps left out."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self.loop, self.random = loop, random.Random(0)
        self.clock = HostClock(loop)
        self.log = MemoryLog(self.clock.now_us, loop.time)
        self.sites: list[Site] = list(sites(ENTERPRISES, POINTS))
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.leave: dict[str, bool] = {}
        self.history: list[str] = []
        self.sent: dict[str, dict[int, float]] = {point: {} for site in self.sites for point in site.points}
        """Acknowledged samples: point → instant in µs → value."""
        self.excused: set[tuple[str, int]] = set()
        """Samples whose message was cut from the log: they may be missing, and are the operator's to know of."""
        self._of_message: dict[int, list[tuple[str, int]]] = {}
        self._levels = {point: 50.0 for site in self.sites for point in site.points}
        self._numbers = 0
        self._waiting: list[tuple[Site, Record, list[tuple[str, int, float]]]] = []
        self._working: str | None = None
        self._armed: tuple[str, int, str] | None = None
        self._older: Any = None

    # processes

    def start(self, name: str) -> None:
        """Start a process that does not run; what runs goes on."""
        task = self.tasks.get(name)
        if task is not None and not task.done():
            return
        if task is not None:
            self._see_end(name, task)
        self.leave[name] = False
        self.tasks[name] = self.loop.create_task(self._run(name), name=name)

    async def _run(self, name: str) -> None:
        from anlan.apps.history.models import HistorianWorker, Position
        from anlan.apps.monitoring.models import EnginePosition, EngineWorker
        from anlan.roles.engine import cadences as engine_cadences
        from anlan.roles.engine.engine import Engine
        from anlan.roles.historian import cadences as historian_cadences
        from anlan.roles.historian.historian import Historian

        self._creating = name
        log: Any = self.log
        if name == "engine":
            leases = Leases(EnginePosition, EngineWorker, "simulated")
            pace = engine_cadences.Cadences(**ENGINE_PACE)
            await Engine(log, self.clock, lambda: self.leave[name], leases, cadences=pace).run()
        else:
            room: Any = SimpleNamespace(stage=Stage.PLENTY)
            leases = Leases(Position, HistorianWorker, "simulated", HISTORY)
            slow = historian_cadences.Cadences(**HISTORIAN_PACE)
            await Historian(log, self.clock, lambda: self.leave[name], room, leases, cadences=slow).run()

    def executor(self, *_arguments: Any, **_options: Any) -> Inline:
        """In the place of a thread pool."""
        return Inline(self._creating, self._at_work)

    def _at_work(self, owner: str | None) -> None:
        self._working = owner

    def before_statement(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        """Around every statement of either database: the place where a kill or a fault of the disk strikes."""
        if self._armed is not None and self._working == self._armed[0]:
            owner, left, what = self._armed
            if left > 0:
                self._armed = (owner, left - 1, what)
            elif what == "kill":
                self._armed = None
                raise Killed(owner)
            elif not sql.lstrip().upper().startswith(("SELECT", "ROLLBACK", "RELEASE")):
                self._armed = None
                raise OperationalError("disk I/O error")
        return execute(sql, params, many, context)

    @staticmethod
    def _see_end(name: str, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            return
        error = task.exception()
        if error is not None and not isinstance(error, Killed):
            raise AssertionError(f"{name} ended by itself") from error

    def look(self) -> None:
        """Whether a process has ended that nobody killed."""
        for name, task in self.tasks.items():
            if task.done():
                self._see_end(name, task)

    # what happens

    def advance(self, seconds: float) -> None:
        """Let time pass; everything that falls due meanwhile is done."""
        self.loop.run_until_complete(asyncio.sleep(seconds))
        self.look()

    def step(self, act: str, number: int) -> None:
        """Do one act; ``number`` is what its chances are drawn from."""
        self.random = random.Random(number)
        self.history.append(f"{self.loop.seconds:9.2f}  {act}")
        said = ACTS[act][1](self)
        self.history[-1] = f"{self.history[-1]} {said}".rstrip()
        self.look()

    def frame(self) -> str:
        for site in self.sites:
            self._measure(site)
        self.advance(PERIOD_S)
        self._send()
        return ""

    def _measure(self, site: Site) -> None:
        self._numbers += 1
        at = EPOCH + timedelta(milliseconds=round(self.loop.seconds * 1000))
        values = {}
        for point in site.points:
            if self.random.random() < 0.05:
                self._levels[point] = self.random.choice([50.0, 50.0, 85.0, 95.0, 15.0])
            values[point] = round(self._levels[point] + self.random.uniform(-2, 2), 2)
        identity = f"{site.gateway}-{self._numbers}"
        body = msgspec.json.encode(packet(site.enterprise, site.gateway, at, values, data_id=identity))
        us = round((at - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))
        record = Record(site.enterprise, site.gateway, identity, 0, body)
        self._waiting.append((site, record, [(point, us, value) for point, value in values.items()]))

    def _send(self) -> None:
        """What waits goes out at once, in order of its making; what was not acknowledged stays."""
        self.loop.run_until_complete(self._send_waiting())

    async def _send_waiting(self) -> None:
        while self._waiting:
            packet_waiting = self._waiting[0]
            try:
                await self._publish(*packet_waiting)
            except (LogUnavailable, LogFull):
                return
            del self._waiting[0]
            if self.random.random() < 0.1:
                with suppress(LogUnavailable, LogFull):
                    await self._publish(*packet_waiting)

    async def _publish(self, site: Site, record: Record, samples: list[tuple[str, int, float]]) -> None:
        stamped = msgspec.structs.replace(record, received_at_us=self.clock.now_us())
        message = f"{record.packet_id}@{self.random.choice(['a', 'b'])}"  # another intake gives it another name
        seq = await self.log.publish(partition_of(site.enterprise), pack([stamped]), message)
        self._of_message[seq] = [(point, us) for point, us, _ in samples]
        for point, us, value in samples:
            self.sent[point][us] = value
            self.excused.discard((point, us))

    def kill(self) -> str:
        name, statements = self.random.choice(["engine", "historian"]), self.random.randrange(60)
        self._armed = (name, statements, "kill")
        for _ in range(20):
            self.frame()
            if self.tasks[name].done():
                break
        if self._armed is not None:  # it was idle for all that time: it is ended where it stands
            self._armed = None
            self.tasks[name].cancel()
            self.advance(0)
        down = self.random.choice([0.0, 1.0, 30.0])
        self.advance(down)
        self.start(name)
        return f"{name} after {statements} statements, down {down:.0f} s"

    def write_fails(self) -> str:
        name, statements = self.random.choice(["engine", "historian"]), self.random.randrange(40)
        self._armed = (name, statements, "fail")
        self.frame()
        self._armed = None
        return f"{name} after {statements} statements"

    def restart(self) -> str:
        name = self.random.choice(["engine", "historian"])
        self.leave[name] = True
        for _ in range(50):
            self.advance(1)
            if self.tasks[name].done():
                break
        self.start(name)
        return name

    def log_down(self) -> str:
        seconds = self.random.choice([1.0, 20.0])
        self.log.up = False
        self._measure(self.sites[0])
        self._send()
        self.advance(seconds)
        self.log.up = True
        return f"{seconds:.0f} s"

    def answer_lost(self) -> str:
        self.log.lose_answer = True
        return self.frame()

    def copy_log(self) -> str:
        self._older = self.log.copy()
        return f"at {self.log.store.last_seq}"

    def older_log(self) -> str:
        """The whole installation stands still while the store is put back; both have worked off all that is in it."""
        if self._older is None or self._older.birth != self.log.store.birth:
            return "none"
        self.settle()
        gone = [seq for seq in self.log.store.messages if seq > self._older.last_seq]
        self.log.put_back(self._older)
        return f"{len(gone)} messages fewer"

    def tail_cut(self) -> str:
        gone = self.log.cut(self.random.randrange(1, 6))
        for seq in gone:
            self.excused.update(self._of_message.get(seq, []))
        return f"{len(gone)} messages"

    def another_log(self) -> str:
        self.settle()
        birth = self.log.store.birth + 1
        fresh = type(self.log.store)(birth=birth)
        last = self.log.store.last_seq
        fresh.first_seq, fresh.last_seq = last + 1, last
        self.log.put_back(fresh)
        self._older = None
        return ""

    def clock_moves(self) -> str:
        self.frame()  # right before it, the clock stood right
        self.clock.off_s = self.random.choice([3600.0, 8 * 3600.0, -30.0])
        moved = self.clock.off_s
        for _ in range(2):
            self.frame()
        self.clock.off_s = 0.0
        return f"{moved:+.0f} s"

    def quiet(self) -> str:
        self.advance(self.random.choice([10.0, 40.0]))
        return ""

    # what must hold

    def settle(self) -> None:
        """Let everything that was acknowledged be worked off."""
        for name in ("engine", "historian"):
            self.start(name)
        self._send()
        for _ in range(60):
            self.advance(2)
            if not self._waiting and self._worked_off() and not self.differences():
                return
            self._send()

    def _worked_off(self) -> bool:
        """Whether both have read all that is in the log; cheap beside looking at what they made of it."""
        from anlan.apps.history.models import Position
        from anlan.apps.monitoring.models import EnginePosition

        newest: dict[int, int] = {}
        for message in self.log.store.messages.values():
            newest[message.partition] = max(message.seq, newest.get(message.partition, 0))
        for rows in (EnginePosition.objects.all(), Position._base_manager.using(HISTORY)):
            reached = dict(rows.filter(partition__in=list(newest)).values_list("partition", "seq"))
            if any(reached.get(partition, 0) < seq for partition, seq in newest.items()):
                return False
        return True

    def lull(self) -> str:
        """Settle, and compare; AssertionError with everything that differs."""
        self.settle()
        assert (found := self.differences()) == [], "\n".join(found[:20])
        return "everything in order"

    def differences(self) -> list[str]:
        """What is lost, foreign, doubled, not raised or not ended, in words."""
        return [*self._in_history(), *self._in_alarms()]

    def _in_history(self) -> Iterator[str]:
        from anlan.apps.history.selectors import raw
        from anlan.apps.registry.models import Point

        start, end = EPOCH - timedelta(days=1), EPOCH + timedelta(days=30)
        points = {each.code: each for each in Point.objects.by_the_machine().select_related("gateway", "enterprise")}
        for site in self.sites:
            for point in site.points:
                stored = raw(points[point], start, end)
                times = stored.sampled_at_us.tolist()
                have = dict(zip(times, stored.value.tolist(), strict=True))
                if len(have) != len(times):
                    yield f"{point}: {len(times) - len(have)} samples doubled"
                lost = [us for us in self.sent[point] if us not in have and (point, us) not in self.excused]
                if lost:
                    yield f"{point}: {len(lost)} samples lost, the first {_words(min(lost))}"
                changed = [us for us, value in have.items() if self.sent[point].get(us, value) != value]
                if changed:
                    yield f"{point}: {len(changed)} samples changed, the first {_words(min(changed))}"

    def _in_alarms(self) -> Iterator[str]:
        from anlan.apps.monitoring.models import Alarm

        rows = Alarm.objects.by_the_machine().filter(side__in=["high", "low"])
        found = {
            (row.point.code, row.side, _us(row.started_at), _us(row.cleared_at) if row.cleared_at else None)
            for row in rows.select_related("point")
        }
        touched = {point for point, _us in self.excused}
        wanted = {each for point, samples in self.sent.items() for each in alarms_of(point, samples)}
        for each in sorted((wanted ^ found), key=str):
            if each[0] not in touched:  # what was cut may have been evaluated or not
                near = [value for us, value in sorted(self.sent[each[0]].items()) if abs(us - each[2]) < 12_000_000]
                said = "no such alarm" if each in wanted else "an alarm that must not be"
                span = f"{self._when(each[2])} to {self._when(each[3])}"
                yield f"{said}: {each[0]} {each[1]} {span}; sent about then {near}"

    @staticmethod
    def _when(us: int | None) -> str:
        """An instant in the seconds of the simulation."""
        return "now" if us is None else f"{us / 1e6 - EPOCH.timestamp():.2f}"


def alarms_of(point: str, samples: dict[int, float]) -> Iterator[tuple[str, str, int, int | None]]:
    """The slow, obvious model: beyond a limit an alarm stands, within it ends; no delays, no deadband."""
    began: dict[str, int] = {}
    for us, value in sorted(samples.items()):
        for side, beyond in (("high", value >= 80), ("low", value <= 20)):
            if beyond:
                began.setdefault(side, us)
            elif side in began:
                yield point, side, began.pop(side), us
    for side, us in began.items():
        yield point, side, us, None


ACTS: dict[str, tuple[int, Callable[[World], str]]] = {
    "frame": (60, World.frame),
    "kill": (5, World.kill),
    "write fails": (3, World.write_fails),
    "restart": (3, World.restart),
    "log down": (3, World.log_down),
    "answer lost": (3, World.answer_lost),
    "copy of the log": (2, World.copy_log),
    "older log put back": (2, World.older_log),
    "tail cut": (1, World.tail_cut),
    "another log": (1, World.another_log),
    "clock moves": (2, World.clock_moves),
    "quiet": (4, World.quiet),
    "lull": (0, World.lull),
}
"""What can happen, and how often beside the others; a lull comes at fixed places."""


def _us(at: datetime) -> int:
    return round((at - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))


def _words(us: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)).isoformat()


@contextmanager
def simulated(monkeypatch: Any) -> Iterator[World]:
    """A world over the databases as they are; everything of it is gone afterwards."""
    from anlan.roles.engine import engine
    from anlan.roles.historian import historian

    loop = SimulatedLoop()
    asyncio.set_event_loop(loop)
    world = World(loop)
    for module in (engine, historian):
        monkeypatch.setattr(module, "ThreadPoolExecutor", world.executor)
    for name in ("now", "now_us", "monotonic"):
        monkeypatch.setattr(system_clock, name, getattr(world.clock, name))
    with ExitStack() as watched:
        for alias in ("default", "history"):
            watched.enter_context(connections[alias].execute_wrapper(world.before_statement))
        try:
            yield world
        finally:
            for task in world.tasks.values():
                task.cancel()
            loop.run_until_complete(asyncio.gather(*world.tasks.values(), return_exceptions=True))
            loop.close()
            asyncio.set_event_loop(None)
