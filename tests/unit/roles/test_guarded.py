"""Half a request does not hold a connection for ever; whole ones, however many follow each other, are answered."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from anlan.roles.guarded import HEADERS_BYTES, GuardedHttp

WHOLE = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Hasty(GuardedHttp):
    headers_s = 0.3


async def hello(scope: Any, receive: Any, send: Any) -> None:
    await asyncio.sleep(0.5)  # longer than headers may take: an answer under way is never cut
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


Peer = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    server = uvicorn.Server(uvicorn.Config(hello, http=Hasty, port=0, lifespan="off", log_level="error"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - the server has no event for it
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    yield reader, writer
    writer.close()
    server.should_exit = True
    await serving


async def ends(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(10):
        return await reader.read()


async def test_a_connection_that_says_nothing_is_closed(peer: Peer) -> None:
    assert await ends(peer[0]) == b""


async def test_a_request_that_never_comes_to_an_end_of_its_headers_is_closed(peer: Peer) -> None:
    reader, writer = peer
    writer.write(b"POST /api/v1/packets HTTP/1.1\r\nX-Slow: ")
    assert await ends(reader) == b""


async def test_headers_without_bound_are_closed(peer: Peer) -> None:
    reader, writer = peer
    writer.write(b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(HEADERS_BYTES // 6)))
    with contextlib.suppress(ConnectionResetError):  # closed with data of ours unread, told by the kernel as a reset
        assert await ends(reader) == b""


@pytest.mark.case("G9")
async def test_headers_that_come_in_one_piece_are_bounded_as_well(peer: Peer) -> None:
    reader, writer = peer
    async with asyncio.timeout(10):
        for headers in (b"X: %s\r\n" % (b"y" * (HEADERS_BYTES // 2)), b""):
            writer.write(WHOLE.replace(b"\r\n", b"\r\n" + headers, 1))
            assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")
    writer.write(WHOLE.replace(b"\r\n", b"\r\nX: %s\r\n" % (b"y" * HEADERS_BYTES), 1))
    with contextlib.suppress(ConnectionResetError):
        assert await ends(reader) == b""


@pytest.mark.case("G9")
async def test_an_address_without_end_is_closed(peer: Peer) -> None:
    reader, writer = peer
    writer.write(b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n" % (b"y" * HEADERS_BYTES))
    with contextlib.suppress(ConnectionResetError):
        assert await ends(reader) == b""


async def test_whole_requests_after_each_other_are_answered_and_the_next_half_one_is_closed(peer: Peer) -> None:
    reader, writer = peer
    async with asyncio.timeout(10):
        for _ in range(3):
            writer.write(WHOLE)
            assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")
    writer.write(WHOLE[:9])
    assert await ends(reader) == b""
