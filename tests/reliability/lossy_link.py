"""A TCP link between two processes of a test that can be cut, also in one direction only and after so many bytes."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable


class LossyLink:
    """Listens on a free port of loopback and passes everything on to ``port``. `with`: it runs.

    ``deaf``: what the server answers is thrown away. `cut` ends every connection at once. ``on_request(link)`` is
    called with the first bytes of each request of a client, once they are passed on (on the connection's own thread).
    """

    def __init__(self, port: int, on_request: Callable[[LossyLink], None] | None = None) -> None:
        self._port = port
        self._on_request = on_request
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(64)
        self._open: set[socket.socket] = set()
        self._links: list[threading.Thread] = []
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._guard = threading.Lock()
        self.deaf = False
        self.answer_bytes: int | None = None
        """So many further bytes of answers pass; then every connection is cut. None: all pass."""
        self.cuts = 0

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> LossyLink:
        self._acceptor.start()
        return self

    def __exit__(self, *error: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._acceptor.join(10)
        self._listener.close()
        self.cut()
        for link in self._links:
            link.join(10)

    def cut(self) -> None:
        """End every connection at once."""
        with self._guard:
            found, self._open = self._open, set()
        self.cuts += bool(found)
        for one in found:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def cut_after(self, seconds: float) -> None:
        """`cut` so long from now."""
        time.sleep(seconds)
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            link = threading.Thread(target=self._connect, args=(client,), daemon=True)
            self._links.append(link)
            link.start()

    def _connect(self, client: socket.socket) -> None:
        with client:
            try:
                server = socket.create_connection(("127.0.0.1", self._port), 5)
            except OSError:
                return
            with server:
                server.settimeout(None)
                for one in (client, server):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self._guard:
                    self._open |= {client, server}
                there = threading.Thread(target=self._pass, args=(client, server, False), daemon=True)
                there.start()
                self._pass(server, client, True)
                there.join()
                with self._guard:
                    self._open -= {client, server}

    def _pass(self, source: socket.socket, target: socket.socket, back: bool) -> None:
        """Until either end closes; then both are told."""
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if back and self.deaf:
                    continue
                if back and self.answer_bytes is not None:
                    left, self.answer_bytes = self.answer_bytes, None
                    target.sendall(data[:left])
                    if len(data) >= left:
                        self.cut()
                    else:
                        self.answer_bytes = left - len(data)
                    continue
                target.sendall(data)
                if not back and self._on_request is not None and data.startswith(b"POST "):
                    self._on_request(self)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
