"""The ASGI application behind ``/events``: one stream per browser, a beat at least every ten seconds.

Query: ``points=CODE,CODE`` names the points whose values the page shows. Events: ``hello`` and ``beat`` carry the
server's time in milliseconds; ``alarm``, ``warning``, ``delivery``, ``gateway`` are hints; ``live`` carries rows
``[code, value, quality, sampled_at_us, alarm_bits]``; ``resync`` asks to read the page again; ``leave`` says that the
session has ended. A stream is authorised when it opens and again whenever it reopens, at the latest after `LIFE_S`.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

import msgspec

from anlan import now as clock
from anlan.roles.events.authorise import authorise, session_key
from anlan.roles.events.hub import Hub, Listener
from anlan.stream.bus import Bus

BEAT_S = 10.0
LIFE_S = 300.0
"""Longest life of one stream; the browser opens the next one at once and is authorised anew."""
STREAMS = 5000
"""Streams that one process carries; beyond it a browser is asked to come back later."""

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

logger = logging.getLogger(__name__)


class Events:
    """The application and its one subscription. ``start`` and ``stop`` belong to the process's lifespan."""

    def __init__(self, nats_url: Callable[[], str], cookie: str = "sessionid") -> None:
        """``nats_url`` is asked until it names a server: the log may start after us."""
        self.hub = Hub()
        self._nats_url = nats_url
        self._cookie = cookie
        self._leaving = asyncio.Event()
        self._bus: Bus | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to look for the bus; returns at once."""
        self._tasks = [asyncio.create_task(self._follow_the_bus())]

    async def stop(self) -> None:
        """End every stream, then the subscription."""
        self.leave()
        for task in self._tasks:
            task.cancel()
        if self._bus is not None:
            await asyncio.to_thread(self._bus.close)
            self._bus = None

    def leave(self) -> None:
        """End every stream: the process is going. Browsers reconnect by themselves."""
        self._leaving.set()
        self.hub.leave()

    async def _follow_the_bus(self) -> None:
        loop = asyncio.get_running_loop()
        while not (url := self._nats_url()):  # noqa: ASYNC110 - a file that another process writes
            await asyncio.sleep(1.0)

        def receive(subject: str, payload: bytes) -> None:
            loop.call_soon_threadsafe(self.hub.receive, subject, payload)

        bus = await self._listening(url, receive)
        was = False
        while True:
            if bus.connected and not was:
                logger.info("listening to the bus")
                self.hub.resync()
            was = bus.connected
            await asyncio.sleep(0.5)

    async def _listening(self, url: str, receive: Callable[[str, bytes], None]) -> Bus:
        """A bus that has taken both subscriptions. One that breaks off in the middle is given up for a new one."""
        while True:
            bus = self._bus = Bus(url, "anlan-events")
            try:
                for subject in ("ui.>", "live.tick.>"):
                    await asyncio.to_thread(bus.subscribe, subject, receive)
            except Exception:  # whatever it broke with: without them this process would stay silent for ever
                logger.exception("the bus did not take the subscriptions, trying again")
                await asyncio.to_thread(bus.close)
                await asyncio.sleep(1.0)
            else:
                return bus

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            await _plain(send, 405, "只接受 GET")
            return
        grant = await asyncio.to_thread(authorise, session_key(scope["headers"], self._cookie))
        if grant is None:
            await _stream_head(send)
            await send({"type": "http.response.body", "body": event("leave", b"{}")})
            return
        if self._leaving.is_set() or len(self.hub.listeners) >= STREAMS:
            await _plain(send, 503, "稍后再试", retry_after=5)
            return
        asked = parse_qs(scope["query_string"].decode("latin-1")).get("points", [""])[-1]
        listener = Listener(grant.enterprises, [code for code in asked.split(",") if code])
        self.hub.join(listener)
        gone = asyncio.create_task(_until_gone(receive, listener))
        try:
            await self._stream(listener, gone, send)
        finally:
            self.hub.part(listener)
            gone.cancel()

    async def _stream(self, listener: Listener, gone: asyncio.Task[None], send: Send) -> None:
        await _stream_head(send)
        await _say(send, b"retry: 1000\n\n" + event("hello", _time()))
        ends = clock.monotonic() + LIFE_S * random.uniform(0.8, 1.0)
        while not gone.done() and not self._leaving.is_set() and clock.monotonic() < ends:
            if await listener.wait(BEAT_S):
                said = b"".join(event(name, payload) for name, payload in listener.take())
                if said:
                    await _say(send, said)
                await asyncio.sleep(0.05)  # what comes together goes together
            else:
                await _say(send, event("beat", _time()))
        if not gone.done():
            await send({"type": "http.response.body", "body": b""})


def event(name: str, payload: bytes) -> bytes:
    """One event on the wire; ``payload`` is one line of JSON."""
    return b"event: " + name.encode() + b"\ndata: " + payload + b"\n\n"


def _time() -> bytes:
    return msgspec.json.encode({"now": clock.now_us() // 1000})


async def _say(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def _stream_head(send: Send) -> None:
    headers = [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})


async def _plain(send: Send, status: int, words: str, retry_after: int = 0) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    if retry_after:
        headers.append((b"retry-after", str(retry_after).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": words.encode()})


async def _until_gone(receive: Receive, listener: Listener) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
    listener.leave()
