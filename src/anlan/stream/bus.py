"""Passing messages between processes for code that is not asynchronous: hints to screens and questions to the engine.

Nothing sent here is kept: whoever misses a hint reads the database. A broken bus must never break the caller's
transaction, so `publish` counts its failures instead of raising.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg

from anlan import now
from anlan.stream.connection import FAULTS, LogUnavailable, close, connect

MAX_WAITING = 10_000

logger = logging.getLogger(__name__)


class BusTimeout(Exception):
    """Nobody answered in time, or the bus is not connected."""


class Bus:
    """One connection with its own thread. Made at once, connected as soon as a server is there; thread-safe.

    After a fork make a new one: threads do not survive it.
    """

    def __init__(self, url: str, name: str = "anlan-bus") -> None:
        self._url = url
        self._name = name
        self._client: Client | None = None
        self._wishes: list[tuple[str, Callable[[str, bytes], None]]] = []
        self._waiting = 0
        self._there = asyncio.Event()
        self._guard = threading.Lock()
        self.failures = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()
        self._connecting = asyncio.run_coroutine_threadsafe(self._connect(), self._loop)

    @property
    def connected(self) -> bool:
        """Whether a message would be sent at this moment."""
        return self._client is not None and bool(self._client.is_connected)

    def wait_connected(self, timeout: float) -> bool:
        """Wait at most `timeout` seconds for a server; whether there is one now."""
        deadline = now.monotonic() + timeout
        while not self.connected and now.monotonic() < deadline:
            time.sleep(0.01)
        return self.connected

    def publish(self, subject: str, message: Mapping[str, Any] | bytes) -> None:
        """Send and forget. Never raises and never waits; what could not be sent is counted in `failures`."""
        payload = message if isinstance(message, bytes) else msgspec.json.encode(message)
        with self._guard:
            if self._waiting >= MAX_WAITING or not self.connected or self._loop.is_closed():
                self.failures += 1
                return
            self._waiting += 1
        self._submit(self._send(subject, payload))

    def request(self, subject: str, message: Mapping[str, Any], timeout: float = 0.5) -> dict[str, Any]:
        """Ask and wait for the answer, a JSON object. Raises BusTimeout; never waits longer than `timeout` seconds."""
        future = self._submit(self._ask(subject, msgspec.json.encode(message), timeout))
        try:
            answer = future.result(timeout + 0.1)
            return msgspec.json.decode(answer, type=dict[str, Any])
        except (FutureTimeout, TimeoutError) as error:
            future.cancel()
            raise BusTimeout(f"no answer on {subject}") from error
        except (*FAULTS, LogUnavailable, msgspec.MsgspecError) as error:
            raise BusTimeout(f"no answer on {subject}: {error}") from error

    def gather(
        self, subject: str, message: Mapping[str, Any], enough: Callable[[dict[str, Any]], bool], timeout: float = 0.5
    ) -> None:
        """Ask all who listen on ``subject`` and hand every answer to ``enough`` until it says so, or time is up.

        Raises BusTimeout when nobody answered at all. ``enough`` is called in the bus's thread and must be quick.
        """
        future = self._submit(self._ask_all(subject, msgspec.json.encode(message), enough, timeout))
        try:
            heard = future.result(timeout + 0.1)
        except (FutureTimeout, TimeoutError) as error:
            future.cancel()
            raise BusTimeout(f"no answer on {subject}") from error
        except (*FAULTS, LogUnavailable) as error:
            raise BusTimeout(f"no answer on {subject}: {error}") from error
        if not heard:
            raise BusTimeout(f"no answer on {subject}")

    def subscribe(self, subject: str, callback: Callable[[str, bytes], None]) -> None:
        """Call `callback(subject, payload)` in the bus's thread for each message; `*` and `>` are wildcards.

        The callback must be quick and must not call `request`.
        """
        with self._guard:
            self._wishes.append((subject, callback))
            client = self._client
        if client is not None:
            self._submit(self._listen(client, subject, callback)).result(5.0)

    def close(self) -> None:
        """Send what is waiting, close the connection and end the thread. Safe to call twice."""
        if self._loop.is_closed():
            return
        self._connecting.cancel()
        try:
            self._submit(self._leave()).result(2.0)
        except (FutureTimeout, *FAULTS):
            self.failures += 1
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(2.0)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            for task in asyncio.all_tasks(self._loop):
                task.cancel()
            self._loop.run_until_complete(asyncio.sleep(0))
        finally:
            self._loop.close()

    def _submit(self, work: Coroutine[Any, Any, Any]) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _connect(self) -> None:
        while True:
            try:
                client = await connect(self._url, self._name, timeout=5.0)
                break
            except LogUnavailable:
                await asyncio.sleep(0.2)
        with self._guard:
            wishes, self._client = list(self._wishes), client
        self._there.set()
        for subject, callback in wishes:
            await self._listen(client, subject, callback)

    async def _listen(self, client: Client, subject: str, callback: Callable[[str, bytes], None]) -> None:
        async def on_message(message: Msg) -> None:
            callback(message.subject, message.data)

        await client.subscribe(subject, cb=on_message)
        await client.flush()

    async def _send(self, subject: str, payload: bytes) -> None:
        try:
            assert self._client is not None
            await self._client.publish(subject, payload)
        except FAULTS:
            self.failures += 1
        finally:
            with self._guard:
                self._waiting -= 1

    async def _ask(self, subject: str, payload: bytes, timeout: float) -> bytes:
        async with asyncio.timeout(timeout):
            await self._there.wait()
            assert self._client is not None
            return bytes((await self._client.request(subject, payload, timeout=timeout)).data)

    async def _ask_all(
        self, subject: str, payload: bytes, enough: Callable[[dict[str, Any]], bool], timeout: float
    ) -> int:
        heard, complete = 0, asyncio.Event()

        async def on_answer(message: Msg) -> None:
            nonlocal heard
            if (message.headers or {}).get("Status") == "503":
                complete.set()  # nobody listens
                return
            try:
                answer = msgspec.json.decode(message.data, type=dict[str, Any])
            except msgspec.MsgspecError as error:
                logger.warning("an answer on %s cannot be read: %s", subject, error)
                return
            heard += 1
            if enough(answer):
                complete.set()

        inbox = None
        try:
            async with asyncio.timeout(timeout):
                await self._there.wait()
                assert self._client is not None
                inbox = await self._client.subscribe(self._client.new_inbox(), cb=on_answer)
                await self._client.publish(subject, payload, reply=inbox.subject)
                await complete.wait()
        except TimeoutError:
            if not heard:
                raise
        finally:
            if inbox is not None:
                await inbox.unsubscribe()
        return heard

    async def _leave(self) -> None:
        if self._client is not None:
            if self._client.is_connected:
                await self._client.flush(1)
            await close(self._client)
