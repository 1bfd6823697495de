"""Plants behind real OPC UA servers, written once per period with one source time for the whole scan.

Several small servers in one process, because building one large address space takes time quadratic in its size. Each
point is the variable ``ns=2;s=<point code>`` below the folder ``ns=2;s=<enterprise code>``. Servers listen on loopback
only and take no writes from clients.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from asyncua import ua
from asyncua.server.server import Server

from anlan.now import Clock, monotonic
from anlan.testing.plant.incidents import Incident, later
from anlan.testing.plant.plant import Plant
from anlan.testing.plant.spec import PlantSpec

NAMESPACE = "urn:anlan:plant"
POINTS_PER_SERVER = 400


@dataclass(frozen=True)
class Endpoint:
    """Where a gateway finds one enterprise: url, and the folder to browse."""

    enterprise: str
    gateway: str
    url: str
    browse: str
    points: int


class PlantServers:
    """Serves plants until closed. Use as ``async with``; ``endpoints`` is complete once entered.

    ``speed`` is how many plant seconds pass in one real second; source times stay real. ``warm_up_s``: how long the
    plants have run, by their own time, when the service starts; incidents before it have second numbers below zero.
    """

    def __init__(
        self, specs: Sequence[PlantSpec], clock: Clock, *, seed: int = 1, incidents: Sequence[Incident] = (),
        period_s: float = 1.0, speed: float = 1.0, warm_up_s: float = 0.0,
    ) -> None:  # fmt: skip
        self._clock = clock
        self._period_s = period_s
        self._speed = speed
        self._groups = _grouped(specs)
        self._plants = [Plant(spec, seed, later(incidents, warm_up_s)) for spec in specs]
        self._warm_up_s = warm_up_s
        self._servers: list[Server] = []
        self._nodes: dict[str, tuple[Server, ua.NodeId]] = {}
        self._writing: asyncio.Task[None] | None = None
        self.endpoints: list[Endpoint] = []

    async def __aenter__(self) -> PlantServers:
        for plant in self._plants:
            for _ in plant.warm_up(self._warm_up_s):
                pass
        for group in self._groups:
            await self._serve(group)
        at = self._clock.now()
        for plant in self._plants:
            await self._write(plant.read(), at)
        self._writing = asyncio.create_task(self._keep_writing())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)
        await asyncio.gather(*(server.stop() for server in self._servers), return_exceptions=True)

    async def wait(self) -> None:
        """Run until the writing fails (raises its error) or the caller is cancelled."""
        if self._writing is not None:
            await self._writing

    async def _serve(self, group: Sequence[PlantSpec]) -> None:
        server = Server()
        await server.init()
        server.set_endpoint("opc.tcp://127.0.0.1:0/anlan/plant/")
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        index = await server.register_namespace(NAMESPACE)
        for spec in group:
            folder = await server.nodes.objects.add_folder(_node(spec.enterprise, index), spec.enterprise)
            for point in spec.points:
                node_id = _node(point.code, index)
                await folder.add_variable(node_id, f"{point.tag or point.code}", 0.0, varianttype=ua.VariantType.Double)
                self._nodes[point.code] = (server, node_id)
        await server.start()
        self._servers.append(server)
        port = bound_port(server)
        for spec in group:
            url = f"opc.tcp://127.0.0.1:{port}/anlan/plant/"
            browse = f"ns={index};s={spec.enterprise}"
            self.endpoints.append(Endpoint(spec.enterprise, spec.gateway, url, browse, len(list(spec.points))))

    async def _keep_writing(self) -> None:
        due = monotonic() + self._period_s
        while True:
            await asyncio.sleep(max(0.0, due - monotonic()))
            at = self._clock.now()
            for plant in self._plants:
                await self._write(plant.step(self._period_s * self._speed), at)
                await asyncio.sleep(0)  # let sessions breathe between plants
            due = max(due + self._period_s, monotonic())

    async def _write(self, shown: dict[str, float | None], at: datetime) -> None:
        stamp = ua.DateTime.fromisoformat(at.replace(tzinfo=None).isoformat())  # OPC UA times are UTC without a zone
        for code, value in shown.items():
            server, node_id = self._nodes[code]
            if value is None:
                stated = ua.DataValue(
                    None, StatusCode=ua.StatusCode(ua.UInt32(ua.StatusCodes.BadNoCommunication)), SourceTimestamp=stamp,
                    ServerTimestamp=stamp,
                )  # fmt: skip
            else:
                stated = ua.DataValue(
                    ua.Variant(value, ua.VariantType.Double), SourceTimestamp=stamp, ServerTimestamp=stamp
                )
            await server.write_attribute_value(node_id, stated)


def _node(code: str, index: int) -> ua.NodeId:
    return ua.NodeId(ua.String(code), ua.Int16(index))


def bound_port(server: Server) -> int:
    """The port the system gave to a server that asked for any."""
    listening = server.bserver
    if listening is None or listening._server is None:
        raise RuntimeError("the server is not listening")
    return int(listening._server.sockets[0].getsockname()[1])  # type: ignore[attr-defined]  # every loop's server


def quiet() -> None:
    """asyncua tells every connection; the plant is no place to read that."""
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)


def _grouped(specs: Sequence[PlantSpec]) -> list[list[PlantSpec]]:
    groups: list[list[PlantSpec]] = []
    room = 0
    for spec in specs:
        count = len(list(spec.points))
        if not groups or count > room:
            groups.append([])
            room = POINTS_PER_SERVER
        groups[-1].append(spec)
        room -= count
    return groups
