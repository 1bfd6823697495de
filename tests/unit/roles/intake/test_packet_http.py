"""Over a real connection: a request that comes in one piece is answered as one that comes in many, in order, always."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import uvicorn
import zstandard
from tests.unit.roles.intake.conftest import NOW, Desk

from anlan.roles.intake.packet_http import PacketHttp
from anlan.testing.sender import packet

ZSTD = {"Content-Encoding": "zstd"}


class Hasty(PacketHttp):
    headers_s = 0.5


@dataclass
class Counter:
    """A desk behind a server, and one connection to it."""

    desk: Desk
    server: uvicorn.Server
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def answer(self) -> tuple[int, dict[bytes, bytes], Any]:
        async with asyncio.timeout(10):
            head = await self.reader.readuntil(b"\r\n\r\n")
            first, *lines = head.strip().split(b"\r\n")
            headers = dict(line.split(b": ", 1) for line in lines)
            body = await self.reader.readexactly(int(headers[b"content-length"]))
        return int(first.split()[1]), headers, json.loads(body)

    async def ends(self) -> bytes:
        async with asyncio.timeout(10):
            return await self.reader.read()


@pytest.fixture
async def counter(desk: Desk) -> AsyncIterator[Counter]:
    config = uvicorn.Config(
        desk.application,
        http=Hasty,
        port=0,
        lifespan="off",
        log_level="error",
        timeout_keep_alive=1,
        date_header=False,
        proxy_headers=False,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - the server has no event for it
        await asyncio.sleep(0.01)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.servers[0].sockets[0].getsockname()[1])
    yield Counter(desk, server, reader, writer)
    if desk.held is not None:
        desk.held.set()
    writer.close()
    server.should_exit = True
    await serving


def content(desk: Desk, second: int, value: float = 1.5) -> bytes:
    site = desk.sites[0]
    at = datetime.fromtimestamp(NOW.timestamp() - second, UTC)
    return json.dumps(packet(site.enterprise, site.gateway, at, dict.fromkeys(site.points, value))).encode()


def request(
    desk: Desk, body: bytes, headers: dict[str, str] | None = None, *, key: str = "", method: str = ""
) -> bytes:
    site = desk.sites[0]
    token = base64.b64encode(f"{site.gateway}:{key or site.key}".encode()).decode()
    told = {"Host": "x", "Authorization": f"Basic {token}", "Content-Length": str(len(body)), **(headers or {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"{method or 'POST'} /api/v1/packets HTTP/1.1\r\n{lines}\r\n".encode() + body


def zstd(body: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(body)


def pair(desk: Desk, name: str, second: int) -> bytes:
    """A request of the kind ``name``; ``second`` makes its packet another one."""
    plain = content(desk, second)
    match name:
        case "plain":
            return request(desk, plain)
        case "zstd":
            return request(desk, zstd(plain), ZSTD)
        case "wrong key":
            return request(desk, plain, key="no")
        case "unknown encoding":
            return request(desk, plain, {"Content-Encoding": "br"})
        case "damaged":
            return request(desk, zstd(plain)[:-3], ZSTD)
        case "no packet":
            return request(desk, b"{}")
        case "two packets":
            return request(desk, zstd(plain + b"\n" + content(desk, second + 100)), ZSTD)
        case "empty":
            return request(desk, b"")
        case _:
            return request(desk, b"", method="GET")


KINDS = ["plain", "zstd", "wrong key", "unknown encoding", "damaged", "no packet", "two packets", "empty", "not posted"]


@pytest.mark.parametrize("name", KINDS)
async def test_a_request_in_one_piece_and_one_in_many_get_the_same_answer(counter: Counter, name: str) -> None:
    counter.writer.write(pair(counter.desk, name, 1))
    whole = await counter.answer()
    wire = pair(counter.desk, name, 2)
    for place in range(0, len(wire), 50):
        counter.writer.write(wire[place : place + 50])
        await asyncio.sleep(0.005)
    assert await counter.answer() == whole
    taken = {"plain": 1, "zstd": 1, "two packets": 2}.get(name, 0)
    assert whole[2].get("accepted", 0) == taken
    assert len(counter.desk.records) == 2 * taken
    assert counter.desk.application.in_hand.bytes == 0


async def test_the_log_has_the_plain_packet_however_it_was_sent(counter: Counter) -> None:
    plain = content(counter.desk, 1)
    for second, (body, headers) in enumerate([(plain, {}), (zstd(plain), ZSTD), (zstd(plain) + zstd(b""), ZSTD)]):
        counter.writer.write(request(counter.desk, body, headers))
        status, _, told = await counter.answer()
        assert (status, told["accepted"], told["duplicates"]) == (200, second == 0, second > 0)
    for second, swelling in ((2, b""), (3, b" " * 100_000)):
        body = content(counter.desk, second)[:-1] + swelling + b"}"
        counter.writer.write(request(counter.desk, zstd(body), ZSTD))
        assert (await counter.answer())[2]["accepted"] == 1
        assert counter.desk.records[-1].body == body
    assert not any(record.packed for record in counter.desk.records)


async def test_requests_sent_behind_each_other_are_answered_in_order(counter: Counter) -> None:
    counter.desk.held = asyncio.Event()
    wires = [
        request(counter.desk, content(counter.desk, 1)),
        request(counter.desk, b"{}"),
        pair(counter.desk, "zstd", 2),
    ]
    counter.writer.write(b"".join(wires))
    while not counter.desk.bundler.waiting:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0.01)
    counter.desk.held.set()
    assert [(await counter.answer())[0] for _ in wires] == [200, 400, 200]
    assert len(counter.desk.records) == 2


async def test_whoever_waits_for_the_log_is_answered_before_the_server_leaves(counter: Counter) -> None:
    counter.desk.held = asyncio.Event()
    counter.writer.write(request(counter.desk, content(counter.desk, 1)))
    while not counter.desk.bundler.waiting:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0.01)
    counter.server.should_exit = True
    await asyncio.sleep(0.3)
    counter.desk.held.set()
    status, headers, told = await counter.answer()
    assert (status, headers[b"connection"], told["accepted"]) == (200, b"close", 1)
    assert await counter.ends() == b""


async def test_a_sender_that_hangs_up_loses_nothing_and_holds_nothing(counter: Counter) -> None:
    desk = counter.desk
    desk.held = asyncio.Event()
    counter.writer.write(request(desk, content(desk, 1)))
    while not desk.bundler.waiting:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0.01)
    counter.writer.close()
    await counter.writer.wait_closed()
    desk.held.set()
    async with asyncio.timeout(10):
        while desk.application.in_hand.bytes or not desk.records:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
    assert desk.application.accepted == 1


async def test_a_fault_of_ours_is_an_answer_too(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counter.desk.standing, "gaps", lambda gateway: 1 / 0)
    counter.writer.write(request(counter.desk, content(counter.desk, 1)))
    status, headers, _ = await counter.answer()
    assert (status, headers[b"connection"]) == (500, b"close")
    assert await counter.ends() == b""


async def test_a_connection_idles_out_after_its_last_answer_and_not_before(counter: Counter) -> None:
    loop = asyncio.get_running_loop()
    for second in range(1, 4):
        counter.writer.write(pair(counter.desk, "zstd", second))
        assert (await counter.answer())[0] == 200
        answered = loop.time()
        await asyncio.sleep(0.6)
    assert await counter.ends() == b""
    assert loop.time() - answered >= 0.9, "an earlier answer's wait must not end it"


async def test_headers_in_many_pieces_are_waited_for_only_so_long(counter: Counter) -> None:
    counter.writer.write(pair(counter.desk, "zstd", 1))
    assert (await counter.answer())[0] == 200
    counter.writer.write(pair(counter.desk, "zstd", 2)[:20])
    assert await counter.ends() == b""
