"""Half a request does not hold a connection for ever; whole ones, however many follow each other, are answered."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, ClassVar

import pytest
import uvicorn

from anlan.process.http_limits import HEADERS_BYTES, WAITING_BEHIND, GuardedHttp

WHOLE = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Hasty(GuardedHttp):
    headers_s = 0.3


class Few(GuardedHttp):
    """Keeps three connections, and waits for ever for what they owe."""

    headers_s = 600.0
    owing: ClassVar[dict[GuardedHttp, None]] = {}
    most = staticmethod(lambda: 3)


async def hello(scope: Any, receive: Any, send: Any) -> None:
    if scope["path"] != "/quick":
        await asyncio.sleep(0.5)  # longer than headers may take: an answer under way is never cut
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


Peer = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@contextlib.asynccontextmanager
async def connected(port: int) -> AsyncIterator[Peer]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


@contextlib.asynccontextmanager
async def served(http: type[GuardedHttp], keep_alive: int = 5) -> AsyncIterator[int]:
    """Its port."""
    config = uvicorn.Config(hello, http=http, port=0, lifespan="off", log_level="error", timeout_keep_alive=keep_alive)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - the server has no event for it
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await serving


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with served(Hasty) as port, connected(port) as found:
        yield found


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


@pytest.mark.case("G11")
async def test_the_rest_of_a_body_after_its_answer_is_waited_for_and_no_longer(peer: Peer) -> None:
    reader, writer = peer
    async with asyncio.timeout(10):
        writer.write(b"POST /quick HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na")
        await reader.readuntil(b"hello")
        writer.write(b"bc" + WHOLE)  # it came: the connection goes on
        await reader.readuntil(b"hello")
        writer.write(b"POST /quick HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\na")
        await reader.readuntil(b"hello")
        with contextlib.suppress(ConnectionError):
            while True:  # one byte after the other, for as long as it is let
                writer.write(b"a")
                await writer.drain()
                if reader.at_eof():
                    break
                await asyncio.sleep(0.01)


@pytest.mark.case("G11")
async def test_blank_lines_keep_no_idle_connection() -> None:
    async with asyncio.timeout(20), served(Hasty, keep_alive=1) as port, connected(port) as (reader, writer):
        writer.write(WHOLE)
        await reader.readuntil(b"hello")
        with contextlib.suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(b"\r\n")
                await writer.drain()
                await asyncio.sleep(0.01)


@pytest.mark.case("G11")
async def test_a_thousand_requests_in_one_breath_are_not_kept(peer: Peer) -> None:
    reader, writer = peer
    async with asyncio.timeout(30):
        quick = WHOLE.replace(b"/", b"/quick", 1)
        writer.write(quick * (WAITING_BEHIND + 1))
        for _ in range(WAITING_BEHIND + 1):
            assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")
        writer.write(WHOLE * 1000)
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""


@pytest.mark.case("G11")
async def test_an_upgrade_that_nobody_offers_is_answered_and_ends_the_connection(peer: Peer) -> None:
    reader, writer = peer
    writer.write(WHOLE.replace(b"\r\n\r\n", b"\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"))
    assert (await ends(reader)).endswith(b"hello")


@pytest.mark.case("G11")
async def test_whoever_owes_longest_makes_room_and_whoever_is_being_answered_stays() -> None:
    async with (
        asyncio.timeout(30),
        served(Few, keep_alive=600) as port,
        connected(port) as slow,
        connected(port) as silent,
        connected(port) as half,
    ):
        slow[1].write(WHOLE)
        half[1].write(WHOLE[:9])
        while len(Few.owing) > 2:  # noqa: ASYNC110 - until the slow one is in hand
            await asyncio.sleep(0.01)
        for _ in range(20):  # each finds its place at once, also where the one before has not yet left
            async with connected(port) as (reader, writer):
                writer.write(WHOLE.replace(b"/", b"/quick", 1))
                assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")
        assert (await silent[0].read(), await half[0].read()) == (b"", b"")
        assert (await slow[0].readuntil(b"hello")).startswith(b"HTTP/1.1 200")
