"""The simulated installation: processes of one host over one log and two databases, gateways, a desk that is called."""

from __future__ import annotations

import asyncio
import base64
import contextvars
import random
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec
from django.db import connections
from tests.simulation import ledger
from tests.simulation.loop import Inline, SimulatedLoop
from tests.simulation.memory_log import MemoryLog
from tests.simulation.processes import Processes, SimulatedProcess, current
from tests.simulation.roles import CLOCK_SILENT, ROLES, Roles

from anlan import now as system_clock
from anlan.channels import Channel, ChannelError, Letter, Need, Receipt
from anlan.stream.envelope import EnvelopeError, parts_of, unpack
from anlan.stream.partition import SHARED
from anlan.testing.sender import packet
from anlan.testing.sites import key_of, sites

EPOCH = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
ENTERPRISES, POINTS, NO_DATA_S = 2, 2, 120.0
PERIOD_S = 5.0
ANSWER_WITHIN_S = 8.0
CHANNEL = "line"


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
        return micros(self.now())


class Line(Channel):
    """The way to the duty desk; it may be down, and it may take the next letter and say nothing (``lose_answer``)."""

    def __init__(self) -> None:
        self.name, self.title, self.needs, self.rate = CHANNEL, "值班电话", Need.PHONE, None
        self.up, self.lose_answer = True, False
        self.taken: list[str] = []

    def send(self, letter: Letter) -> Receipt | None:
        if not self.up:
            raise ChannelError("the line is down")
        self.taken.append(letter.key)
        if self.lose_answer:
            self.lose_answer = False
            raise ChannelError("no answer in time")
        return Receipt(provider_id=f"line-{len(self.taken)}")


@dataclass
class Gate:
    """A gateway and the points that it reads; one without points sends nothing."""

    enterprise: str
    code: str
    key: str
    points: list[str]


@dataclass
class Sending:
    """A packet on its way: what it holds, as bytes and as (point, instant in µs, value)."""

    gate: Gate
    data_id: str
    body: bytes
    samples: list[tuple[str, int, float]]


@dataclass
class Copy:
    """A database as it was, and what the ledger said then."""

    image: bytes
    at_us: int
    sent: dict[str, set[int]]
    letters: int = 0


@dataclass
class Ledger:
    """What was acknowledged and what went wrong. Instants in epoch µs."""

    sent: dict[str, dict[int, float]]
    """Point → instant → value of every acknowledged sample."""
    excused: set[tuple[str, int]] = field(default_factory=set)
    """Samples that were cut from the log or from a database and nowhere else: they may be missing."""
    touched: set[str] = field(default_factory=set)
    """Points whose alarms nobody can know any more."""
    switched: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    """Point → (last sample before it was switched off, first after it was switched on again)."""
    no_clock: list[tuple[int, int]] = field(default_factory=list)
    """Stretches, by the host's own clock, in which due things may have been late."""
    foreign: set[str] = field(default_factory=set)
    """Gateways that sent samples of a point that is another's by now, or off: they are refused, and that is told."""
    repeats: int = 0
    """How many letters may have gone out once more because their answer was lost."""
    in_doubt: set[tuple[str, int]] = field(default_factory=set)
    """Letters with the number of the try, of which their sender did not come to say that the line took them."""
    furthest_us: int = 0
    """The latest that the host's clock has ever said."""


class World:
    """What an act draws comes from the number that its step brings along, so that a history can be played again with
    steps left out. Its acts stand in `tests.simulation.acts`."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self.loop, self.random = loop, random.Random(0)
        self.clock, self.line = HostClock(loop), Line()
        self.log = MemoryLog(self.clock.now_us, loop.time)
        self.gates: list[Gate] = []
        for site in sites(ENTERPRISES, POINTS):
            self.gates.append(Gate(site.enterprise, site.gateway, site.key, list(site.points)))
            second = f"{site.enterprise}02"
            self.gates.append(Gate(site.enterprise, second, key_of(second), []))
        self.points = [point for gate in self.gates for point in gate.points]
        self.roles = Roles(loop, self.log, {gate.code: (gate.enterprise, gate.key) for gate in self.gates})
        self.roles.looked = self._clock_looked
        self.ledger = Ledger({point: {} for point in self.points})
        self.history: list[str] = []
        self.levels = dict.fromkeys(self.points, 50.0)
        self.waiting: list[Sending] = []
        self.held_back: Sending | None = None
        self.sent_lately: deque[Sending] = deque(maxlen=16)
        self.older_log: Any = None
        self.copies: dict[str, Copy] = {}
        self.off: set[str] = set()
        self._numbers = 0
        self._no_clock_since: int | None = 0

    @property
    def processes(self) -> Processes:
        return self.roles.processes

    def step(self, act: str, number: int, do: Callable[[World], str]) -> None:
        """Do one act; ``number`` is what its chances are drawn from."""
        self.random = random.Random(number)
        self.history.append(f"{self.loop.seconds:9.2f}  {act}")
        said = do(self)
        self.history[-1] = f"{self.history[-1]} {said}".rstrip()

    # processes and time

    def start(self) -> None:
        """Start the supervisor, which starts everything else, and wait until packets are taken in."""
        if not self.processes.up("supervisor"):
            self.processes.fork("supervisor")
        self.until(lambda: all(self.processes.up(role) for role in ROLES) and self._door() is not None)

    def stop(self) -> None:
        """Everything is gone in one instant, as when the power fails; the server of the log, too."""
        self.sender_is_gone()
        self.clock_is_down()
        for process in list(self.processes.running.values()):
            process.kill()
        self.advance(0)
        self.log.restart()

    def until(self, there: Any, seconds: float = 60.0) -> None:
        """Let time pass until something is there; AssertionError when it does not come."""
        until = self.loop.seconds + seconds
        while not there():
            assert self.loop.seconds < until, f"nothing came for {seconds:.0f} s"
            self.advance(0.5)

    def advance(self, seconds: float) -> None:
        """Let time pass; everything that falls due meanwhile is done. AssertionError when a process ended by itself."""
        self.loop.run_until_complete(asyncio.sleep(seconds))
        self.ledger.furthest_us = max(self.ledger.furthest_us, self.clock.now_us())
        if not self.processes.up("clock"):
            self.clock_is_down()
        assert not self.processes.ended_badly, "\n".join(self.processes.ended_badly)

    def clock_is_down(self) -> None:
        """From here on due things may be late, until a clock has looked again."""
        if self._no_clock_since is None:
            self._no_clock_since = self.clock.now_us()

    def _clock_looked(self) -> None:
        if self._no_clock_since is not None:
            self.ledger.no_clock.append((self._no_clock_since, self.clock.now_us()))
            self._no_clock_since = None

    def sender_is_gone(self) -> None:
        """Whoever sent letters may not have come to write down which the line took: those go out once more."""
        self.ledger.in_doubt |= ledger.in_doubt(self)

    def excuse_clock(self, from_us: int) -> None:
        """Due things since ``from_us``, by the host's clock, may be late."""
        self.ledger.no_clock.append((from_us, max(self.clock.now_us(), self.ledger.furthest_us)))

    # packets

    def measure(self, gate: Gate, parts: int = 1, quiet: bool = False) -> None:
        """Let a gateway read its points once; ``parts`` packets of one id and time wait to be sent then."""
        if not gate.points:
            return
        self._numbers += 1
        at = EPOCH + timedelta(milliseconds=round(self.loop.seconds * 1000))
        values: dict[str, float] = {}
        for point in gate.points:
            if not quiet and self.random.random() < 0.025:
                self.levels[point] = self.random.choice([50.0, 50.0, 50.0, 85.0, 95.0, 95.0, 15.0])
            values[point] = round(self.levels[point] + self.random.uniform(-2, 2), 2)
        name = f"{gate.code}-{self._numbers}"
        for part in range(min(parts, len(values))):
            mine = {point: value for place, (point, value) in enumerate(values.items()) if place % parts == part}
            body = msgspec.json.encode(packet(gate.enterprise, gate.code, at, mine, data_id=name))
            self.waiting.append(Sending(gate, name, body, [(p, micros(at), v) for p, v in mine.items()]))

    def send(self) -> None:
        """What waits goes out at once, in order of its making; what was not acknowledged stays."""
        going, self.waiting = self.waiting, []
        for sending, taken in zip(going, self._post(going), strict=True):
            if taken:
                self.sent_lately.append(sending)
            else:
                self.waiting.append(sending)

    def send_again(self, sending: Sending) -> None:
        """A packet that was acknowledged goes out once more, as after a lost answer."""
        if not self._post([sending])[0]:
            self.waiting.insert(0, sending)

    def renamed(self, sending: Sending) -> Sending:
        """The same samples in a packet of another id, as a gateway sends them that has two ways out."""
        at = EPOCH + timedelta(microseconds=sending.samples[0][1] - micros(EPOCH))
        name, values = f"{sending.data_id}-again", {point: value for point, _, value in sending.samples}
        body = msgspec.json.encode(packet(sending.gate.enterprise, sending.gate.code, at, values, data_id=name))
        return Sending(sending.gate, name, body, sending.samples)

    def _door(self) -> SimulatedProcess | None:
        process = self.processes.running.get("intake")
        up = process is not None and process.app is not None and self.processes.up("intake")
        return process if up else None

    def _post(self, sendings: list[Sending]) -> list[bool]:
        """Hand packets in, each in a request of its own, and note what was acknowledged. False: the packet is kept."""
        door = self._door()
        if door is None or not sendings:
            return [False for _ in sendings]
        answers: list[list[tuple[int, bytes, Any]]] = [[] for _ in sendings]
        context = contextvars.copy_context()
        context.run(current.set, door)

        async def answered() -> None:
            for sending, told in zip(sendings, answers, strict=True):
                proof = base64.b64encode(f"{sending.gate.code}:{sending.gate.key}".encode())
                context.run(door.app.whole, [(b"authorization", b"Basic " + proof)], sending.body, told.append)
            for _ in range(round(ANSWER_WITHIN_S / 0.02)):
                if all(answers) or door.returncode is not None:
                    return
                await asyncio.sleep(0.02)

        self.loop.run_until_complete(answered())
        return [self._is_taken(*each) for each in zip(sendings, answers, strict=True)]

    def _is_taken(self, sending: Sending, answers: list[tuple[int, bytes, Any]]) -> bool:
        status, body, _headers = answers[0] if answers else (0, b"", ())
        if status in (0, 429, 503):
            return False
        assert status == 200, f"an honest packet was refused: {status} {body.decode()}"
        for point, us, value in sending.samples:
            if point in sending.gate.points:
                self.ledger.sent[point][us] = value
                self.ledger.excused.discard((point, us))
            elif us not in self.ledger.sent[point]:  # one taken while it was its own is a repeat
                self.ledger.foreign.add(sending.gate.code)
        return True

    def samples_in(self, messages: list[Any]) -> set[tuple[str, int]]:
        """Points and instants of what messages of the log hold."""
        found: set[tuple[str, int]] = set()
        for message in messages:
            parts = [each for _, each in parts_of(message.data)] if message.partition == SHARED else [message.data]
            for part in parts:
                try:
                    records = unpack(part)
                except EnvelopeError:
                    continue
                for record in records:
                    report = msgspec.json.decode(record.body)["report"]
                    us = int(record.packet_id.rpartition("@")[2].partition("#")[0])
                    found |= {(item["quotaId"], us) for item in report["datas"]}
        return found

    # what must hold

    def settle(self) -> None:
        """Let everything that was acknowledged be worked off, and every letter be sent."""
        self.start()
        for _ in range(60):
            self.send()
            if not self.waiting and ledger.worked_off(self.log):
                break
            self.advance(3)
        self.roles.stir()
        self.advance(1)
        for _ in range(40):
            if not ledger.unsent():
                break
            self.roles.stir()
            self.advance(15)

    def differences(self) -> list[str]:
        """What is lost, foreign, doubled, not raised, not ended, not told or told in excess, in words."""
        return [
            *ledger.in_history(self), *ledger.in_alarms(self), *ledger.in_warnings(self), *ledger.in_due_things(self),
            *ledger.in_letters(self), *ledger.in_quarantine(self),
        ]  # fmt: skip


def micros(at: datetime) -> int:
    """An aware instant in epoch µs, exactly."""
    return round((at - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))


@contextmanager
def simulated(monkeypatch: Any) -> Iterator[World]:
    """A world over the databases as they are; everything of it is gone afterwards."""
    from anlan.apps.delivery.services import contact_order, sending
    from anlan.apps.obligations.services import signs
    from anlan.roles.engine import engine
    from anlan.roles.historian import historian
    from anlan.roles.supervisor import movement

    loop = SimulatedLoop()
    asyncio.set_event_loop(loop)
    world = World(loop)
    for module in (engine, historian, sending):
        monkeypatch.setattr(module, "ThreadPoolExecutor", Inline)
    for name in ("now", "now_us", "monotonic"):
        monkeypatch.setattr(system_clock, name, getattr(world.clock, name))
    monkeypatch.setattr(signs, "UP_WITHIN", CLOCK_SILENT)
    monkeypatch.setattr(movement, "turns", world.processes.turns)
    monkeypatch.setattr(contact_order, "_configured", lambda config: {CHANNEL: world.line})
    with ExitStack() as watched:
        for alias in ("default", "history"):
            connection = connections[alias]
            watched.enter_context(connection.execute_wrapper(world.processes.before_statement))
            around = partial(world.processes.around_commit, connection._commit, connection._rollback)
            monkeypatch.setattr(connection, "_commit", around)
        try:
            yield world
        finally:
            for process in world.processes.running.values():
                process.kill()
            left = [task for task in asyncio.all_tasks(loop) if not task.done()]
            for task in left:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            loop.close()
            asyncio.set_event_loop(None)
