"""An OPC UA server with limits and moods, on a loop and in a thread of its own; built once, changed by each test."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.server.server import Server

from anlan.stream.tasks import end
from anlan.testing.plant.server import bound_port

SPACE = "http://plant.example/dcs"
POINTS = [f"990131103001G0001WD{number:03d}" for number in range(1, 31)]
"""Thirty points, ten in each of three folders."""
SINGLE = POINTS[20:]
"""Those that are 32-bit numbers."""


class StrictServer:
    """``most``: how many nodes it takes in a call of read, browse and monitor, 0 for any. ``tells``: whether it says
    so. ``most_items``: items of one subscription, 0 for any. ``refused``: folders that it does not list, as a result
    of the node or, with ``faults``, as an error of the whole call. ``reads``: how often each point was read."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="opcua-strict", daemon=True)
        self._thread.start()
        self._free()
        self._run(self._build())

    def calm(self) -> None:
        """Be without any limits; all points are 21.5 now."""
        self._free()
        self._run(self._tell_limits())
        for code in POINTS:
            self.state(code, 21.5)

    def _free(self) -> None:
        self.most = {"read": 0, "browse": 0, "monitor": 0}
        self.tells, self.faults, self.most_items = True, False, 0
        self.refused: set[str] = set()
        self.reads: Counter[str] = Counter()
        self._items: dict[int, int] = {}

    @property
    def url(self) -> str:
        return f"opc.tcp://127.0.0.1:{self._port}/"

    def node(self, name: str) -> str:
        """The id of a folder or point, by the namespace's name."""
        return f"nsu={SPACE};s={name}"

    def limit(self, *, tells: bool = True, **most: int) -> None:
        """Take at most so many nodes in a call of a kind."""
        self.tells = tells
        self.most |= most
        self._run(self._tell_limits())

    def state(
        self, code: str, value: float, *, source: datetime | None = None, server: datetime | None = None,
        status: int = ua.StatusCodes.Good,
    ) -> None:  # fmt: skip
        """Let a point have a value, by default as of now."""
        now = datetime.now(UTC)
        stated = ua.DataValue(
            ua.Variant(value, _kind(code)), ua.StatusCode(status),
            SourceTimestamp=_plain(source or now), ServerTimestamp=_plain(server or now),
        )  # fmt: skip
        self._run(self._write(code, stated))

    def close(self) -> None:
        """Stop and end the thread."""
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    async def _build(self) -> None:
        self._server = server = Server()
        await server.init()
        server.set_endpoint("opc.tcp://127.0.0.1:0/")
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        await server.register_namespace("urn:other")  # so that the plant's namespace is not the first to come
        index = await server.register_namespace(SPACE)
        plant = await server.nodes.objects.add_folder(ua.NodeId("Plant", index), "Plant")
        self._nodes: dict[str, ua.NodeId] = {}
        for number in range(3):
            folder = await plant.add_folder(ua.NodeId(f"Unit{number}", index), f"Unit{number}")
            for code in POINTS[number * 10 : number * 10 + 10]:
                variable = await folder.add_variable(ua.NodeId(code, index), code, 21.5, varianttype=_kind(code))
                self._nodes[code] = variable.nodeid
        services = server.iserver
        services.view_service.browse = self._browsing(services.view_service.browse)
        services.attribute_service.read = self._reading(services.attribute_service.read)
        services.subscription_service.create_monitored_items = self._monitoring(
            services.subscription_service.create_monitored_items
        )
        await server.start()
        self._port = bound_port(server)

    async def _stop(self) -> None:
        await self._server.stop()
        await end(asyncio.all_tasks() - {asyncio.current_task()})

    async def _write(self, code: str, stated: ua.DataValue) -> None:
        await self._server.write_attribute_value(self._nodes[code], stated)

    async def _tell_limits(self) -> None:
        ids = ua.ObjectIds
        for kind, node in (
            ("read", ids.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead),
            ("browse", ids.Server_ServerCapabilities_OperationLimits_MaxNodesPerBrowse),
            ("monitor", ids.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall),
        ):
            told = self.most[kind] if self.tells else 0
            await self._server.write_attribute_value(
                ua.NodeId(node), ua.DataValue(ua.Variant(told, ua.VariantType.UInt32))
            )

    def _too_many(self, kind: str, number: int) -> None:
        if self.most[kind] and number > self.most[kind]:
            raise ServiceError(ua.StatusCodes.BadTooManyOperations)

    def _browsing(self, browse: Callable[..., Any]) -> Callable[..., Any]:
        def browsed(asked: ua.BrowseParameters) -> list[ua.BrowseResult]:
            self._too_many("browse", len(asked.NodesToBrowse))
            names = [node.NodeId.Identifier for node in asked.NodesToBrowse]
            if self.faults and self.refused.intersection(names):
                raise ServiceError(ua.StatusCodes.BadUserAccessDenied)
            results = browse(asked)
            for name, result in zip(names, results, strict=True):
                if name in self.refused:
                    result.References = []
                    result.StatusCode = ua.StatusCode(ua.StatusCodes.BadUserAccessDenied)
            return list(results)

        return browsed

    def _reading(self, read: Callable[..., Any]) -> Callable[..., Any]:
        def was_read(asked: ua.ReadParameters) -> Any:
            self._too_many("read", len(asked.NodesToRead))
            self.reads.update(str(node.NodeId.Identifier) for node in asked.NodesToRead)
            return read(asked)

        return was_read

    def _monitoring(self, create: Callable[..., Any]) -> Callable[..., Any]:
        async def created(asked: ua.CreateMonitoredItemsParameters) -> list[ua.MonitoredItemCreateResult]:
            self._too_many("monitor", len(asked.ItemsToCreate))
            taken = self._items.get(asked.SubscriptionId, 0)
            room = len(asked.ItemsToCreate) if not self.most_items else max(0, self.most_items - taken)
            rest = asked.ItemsToCreate[room:]
            asked.ItemsToCreate = asked.ItemsToCreate[:room]
            self._items[asked.SubscriptionId] = taken + len(asked.ItemsToCreate)
            results = list(await create(asked))
            full = ua.StatusCode(ua.StatusCodes.BadTooManyMonitoredItems)
            return results + [ua.MonitoredItemCreateResult(StatusCode=full) for _ in rest]

        return created


def _kind(code: str) -> ua.VariantType:
    return ua.VariantType.Float if code in SINGLE else ua.VariantType.Double


def _plain(at: datetime) -> datetime:
    """As the library writes times: UTC without a zone."""
    return at.astimezone(UTC).replace(tzinfo=None)
