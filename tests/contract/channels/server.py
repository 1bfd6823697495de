"""The other side of a channel, on loopback: it takes letters, refuses, throttles, hangs, hangs up, drips or babbles.

Shared by the tests of the channels and of the outbox. What it received stands in ``got``.
"""

from __future__ import annotations

import http.server
import json
import socketserver
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

HANG_S = 30.0
"""A hanging answer ends at last, should a test forget to close the server."""


@dataclass(frozen=True)
class Got:
    """One request as it came."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


@dataclass
class Reply:
    """What is answered. ``manner``: answer, hang, close (at once, without a word), drip (a byte now and then), babble
    (something that is no HTTP)."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    manner: str = "answer"


def says(value: Any, status: int = 200, **headers: str) -> Reply:
    """An answer of JSON."""
    return Reply(status, json.dumps(value).encode(), {"Content-Type": "application/json", **headers})


class ChannelServer:
    """A web server with one `Reply` for every path, and others for the paths in ``at``. Use as a context."""

    def __init__(self) -> None:
        self.reply = Reply()
        self.at: dict[str, Reply] = {}
        self.got: list[Got] = []
        self._released = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                outer._handle(self)

            do_GET = do_POST = do_PUT = handle_any

            def log_message(self, *args: object) -> None:
                """Keep the test's output quiet."""

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *args: object) -> None:
                """A channel that hangs up, or that does not trust us, is what the test wants."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def encrypt(self, context: ssl.SSLContext) -> None:
        """Speak TLS; before it is entered."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)

    def __enter__(self) -> ChannelServer:
        self._thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self.close()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def close(self) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handle(self, request: http.server.BaseHTTPRequestHandler) -> None:
        parts = urlsplit(request.path)
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.got.append(Got(request.command, parts.path, query, headers, body))
        reply = self.at.get(parts.path, self.reply)
        request.close_connection = True
        with suppress(OSError):  # the channel has given up, as it should
            if reply.manner == "hang":
                self._released.wait(HANG_S)
            elif reply.manner == "drip":
                request.wfile.write(b"HTTP/1.1 200 OK\r\nX-Drip: ")
                while not self._released.wait(0.05):
                    request.wfile.write(b"x")
            elif reply.manner == "babble":
                request.wfile.write(b"\x00\x16 no such thing\r\n\r\n")
            elif reply.manner == "answer":
                request.send_response(reply.status)
                for name, value in reply.headers.items():
                    request.send_header(name, value)
                request.send_header("Content-Length", str(len(reply.body)))
                request.end_headers()
                request.wfile.write(reply.body)


class MailServer:
    """A mail relay without TLS. ``answers`` replaces what it says to a verb (``RCPT``, ``DATA``, ``.`` for the end of a
    mail, ``HELLO`` for the greeting); ``manner`` as of `Reply`. Use as a context."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        self.manner = "answer"
        self.mails: list[bytes] = []
        self.recipients: list[str] = []
        self._released = threading.Event()
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                outer._talk(self)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> MailServer:
        self._thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def _talk(self, peer: socketserver.StreamRequestHandler) -> None:
        def say(verb: str, usual: str) -> None:
            peer.wfile.write(self.answers.get(verb, usual).encode() + b"\r\n")

        with suppress(OSError):  # the channel has given up, as it should
            if self.manner == "hang":
                self._released.wait(HANG_S)
            elif self.manner == "drip":
                while not self._released.wait(0.05):
                    peer.wfile.write(b"2")
            elif self.manner == "babble":
                peer.wfile.write(b"\x00\x16 no such thing\r\n")
            if self.manner != "answer":
                return
            say("HELLO", "220 here")
            while line := peer.rfile.readline():
                verb = line.decode().split(" ")[0].strip().upper()
                if verb == "DATA" and "DATA" not in self.answers:
                    say("DATA", "354 go on")
                    self.mails.append(self._mail(peer))
                    say(".", "250 taken")
                elif verb == "QUIT":
                    say("QUIT", "221 bye")
                    return
                else:
                    if verb == "RCPT":
                        self.recipients.append(line.decode().partition("<")[2].partition(">")[0])
                    say(verb, "250 fine")

    @staticmethod
    def _mail(peer: socketserver.StreamRequestHandler) -> bytes:
        lines = []
        while (line := peer.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)  # RFC 5321, 4.5.2
        return b"".join(lines)
