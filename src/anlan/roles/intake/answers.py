"""What a request to the intake comes to: the answer, and what is known of the request until there is one."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Awaitable, Callable, Coroutine, Generator, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from anlan.process.bodies import Hold
from anlan.roles.intake.keys import Sender

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = Sequence[tuple[bytes, bytes]]
Told = tuple[int, bytes, Headers]
"""An answer: status (0: nobody is left to hear one), body, headers."""
Tell = Callable[[Told], object]
JSON = (b"content-type", b"application/json; charset=utf-8")
encode = msgspec.json.Encoder().encode


class Answer(Exception):
    """An answer that ends the request early."""

    def __init__(self, status: int, detail: str, *headers: tuple[bytes, bytes], **more: str) -> None:
        super().__init__(detail)
        self.status, self.body, self.headers = status, {"detail": detail, **more}, headers

    def told(self) -> Told:
        ends = ((b"connection", b"close"),) if self.status in (408, 413) else ()
        return self.status, encode(self.body), (JSON, *self.headers, *ends)


@dataclass(slots=True)
class Turn:
    """One request in hand. ``sender`` is set while it counts among those of its gateway."""

    hold: Hold
    sender: Sender | None = None
    gateway: str = ""
    at: datetime = field(init=False)
    at_us: int = 0
    accepted: int = 0
    duplicates: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)
    numbers: list[tuple[str, int]] = field(default_factory=list)
    waiting: set[asyncio.Future[int]] = field(default_factory=set)


def not_now(detail: str) -> Answer:
    return Answer(503, detail, (b"retry-after", b"2"))


@types.coroutine
def go_on(begun: Coroutine[Any, None, None], first: Any) -> Generator[Any, Any, None]:
    """What is left of a coroutine that was begun by hand and has come to wait for ``first``."""
    yield first
    yield from begun.__await__()


async def respond(send: Send, status: int, body: bytes, headers: Headers) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})
