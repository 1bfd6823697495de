"""A real small HTTP server that answers like intake, or fails in the ways a centre and a link can fail.

It keeps the ledger of what it acknowledged: the test compares that with what was written.
"""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import zstandard

_WORDS: dict[str, dict[str, str]] = {
    "0": {},
    "1": {"isValid": "0", "quality": "uncertain"},
    "2": {"isValid": "0", "quality": "bad"},
}
"""How the national form says what one character of ``quality`` says."""

Answer = tuple[int, dict[str, str], bytes]


class IntakeDouble:
    """``mode``: ok, 500, 503, 401, 415, 413, 400, portal (a 200 that is no answer), hang, slam (closed unanswered)."""

    def __init__(self) -> None:
        self.mode = "ok"
        self.key = "secret-key"
        self.refuse: Callable[[dict], str | None] = lambda packet: None
        self.most_packets = 10_000
        self.knows_compact = True
        self.lists: dict[str, list[str]] = {}
        self.forms: list[str] = []
        self.accepted: dict[str, dict] = {}
        self.order: list[str] = []
        self.duplicates = 0
        self.requests = 0
        self.last_headers: dict[str, str] = {}
        self.release = threading.Event()
        self._connections: set[socket.socket] = set()
        self._port = 0
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listen; after a stop on the same port again."""
        double = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                double._connections.add(self.connection)

            def finish(self) -> None:
                double._connections.discard(self.connection)
                super().finish()

            def do_POST(self) -> None:
                double._serve(self)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, *_: object) -> None:
                """A client that went away is part of the test."""

        self._server = Server(("127.0.0.1", self._port), Handler)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self.release.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        for connection in list(self._connections):
            with suppress(OSError):  # its client may have closed it already
                connection.shutdown(socket.SHUT_RDWR)

    def _serve(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        self.requests += 1
        self.last_headers = dict(request.headers.items())
        if self.mode == "hang":
            self.release.wait(20)
            request.close_connection = True
            return
        if self.mode == "slam":
            request.close_connection = True
            return
        status, headers, answer = self._answer(request.headers, body)
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(answer)))
        request.end_headers()
        request.wfile.write(answer)

    def _answer(self, headers: object, body: bytes) -> Answer:
        given = headers.get("Authorization", "")  # type: ignore[attr-defined]
        encoding = headers.get("Content-Encoding", "identity")  # type: ignore[attr-defined]
        name, _, key = base64.b64decode(given.removeprefix("Basic ")).decode().partition(":")
        if self.mode == "401" or key != self.key or not name:
            return 401, {}, b'{"detail": "no"}'
        if self.mode in ("500", "503"):
            return int(self.mode), {"Retry-After": "0"}, b"<html>bad gateway</html>"
        if self.mode == "portal":
            return 200, {}, b"<html>please log in</html>"
        if self.mode == "415" and encoding != "identity":
            return 415, {}, b"{}"
        lines = (zstandard.ZstdDecompressor().decompress(body) if encoding == "zstd" else body).splitlines()
        if self.mode == "400" or len(lines) > self.most_packets:
            return (400, {}, b"no") if self.mode == "400" else (413, {}, b"")
        accepted, duplicates, refused = 0, 0, []
        for index, line in enumerate(lines):
            packet = json.loads(line)
            report = packet["report"]
            self.forms.append("tags" if "tags" in report else "compact" if "values" in report else "national")
            data_id = report.get("dataId", "")
            reason = self._unfit(report) or ("" if "tags" in report else self.refuse(packet))
            if not reason and "tags" in report:
                duplicates += report["tagsHash"] in self.lists
                accepted += report["tagsHash"] not in self.lists
                self.lists[report["tagsHash"]] = report["tags"]
                continue
            if reason:
                refused.append({"index": index, "dataId": data_id, "reason": reason, "detail": "拒收"})
            elif data_id in self.accepted:
                duplicates += 1
            else:
                self.accepted[data_id] = packet
                self.order.append(packet["report"]["collectTime"])
                accepted += 1
        self.duplicates += duplicates
        answer = json.dumps({"accepted": accepted, "duplicates": duplicates, "refused": refused}).encode()
        return (200 if accepted or duplicates else 400), {}, answer

    def _unfit(self, report: dict) -> str:
        """Why a packet in another form than the national one cannot be read; afterwards it has ``datas`` like one."""
        if "datas" in report or ("tags" in report and self.knows_compact):
            return ""
        if not self.knows_compact:
            return "malformed"
        tags = self.lists.get(report["tagsHash"])
        if tags is None:
            return "unknown_tags"
        quality = report.get("quality", "0" * len(tags))
        report["datas"] = [
            {"quotaId": tag, "value": "" if value is None else str(value), **_WORDS[grade]}
            for tag, value, grade in zip(tags, report["values"], quality, strict=True)
        ]
        return ""


@contextmanager
def running_intake() -> Iterator[IntakeDouble]:
    """An intake double that listens, stopped at the end."""
    intake = IntakeDouble()
    intake.start()
    try:
        yield intake
    finally:
        intake.stop()
