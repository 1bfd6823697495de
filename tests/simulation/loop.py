"""An event loop whose time is a number: it never waits, and runs what belongs into threads at once."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any


class _NothingComes(selectors.SelectSelector):
    """There are no sockets: waiting for them is letting time pass."""

    def __init__(self, loop: SimulatedLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("everything waits for something that never comes")
        self._loop.seconds += max(0.0, timeout)
        return []


class SimulatedLoop(asyncio.SelectorEventLoop):
    """``seconds``: what `time` says; it moves to the next due instant whenever nothing is left to do."""

    def __init__(self) -> None:
        self.seconds = 0.0
        super().__init__(_NothingComes(self))

    def time(self) -> float:
        return self.seconds

    def run_in_executor(self, executor: Executor | None, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        """Do the work at once; whoever waits for it goes on at the loop's next turn, as behind a thread."""
        assert isinstance(executor, Inline)
        work, done = executor.submit(func, *args), self.create_future()
        self.call_soon(_hand_over, work, done)
        return done


def _hand_over(work: Future[Any], done: asyncio.Future[Any]) -> None:
    if done.cancelled():
        return
    if error := work.exception():
        done.set_exception(error)
    else:
        done.set_result(work.result())


class Bell:
    """Wakes whoever waits for it."""

    def __init__(self) -> None:
        self._waiting: dict[asyncio.Future[None], None] = {}  # in their order, which a set forgets

    def ring(self) -> None:
        for each in self._waiting:
            _end(each)

    async def wait(self, seconds: float) -> None:
        """Let time pass until it rings, at most so many seconds."""
        loop = asyncio.get_running_loop()
        rung = loop.create_future()
        at_most = loop.call_later(seconds, _end, rung)
        self._waiting[rung] = None
        try:
            await rung
        finally:
            del self._waiting[rung]
            at_most.cancel()


def _end(wait: asyncio.Future[None]) -> None:
    if not wait.done():
        wait.set_result(None)


class Inline(Executor):
    """An executor that does the work at once, in the name of whoever hands it in."""

    def __init__(self, *_arguments: Any, **_options: Any) -> None:
        return

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        running = asyncio._get_running_loop()
        asyncio._set_running_loop(None)  # a thread of the pool has none, and the database looks for it
        try:
            done.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001  # as a thread would: it belongs to whoever waits for the result
            done.set_exception(error)
        finally:
            asyncio._set_running_loop(running)
        return done

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        return
