"""How packets come in over HTTP: a request that is there whole is dealt with on the spot, all others as uvicorn does.

Nearly every request of a gateway arrives in one piece. For such a one uvicorn's task, events, scope and messages cost
more than everything that the intake has to do with it, so it goes straight to `Application.whole`. Whatever is unusual
(another path, a body still on its way, a second request before the first is answered, a peer that does not read)
takes uvicorn's way to the same application, with its bounds and its order of answers.
"""

from __future__ import annotations

import asyncio
from typing import cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from anlan.process.http_limits import GuardedHttp
from anlan.roles.intake.answers import Told
from anlan.roles.intake.application import PATH, Application

_URL = PATH.encode()


class _Whole:
    """Stands where uvicorn has the request that is being answered: it sees to the order, to leaving, to lost peers."""

    __slots__ = ("disconnected", "keep_alive", "response_complete")
    message_event = asyncio.Event()
    """Set by uvicorn when the peer is lost; nobody waits for it here."""

    def __init__(self) -> None:
        self.disconnected = self.response_complete = False
        self.keep_alive = True


class PacketHttp(GuardedHttp):
    """For uvicorn's ``http=``, in front of an `Application`."""

    _parts: list[bytes] | None = None
    """The body so far of a request that may come whole."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._parts is not None:
            self._as_usual(self._parts)

    def on_headers_complete(self) -> None:
        if self._may_come_whole():
            self._headers_are_there()
            self._parts = []
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self._parts is not None:
            self._parts.append(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self._parts is None:
            super().on_message_complete()
            return
        parts, self._parts = self._parts, None
        now = _Whole()
        self.cycle = now  # type: ignore[assignment]
        self._message_is_there()
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        cast(Application, self.app).whole(self.headers, body, lambda told: self._answer(now, told))

    def _may_come_whole(self) -> bool:
        parser = self.parser
        return (
            self.url == _URL
            and parser.get_method() == b"POST"
            and parser.get_http_version() == "1.1"
            and parser.should_keep_alive()
            and not parser.should_upgrade()
            and not self.expect_100_continue
            and (self.cycle is None or self.cycle.response_complete)
            and not self.flow.write_paused
            and not self.transport.is_closing()
        )

    def _as_usual(self, parts: list[bytes]) -> None:
        self._parts = None
        if self.transport.is_closing():
            return
        super().on_headers_complete()
        for part in parts:
            super().on_body(part)

    def _answer(self, now: _Whole, told: Told) -> None:
        now.response_complete = True
        if now.disconnected or self.transport.is_closing():
            return
        status, body, headers = told
        ends = any(name == b"connection" for name, _ in headers)
        content = [STATUS_LINE[status]]
        for name, value in (*self.server_state.default_headers, *headers):
            content += (name, b": ", value, b"\r\n")
        if not (ends or now.keep_alive):
            content.append(b"connection: close\r\n")
        content.append(b"content-length: %d\r\n\r\n%s" % (len(body), body))
        self.transport.write(b"".join(content))
        if ends or not now.keep_alive:
            self.transport.close()
        self.on_response_complete()
