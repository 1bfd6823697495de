"""The ASGI application behind ``/events``: one stream per browser, a beat at least every ten seconds.

Query: ``points=CODE,CODE`` names the points whose values the page shows. Events: ``hello`` and ``beat`` carry the
server's time in milliseconds; ``alarm``, ``warning``, ``delivery``, ``gateway`` are hints; ``live`` carries rows
``[code, value, quality, sampled_at_us, alarm_bits]``; ``resync`` asks to read the page again; ``leave`` says that the
session has ended. Nothing is kept for a browser that comes back: it says ``Last-Event-ID`` or not, and reads its page.

A stream is authorised when it opens. Every `RECHECK_S` all streams are asked about at once: one whose session ended is
told to leave, one whose log-in has other grants ends and comes back under the new ones. What changes in the register
(an enterprise under another authority) counts when the stream is renewed, after `LIFE_S` at the latest.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

import msgspec

from anlan import now as clock
from anlan.roles.events.authorise import Grant, authorise, session_key, standing
from anlan.roles.events.hub import POINTS_WATCHED, Hub, Listener, event
from anlan.stream.bus import Bus, BusTimeout

BEAT_S = 10.0
LIFE_S = 300.0
"""Longest life of one stream; the browser opens the next one at once and is authorised anew."""
RECHECK_S = 10.0
"""How often all streams are looked up again: a log-out or another role counts after so long at the latest."""
STREAMS = 5000
"""Streams that one process carries; beyond it a browser is asked to come back later."""
STREAMS_OF_ONE = 40
"""Streams of one log-in in one process: three sessions with a dozen pages each."""
LOOK_UPS = 8
"""Look-ups at the database at one time; the others wait their turn."""
STALLED_S = 20.0
"""A browser that takes nothing for so long is given up; it reads its page again when it is back."""
SENDS_A_S = 4000
"""Beyond so many sends a second what comes together goes together: with 2 000 streams each has two a second."""
PACE_S = 0.05
WATCH_S = 240.0
"""How often the engines are told again what is looked at; they forget it after ten minutes."""
WATCH = "live.watch"
AGAIN_S = 1.0
"""Pause before work that broke off begins anew."""

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

logger = logging.getLogger(__name__)


class Stream:
    """One open stream: whose it is, what waits for it, and how it is to end."""

    def __init__(self, key: str, grant: Grant) -> None:
        self.key, self.grant = key, grant
        self.listener = Listener(grant.enterprises, grant.points)
        self.gone = False
        """The browser has gone, or is to come back under other grants: nothing more is sent."""
        self.ended = False
        """The session has ended: the browser is told so."""
        self.sending: asyncio.Timeout | None = None

    def end(self) -> None:
        """Wake the stream, also out of a send that the browser does not take."""
        self.listener.leave()
        if self.sending is not None:
            self.sending.reschedule(asyncio.get_running_loop().time())


class Events:
    """The application and its one subscription. ``start`` and ``stop`` belong to the process's lifespan."""

    def __init__(self, nats_url: Callable[[], str], cookie: str = "sessionid") -> None:
        """``nats_url`` is asked until it names a server: the log may start after us."""
        self.hub = Hub()
        self.stalled = 0
        """Browsers that were given up because they took nothing."""
        self._nats_url = nats_url
        self._cookie = cookie
        self._leaving = asyncio.Event()
        self._bus: Bus | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._streams: set[Stream] = set()
        self._of_user: Counter[int] = Counter()
        self._look_ups = asyncio.Semaphore(LOOK_UPS)
        self._new_watch = asyncio.Event()

    async def start(self) -> None:
        """Begin to look for the bus and after the streams; returns at once."""
        works = (self._follow_the_bus, self._recheck, self._watch)
        self._tasks = [asyncio.create_task(self._keep(work)) for work in works]

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
        for stream in self._streams:
            stream.end()

    async def _keep(self, work: Callable[[], Awaitable[None]]) -> None:
        """Work that never ends. What breaks it off must not leave the streams silent while the process looks well."""
        while True:
            try:
                await work()
            except Exception:
                logger.exception("work of the event streams broke off, it begins anew")
                await asyncio.sleep(AGAIN_S)

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
                self._new_watch.set()
            was = bus.connected
            await asyncio.sleep(0.5)

    async def _listening(self, url: str, receive: Callable[[str, bytes], None]) -> Bus:
        """A bus that has taken both subscriptions. One that breaks off in the middle is given up for a new one."""
        while True:
            if self._bus is not None:
                await asyncio.to_thread(self._bus.close)
            bus = self._bus = Bus(url, "anlan-events")
            try:
                for subject in ("ui.>", "live.tick.>"):
                    await asyncio.to_thread(bus.subscribe, subject, receive)
            except Exception:  # whatever it broke with: without them this process would stay silent for ever
                logger.exception("the bus did not take the subscriptions, trying again")
                await asyncio.sleep(AGAIN_S)
            else:
                return bus

    async def _recheck(self) -> None:
        """Ask about all streams at once; whoever's session has ended or grants have changed, ends."""
        while True:
            await asyncio.sleep(RECHECK_S)
            streams = list(self._streams)
            if not streams:
                continue
            try:
                stands = await asyncio.to_thread(standing, {stream.key for stream in streams})
            except Exception:  # the database is away: what was allowed stands until the stream is renewed
                logger.exception("the streams could not be looked up again")
                continue
            for stream in streams:
                now = stands.get(stream.key)
                if now != stream.grant.standing:
                    stream.ended, stream.gone = now is None, True
                    stream.end()

    async def _watch(self) -> None:
        """Tell the engines what is looked at: in a large world they tell the values of nothing else."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(WATCH_S):
                    await self._new_watch.wait()
            self._new_watch.clear()
            wanted = self.hub.watched()
            if wanted and self._bus is not None:
                await asyncio.to_thread(_tell_engines, self._bus, wanted)
            await asyncio.sleep(0.2)  # pages that open together are told together

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            await _plain(send, 405, "只接受 GET")
            return
        if self._leaving.is_set() or len(self._streams) >= STREAMS:
            await _plain(send, 503, "实时推送的连接已满，页面照常定时刷新；稍后再试", retry_after=5)
            return
        key = session_key(scope["headers"], self._cookie) or ""
        asked = parse_qs(scope["query_string"].decode("latin-1")).get("points", [""])[-1]
        async with self._look_ups:
            points = [code for code in asked.split(",") if code and code.isprintable()][:POINTS_WATCHED]
            grant = await asyncio.to_thread(authorise, key, points)
        if grant is None:
            await _stream_head(send)
            await send({"type": "http.response.body", "body": event("leave", b"{}")})
            return
        if self._of_user[grant.user] >= STREAMS_OF_ONE:
            await _plain(
                send, 503, f"这个登录名已有 {STREAMS_OF_ONE} 个页面在接收实时推送；请关闭不用的", retry_after=30
            )
            return
        await self._carry(Stream(key, grant), receive, send)

    async def _carry(self, stream: Stream, receive: Receive, send: Send) -> None:
        self._streams.add(stream)
        self._of_user[stream.grant.user] += 1
        self.hub.join(stream.listener)
        if stream.listener.points:
            self._new_watch.set()
        leaving = asyncio.create_task(_until_gone(receive, stream))
        try:
            await self._stream(stream, send)
        except TimeoutError:
            self.stalled += not (self._leaving.is_set() or stream.gone)
        finally:
            self.hub.part(stream.listener)
            self._streams.discard(stream)
            self._of_user[stream.grant.user] -= 1
            if not self._of_user[stream.grant.user]:
                del self._of_user[stream.grant.user]
            leaving.cancel()

    async def _stream(self, stream: Stream, send: Send) -> None:
        await _stream_head(send)
        await _say(stream, send, b"retry: 1000\n\n" + event("hello", _time()))
        ends = clock.monotonic() + LIFE_S * random.uniform(0.8, 1.0)
        while not stream.gone and not self._leaving.is_set() and clock.monotonic() < ends:
            if await stream.listener.wait(BEAT_S):
                if said := stream.listener.take():
                    await _say(stream, send, said)
                await asyncio.sleep(max(PACE_S, len(self._streams) / SENDS_A_S))  # what comes together goes together
            else:
                await _say(stream, send, event("beat", _time()))
        await _say(stream, send, event("leave", b"{}") if stream.ended else b"", last=True)


def _tell_engines(bus: Bus, enterprises: list[str]) -> None:
    told = 0

    def enough(answer: dict[str, Any]) -> bool:
        nonlocal told
        told += int(answer.get("watched", 0))
        return told >= len(enterprises)

    with suppress(BusTimeout):  # no engine yet: it hears of it at the next turn, and pages ask for values themselves
        bus.gather(WATCH, {"enterprises": enterprises}, enough, timeout=1.0)


def _time() -> bytes:
    return msgspec.json.encode({"now": clock.now_us() // 1000})


async def _say(stream: Stream, send: Send, body: bytes, *, last: bool = False) -> None:
    """Send; raises TimeoutError when the browser takes nothing for `STALLED_S`, or the stream is to end meanwhile."""
    try:
        async with asyncio.timeout(STALLED_S) as stream.sending:
            await send({"type": "http.response.body", "body": body, "more_body": not last})
    finally:
        stream.sending = None


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


async def _until_gone(receive: Receive, stream: Stream) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
    stream.gone = True
    stream.end()
