"""The processes of a simulated host: tasks of one loop that can be killed at a statement, frozen, and asked to leave.

A process is known by a context variable, which its tasks and the work of its executors inherit; so every statement on a
database has an owner, and every piece of work stops where its process stops.
"""

from __future__ import annotations

import asyncio
import contextvars
import itertools
import types
from collections.abc import Callable, Coroutine, Generator
from subprocess import TimeoutExpired
from typing import Any

from django.db import OperationalError
from tests.simulation.loop import Bell

current: contextvars.ContextVar[SimulatedProcess | None] = contextvars.ContextVar("process", default=None)
Work = Callable[["SimulatedProcess"], Coroutine[Any, Any, None]]
READING = ("SELECT", "ROLLBACK", "RELEASE", "SAVEPOINT")


class Killed(BaseException):
    """The process is gone at this statement; nothing of it runs on."""


class SimulatedProcess:
    """As `anlan.roles.supervisor.forking.Forked`. ``leaving``: it was asked to end."""

    def __init__(self, role: str, pid: int) -> None:
        self.role, self.pid = role, pid
        self.returncode: int | None = None
        self.leaving = False
        self.tasks: dict[asyncio.Task[Any], None] = {}
        """In order of their beginning, so that a seed always ends them in the same one."""
        self.thawed: asyncio.Event | None = None
        """What a frozen process waits for."""
        self.frozen_at = 0.0
        self.armed: tuple[int, str] | None = None
        """After how many statements what happens: ``kill``, ``fail``."""
        self.app: Any = None
        self._bell, self._stirred = Bell(), False

    async def rest(self, seconds: float) -> None:
        """Let time pass, until it is stirred or asked to end; what came before the rest ends it at once."""
        if not self._stirred:
            await self._bell.wait(seconds)
        self._stirred = False

    def stir(self) -> None:
        """End its rest."""
        self._stirred = True
        self._bell.ring()

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float) -> int:
        if self.returncode is None:
            raise TimeoutExpired(f"process {self.pid}", timeout)
        return self.returncode

    def terminate(self) -> None:
        self.leaving = True
        self.stir()

    def arm(self, statements: int, what: str) -> None:
        """After so many statements from now it is struck; one that rests goes to work, so that it comes to them."""
        self.armed = (statements, what)
        self.stir()

    def kill(self) -> None:
        """Nothing of it runs on from here."""
        if self.returncode is None:
            self.returncode = -9
            for task in list(self.tasks):
                task.cancel()

    def statement(self, sql: str) -> None:
        """Called before each statement and around each commit. Raises what strikes the process there."""
        sql = sql.lstrip().upper()
        if self.returncode is not None and not sql.startswith("ROLLBACK"):
            raise Killed(self.role)
        if self.armed is None or sql.startswith("ROLLBACK"):
            return
        left, what = self.armed
        if left > 0:
            self.armed = (left - 1, what)
        elif what == "kill":
            self.armed = None
            self.kill()
            raise Killed(self.role)
        elif not sql.startswith(READING):
            self.armed = None
            raise OperationalError("disk I/O error")


@types.coroutine
def driven(process: SimulatedProcess, work: Coroutine[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """``work``, which moves only while its process is not frozen."""
    error: BaseException | None = None
    while True:
        while process.thawed is not None and process.returncode is None:
            try:
                yield from process.thawed.wait().__await__()
            except asyncio.CancelledError as killed:
                error = killed
        try:
            awaited = work.send(None) if error is None else work.throw(error)
        except StopIteration as done:
            return done.value
        try:
            yield awaited
            error = None
        except BaseException as raised:  # noqa: BLE001  # as the loop would: it is the work's own
            error = raised


class Processes:
    """``works``: role → what its process does. As a `Forker` it starts what the supervisor asks for."""

    def __init__(self, loop: asyncio.AbstractEventLoop, works: dict[str, Work]) -> None:
        self._loop, self._works, self._pids = loop, works, itertools.count(100)
        self.running: dict[str, SimulatedProcess] = {}
        self.by_pid: dict[int, SimulatedProcess] = {}
        self.ended_badly: list[str] = []
        """Processes that ended by themselves."""
        loop.set_task_factory(self._task)  # type: ignore[arg-type]

    def _task(self, loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> asyncio.Task[Any]:
        process = current.get()
        if process is None:
            return asyncio.Task(work, loop=loop, **options)

        async def moved() -> Any:
            return await driven(process, work)

        task: asyncio.Task[Any] = asyncio.Task(moved(), loop=loop, **options)
        process.tasks[task] = None

        def ended(done: asyncio.Task[Any]) -> None:
            process.tasks.pop(done, None)
            work.close()  # it may have been cancelled before it began

        task.add_done_callback(ended)
        return task

    def fork(self, role: str, *_others: Any) -> SimulatedProcess:
        """Start a process of ``role``."""
        process = SimulatedProcess(role, next(self._pids))
        self.running[role] = self.by_pid[process.pid] = process
        context = contextvars.copy_context()
        context.run(current.set, process)
        task = context.run(lambda: self._loop.create_task(self._works[role](process), name=role))
        task.add_done_callback(lambda done: self._see_end(process, done))
        return process

    def _see_end(self, process: SimulatedProcess, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if process.returncode is None:
            process.returncode = 0 if error is None else 1
            if error is not None and not isinstance(error, Killed):
                self.ended_badly.append(f"{process.role} ended by itself: {error!r}")
        for each in list(process.tasks):
            each.cancel()

    def turns(self, pid: int) -> int | None:
        """As `anlan.roles.supervisor.movement.turns`."""
        process = self.by_pid.get(pid)
        if process is None or process.returncode is not None:
            return None
        return round(1000 * (self._loop.time() if process.thawed is None else process.frozen_at))

    def up(self, role: str) -> bool:
        process = self.running.get(role)
        return process is not None and process.returncode is None and process.thawed is None

    def freeze(self, role: str) -> None:
        if self.up(role):
            self.running[role].thawed, self.running[role].frozen_at = asyncio.Event(), self._loop.time()

    def thaw(self, role: str) -> None:
        process = self.running[role]
        if process.thawed is not None:
            thawed, process.thawed = process.thawed, None
            thawed.set()

    def before_statement(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        """Around every statement of either database: the place where a kill or a fault of the disk strikes."""
        process = current.get()
        if process is not None and (process.armed is not None or process.returncode is not None):
            process.statement(sql)
        return execute(sql, params, many, context)

    def around_commit(self, commit: Callable[[], None], roll_back: Callable[[], None]) -> None:
        """A commit that strikes before it is done, or after it, when its answer is lost."""
        process = current.get()
        if process is None:
            commit()
            return
        try:
            process.statement("COMMIT")
        except Killed:
            roll_back()  # as the database does for one that is gone
            raise
        commit()
        process.statement("COMMIT")
