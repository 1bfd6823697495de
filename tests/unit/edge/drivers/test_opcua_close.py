"""A session that is given up gives its socket back, whatever the other side does."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from asyncua import Client

from anlan.edge.drivers.opcua_session import Session


async def test_a_server_that_takes_nothing_any_more_does_not_keep_the_socket() -> None:
    over, gone = asyncio.Event(), asyncio.Event()

    async def frozen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await over.wait()
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        gone.set()

    server = await asyncio.start_server(frozen, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = Client(f"opc.tcp://127.0.0.1:{port}", timeout=0.2)
    await client.connect_socket()
    transport: Any = client.uaclient.protocol.transport
    while not transport.get_write_buffer_size():
        transport.write(bytes(1 << 20))
    session = Session.__new__(Session)
    session._client = client
    await session.close()
    assert transport.get_extra_info("socket").fileno() == -1
    over.set()
    await gone.wait()
    server.close()
    await server.wait_closed()
