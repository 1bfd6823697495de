"""Reads the body of a request within bounds: its size, its time, and what all requests together hold of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
MAX_SENT = 8 * 1024 * 1024
MAX_SECONDS = 20.0
MAX_IN_HAND = 128 * 1024 * 1024


class BodyError(Exception):
    """The body is not taken; ``status`` is the HTTP status, the message is Chinese for the sender."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class InHand:
    """Bytes of request bodies that are being read or dealt with, of all senders together: bounded.

    Without it senders that begin many large bodies and finish none would fill the memory.
    """

    def __init__(self, limit: int = MAX_IN_HAND) -> None:
        self.limit = limit
        self.bytes = 0

    def hold(self) -> Hold:
        """For one request: call what it gives with every piece before keeping it; all is given back at the end."""
        return Hold(self)


class Hold:
    """What one request holds. ``more`` raises BodyError 429 at the bound; one body alone is always taken."""

    __slots__ = ("_hand", "_held")

    def __init__(self, hand: InHand) -> None:
        self._hand, self._held = hand, 0

    def more(self, size: int) -> None:
        hand = self._hand
        if hand.bytes > self._held and hand.bytes + size > hand.limit:
            raise BodyError(429, "服务繁忙，请保留并稍后重发")
        self._held += size
        hand.bytes += size

    def give_back(self) -> None:
        self._hand.bytes -= self._held
        self._held = 0

    def __enter__(self) -> Callable[[int], None]:
        return self.more

    def __exit__(self, *error: object) -> None:
        self.give_back()


class SenderGone(Exception):
    """The sender closed the connection before the request was whole: there is nobody to answer."""


async def read(
    receive: Receive,
    declared: int | None,
    *,
    limit: int = MAX_SENT,
    seconds: float = MAX_SECONDS,
    count: Callable[[int], None] = lambda size: None,
) -> bytes:
    """The whole body as sent; ``count`` hears of every piece before it is kept and may refuse it.

    Raises BodyError 413 when it is larger than ``limit``, 408 when it drips too slowly.
    """
    parts: list[bytes] = []
    await take(receive, declared, parts.append, limit=limit, seconds=seconds, count=count)
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def take(
    receive: Receive,
    declared: int | None,
    keep: Callable[[bytes], object],
    *,
    limit: int,
    seconds: float,
    count: Callable[[int], None],
) -> int:
    """As `read`, but hands every piece to ``keep``, which may write it to a file; returns the size."""
    if declared is not None and declared > limit:
        raise BodyError(413, f"请求体最大 {limit // 1024 // 1024} MiB")
    size, more = 0, True
    try:
        async with asyncio.timeout(seconds):
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise SenderGone
                part = message.get("body", b"")
                size += len(part)
                if size > limit:
                    raise BodyError(413, f"请求体最大 {limit // 1024 // 1024} MiB")
                count(len(part))
                keep(part)
                more = message.get("more_body", False)
    except TimeoutError as error:
        raise BodyError(408, f"请求体未在 {seconds:.0f} 秒内传完") from error
    return size


def there(body: bytes, count: Callable[[int], None], *, limit: int = MAX_SENT) -> bytes:
    """A body that came whole with its headers, within the same bounds. Raises BodyError 413."""
    count(len(body))
    return _bounded(body, limit)


def _bounded(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise BodyError(413, f"请求体最大 {limit // 1024 // 1024} MiB")
    return body
