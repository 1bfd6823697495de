"""HTTP connections with bounds on what a peer may owe: the headers of a request, the rest of a body whose answer has
been given, requests that wait behind the one in hand, and how many connections there are at all.

The server underneath bounds none of these, so that a peer could hold connections open for ever with half a request, or
fill the memory with a thousand requests in one breath. Bodies are bounded by whoever reads them (`bodies`). It must
never end a connection whose request is being answered. Timers are made for what takes its time only: most headers come
whole, and most connections are used again before they idle out.
"""

from __future__ import annotations

import asyncio
import resource
import socket
from functools import cache
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

HEADERS_S = 20.0
"""Seconds from the connection (or the first byte of a further request) to the end of the headers; and from an answer to
the end of a body that nobody waited for."""
HEADERS_BYTES = 32 * 1024
"""Of one request, as it comes and as it stands in memory: browsers send a tenth of it, gateways a hundredth."""
WAITING_BEHIND = 32
"""Requests of one connection that wait for the answer to the one in hand. Browsers send none, gateways few."""
CONNECTIONS = 20_000
"""Of one process, where its limit of open files allows twice as many."""
TAKEN_WITHIN_MS = 60_000
"""What is sent must be taken within so long, or the kernel ends the connection with what waits on it."""


class TooMuch(Exception):
    """Raised into the parser, so that it stops at once."""


def listen(host: str, port: int) -> socket.socket:
    """A socket for ``uvicorn``'s ``sockets``; port 0 takes a free one. Raises OSError when the port is taken."""
    taken = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # inherited by every connection: a peer that takes nothing is cut off
            taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, TAKEN_WITHIN_MS)
        taken.bind((host, port))
    except OSError:
        taken.close()
        raise
    return taken


@cache
def most_connections() -> int:
    """How many connections this process keeps: half of the files that it may open, the rest is for its own work."""
    return min(CONNECTIONS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)


class GuardedHttp(HttpToolsProtocol):
    """For uvicorn's ``http=``. A connection over a bound is closed without an answer: nothing was asked yet.

    When there are as many connections as there may be, the one that has owed us something for longest makes room for
    the next (``owing``: it has said nothing yet, or its request is not whole); when all are being answered, the newest
    is closed.
    """

    headers_s = HEADERS_S
    most = staticmethod(most_connections)
    owing: ClassVar[dict[GuardedHttp, None]] = {}
    """Connections of this process from which something is to come, by the time since when."""
    _guard: asyncio.TimerHandle | None = None
    _before = 0
    _in_headers = False
    _unfinished = False
    """A request has begun whose end has not come."""
    _idle_since: float | None = None
    _held = 0
    _too_much = False
    _working: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if len(self.connections) >= self.most():
            oldest = next(iter(self.owing), None)
            if oldest is not None:
                oldest._close()
        super().connection_made(transport)
        self.owing[self] = None
        self._wait_for_what_is_owed()
        if len(self.connections) > self.most() + 1:  # one may still be on its way out
            self._close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_there()
        self.owing.pop(self, None)
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None
        for cycle in (self._working, *(waiting for waiting, _app in self.pipeline)):
            if cycle is not None and not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()
        self._working = None
        self.pipeline.clear()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        was_in_headers = self._in_headers
        super().data_received(data)
        if not self._in_headers:
            return
        if self._guard is None:
            self._wait_for_what_is_owed()
        elif was_in_headers:
            self._before += len(data)
            if self._before > HEADERS_BYTES:
                self._close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._idle_since = None
        self._in_headers = self._unfinished = True
        self._held = 0
        self.owing.setdefault(self)

    def on_url(self, url: bytes) -> None:
        self._hold(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._hold(len(name) + len(value))
        super().on_header(name, value)

    def send_400_response(self, msg: str) -> None:
        if self._too_much:
            self._close()
        else:
            super().send_400_response(msg)

    def _hold(self, size: int) -> None:
        self._held += size
        if self._held > HEADERS_BYTES:
            self._give_up()

    def _give_up(self) -> None:
        self._too_much = True
        raise TooMuch

    def on_headers_complete(self) -> None:
        if len(self.pipeline) >= WAITING_BEHIND:
            self._give_up()
        self._headers_are_there()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._message_is_there()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._working = None
        if self.pipeline or self.transport.is_closing():
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        self.flow.resume_reading()
        if self._unfinished:
            self._wait_for_what_is_owed()
        else:
            self._idle()

    def timeout_keep_alive_handler(self) -> None:
        self.timeout_keep_alive_task = None
        if self._idle_since is None:
            return  # a request is coming or in hand; its answer begins the wait anew
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._idle_for(left)
        else:
            super().timeout_keep_alive_handler()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._working = cycle
        super()._start_asgi_task(cycle, app)

    def _unset_keepalive_if_required(self) -> None:
        """Bytes are no request: the wait ends when one begins (`on_message_begin`)."""

    def _unsupported_upgrade_warning(self) -> None:
        """The request is answered as if it had not asked; what follows it would be no HTTP."""
        if self.cycle is not None:
            self.cycle.keep_alive = False

    def _idle(self) -> None:
        self.owing.setdefault(self)
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._idle_for(self.timeout_keep_alive)

    def _idle_for(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def _wait_for_what_is_owed(self) -> None:
        self._before = 0
        self._guard = self.loop.call_later(self.headers_s, self._close)

    def _headers_are_there(self) -> None:
        self._in_headers = False
        self._is_there()

    def _message_is_there(self) -> None:
        """A request is whole, of which the answer may have been given before."""
        self._unfinished = False
        self._is_there()
        if self.cycle is not None and self.cycle.response_complete and not self.transport.is_closing():
            self._idle()
        else:
            self.owing.pop(self, None)

    def _is_there(self) -> None:
        if self._guard is not None:
            self._guard.cancel()
            self._guard = None

    def _close(self) -> None:
        self._in_headers = False
        self._is_there()
        self.owing.pop(self, None)
        transport: Any = self.transport
        if transport is not None and not transport.is_closing():
            transport.close()
