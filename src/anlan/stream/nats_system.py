"""What a log server says of itself, asked as its system user over its one listener: no monitoring port stands open.

A few lines of the protocol on a plain socket, because whoever asks runs no event loop and asks rarely.
"""

from __future__ import annotations

import json
import secrets
import socket
from typing import IO, Any

from anlan.credentials import SYSTEM, inbox_of


def ask(port: int, password: str, page: str, timeout: float = 1.0) -> dict[str, Any]:
    """The server's page ``varz``, ``jsz`` or ``healthz``. Raises OSError, also when it refuses or makes no sense."""
    inbox = f"{inbox_of(SYSTEM)}.{secrets.token_hex(8)}"
    hello = {"user": SYSTEM, "pass": password, "verbose": False, "pedantic": False, "headers": False, "name": "figures"}
    lines = [
        f"CONNECT {json.dumps(hello)}",
        f"SUB {inbox} 1",
        f"PUB $SYS.REQ.SERVER.PING.{page.upper()} {inbox} 0",
        "",
        "",
    ]
    try:
        with socket.create_connection(("127.0.0.1", port), timeout) as connection:
            answers = connection.makefile("rb")
            answers.readline()
            connection.sendall("\r\n".join(lines).encode())
            found = json.loads(_message(answers, connection))["data"]
    except (ValueError, KeyError, TypeError) as error:
        raise OSError(f"the log server says nothing: {error}") from error
    if not isinstance(found, dict):
        raise OSError("the log server says nothing")
    return found


def _message(answers: IO[bytes], connection: socket.socket) -> bytes:
    while line := answers.readline():
        word, *rest = line.split()
        if word == b"MSG":
            return answers.read(int(rest[-1]))
        if word == b"PING":
            connection.sendall(b"PONG\r\n")
        elif word == b"-ERR":
            raise OSError(f"the log server refuses: {line[4:].decode(errors='replace').strip()}")
    raise OSError("the log server hung up")
