"""Sources that drivers read, each with the same four handles: start, change, die, return."""

from __future__ import annotations

import asyncio
import threading
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asyncua import ua
from asyncua.server.server import Server

from anlan.edge.config import parse
from anlan.edge.drivers import open_driver
from anlan.edge.drivers.base import Driver
from anlan.now import SystemClock
from anlan.stream.tasks import end
from anlan.testing.plant.server import bound_port

LEVEL = "540170007002G0001YW001"
HEAT = "540170007002G0001WD001"
PERIOD_S = 0.2

HEAD = f"""
[local]
store_dir = "store"
[intake]
url = "http://127.0.0.1:1"
[[gateway]]
code = "54017000701"
enterprise = "540170007"
key = "k"
period_s = {PERIOD_S}
[gateway.driver]
"""


class Source(ABC):
    """A source of two points whose level counts up by one at each step while the heat stays at 21.5."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @abstractmethod
    async def start(self) -> None: ...

    @abstractmethod
    async def die(self) -> None: ...

    @abstractmethod
    async def back(self) -> None: ...

    @abstractmethod
    async def close(self) -> None: ...

    @abstractmethod
    def section(self) -> str: ...

    def driver(self) -> Driver:
        (gateway,) = parse(HEAD + self.section(), self.folder).gateways
        return open_driver(gateway, SystemClock())


class OpcUaServer:
    """A real OPC UA server that restamps both points every step, on a loop and in a thread of its own.

    Its address space takes seconds to build, so it is built once a process; `start` and `stop` then open and close the
    server as often as wanted, always on the same port.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="opcua-source", daemon=True)
        self._writing: asyncio.Task[None] | None = None
        self._count = 0.0
        self.port = 0

    def build(self) -> None:
        """Build the address space."""
        self._thread.start()
        self._do(self._build())

    def start(self) -> None:
        """Answer, with fresh values from the first moment on."""
        self._do(self._start())

    def stop(self) -> None:
        """Be gone: connections are closed and the port refuses. Nothing when it is."""
        if self._writing is not None:
            self._do(self._stop())

    def close(self) -> None:
        """Stop and end the thread."""
        self.stop()
        self._do(self._end_the_rest())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    async def _build(self) -> None:
        self._server = Server()
        await self._server.init()
        self._server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        index = await self._server.register_namespace("urn:test")
        folder = await self._server.nodes.objects.add_folder(ua.NodeId("Plant", index), "Plant")
        nodes = [
            await folder.add_variable(ua.NodeId(code, index), code, 0.0, varianttype=ua.VariantType.Double)
            for code in (LEVEL, HEAT)
        ]
        self._nodes = [node.nodeid for node in nodes]

    async def _start(self) -> None:
        self._server.set_endpoint(f"opc.tcp://127.0.0.1:{self.port}/")
        await self._step()
        await self._server.start()
        self.port = bound_port(self._server)
        self._writing = asyncio.create_task(self._keep())

    async def _stop(self) -> None:
        assert self._writing is not None
        self._writing.cancel()
        await asyncio.gather(self._writing, return_exceptions=True)
        self._writing = None
        await self._server.stop()

    async def _end_the_rest(self) -> None:
        # sessions that clients left behind live on in the library, to be taken up again
        await end(asyncio.all_tasks() - {asyncio.current_task()})

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(PERIOD_S)
            await self._step()

    async def _step(self) -> None:
        stamp = datetime.now(UTC).replace(tzinfo=None)
        self._count += 1
        for node, value in zip(self._nodes, (self._count, 21.5), strict=True):
            await self._server.write_attribute_value(
                node, ua.DataValue(ua.Variant(value, ua.VariantType.Double), SourceTimestamp=stamp)
            )


class OpcUaSource(Source):
    """An `OpcUaServer` that dies by being stopped."""

    def __init__(self, folder: Path, server: OpcUaServer) -> None:
        super().__init__(folder)
        self._server = server

    async def start(self) -> None:
        await asyncio.to_thread(self._server.start)

    async def die(self) -> None:
        await asyncio.to_thread(self._server.stop)

    async def back(self) -> None:
        await self.start()

    async def close(self) -> None:
        await asyncio.to_thread(self._server.stop)

    def section(self) -> str:
        return (
            f'kind = "opcua"\nurl = "opc.tcp://127.0.0.1:{self._server.port}/"\nbrowse = "ns=2;s=Plant"\n'
            f'code_pattern = "{LEVEL}|{HEAT}"\nretry_first_s = 0.1\nretry_most_s = 0.2\n'
        )


class ReplaySource(Source):
    """A short recording that is played again and again while the file is there."""

    _rows = 8

    async def start(self) -> None:
        rows = "\n".join(f"{number},21.5" for number in range(1, self._rows + 1))
        (self.folder / "recording.csv").write_text("level,heat\n" + rows + "\n", encoding="utf-8")

    async def die(self) -> None:
        (self.folder / "recording.csv").unlink()

    async def back(self) -> None:
        await self.start()

    async def close(self) -> None:
        (self.folder / "recording.csv").unlink(missing_ok=True)

    def section(self) -> str:
        return (
            f'kind = "replay"\nfile = "recording.csv"\nloop = true\nrow_seconds = {PERIOD_S}\n'
            f'columns = {{ "{LEVEL}" = "level", "{HEAT}" = "heat" }}\n'
        )
