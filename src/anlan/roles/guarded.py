"""HTTP connections with bounds on what comes before a request: how long its headers may take and how large they may be.

The server underneath bounds neither, so that a peer could hold connections open for ever with half a request line.
Bodies are bounded by whoever reads them. It must never end a connection whose request is being answered. Timers are
made for what takes its time only: most headers come whole, and most connections are used again before they idle out.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADERS_S = 20.0
"""Seconds from the connection (or the first byte of a further request) to the end of the headers."""
HEADERS_BYTES = 32 * 1024
"""Of one request, as it comes and as it stands in memory: browsers send a tenth of it, gateways a hundredth."""


class TooManyHeaders(Exception):
    """Raised into the parser, so that it stops at once."""


class GuardedHttp(HttpToolsProtocol):
    """For uvicorn's ``http=``. A connection over a bound is closed without an answer: nothing was asked yet."""

    headers_s = HEADERS_S
    _guard: asyncio.TimerHandle | None = None
    _before = 0
    _in_headers = False
    _idle_since: float | None = None
    _held = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait_for_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._headers_are_there()
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._in_headers and self._guard is None:
            self._wait_for_headers()
        if self._guard is not None:
            self._before += len(data)
            if self._before > HEADERS_BYTES:
                self._close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_headers = True
        self._held = 0

    def on_url(self, url: bytes) -> None:
        self._hold(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._hold(len(name) + len(value))
        super().on_header(name, value)

    def send_400_response(self, msg: str) -> None:
        if self._held > HEADERS_BYTES:
            self._close()
        else:
            super().send_400_response(msg)

    def _hold(self, size: int) -> None:
        self._held += size
        if self._held > HEADERS_BYTES:
            raise TooManyHeaders

    def on_headers_complete(self) -> None:
        self._headers_are_there()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        if self.pipeline or self.transport.is_closing():
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        self.flow.resume_reading()
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._idle_for(self.timeout_keep_alive)

    def timeout_keep_alive_handler(self) -> None:
        self.timeout_keep_alive_task = None
        if self._idle_since is None:
            return  # a request is coming or in hand; its answer begins the wait anew
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._idle_for(left)
        else:
            super().timeout_keep_alive_handler()

    def _unset_keepalive_if_required(self) -> None:
        self._idle_since = None

    def _idle_for(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def _wait_for_headers(self) -> None:
        self._before = 0
        self._guard = self.loop.call_later(self.headers_s, self._close)

    def _headers_are_there(self) -> None:
        self._in_headers = False
        if self._guard is not None:
            self._guard.cancel()
            self._guard = None

    def _close(self) -> None:
        self._headers_are_there()
        transport: Any = self.transport
        if transport is not None and not transport.is_closing():
            transport.close()
