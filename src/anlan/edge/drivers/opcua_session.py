"""One life of an OPC UA session: connect, find nodes, subscribe, receive until in doubt.

Any trouble becomes `SessionLost` with a Chinese reason; the driver then closes this session and opens a new one. It
must never swallow a loss: a session that returns normally from `receive` does not exist.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from asyncua import ua
from asyncua.client.client import Client
from asyncua.common.subscription import DataChangeEvent, StatusChangeEvent, Subscription
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.uaerrors import UaError

from anlan.edge.drivers.memory import PointMemory
from anlan.edge.drivers.notes import Notes, some
from anlan.edge.drivers.opcua_nodes import Found, NodeOptions, find_nodes
from anlan.edge.drivers.opcua_portions import Kind, Portions
from anlan.edge.drivers.opcua_security import Security
from anlan.edge.drivers.opcua_values import SourceTimes, number_of, quality_of
from anlan.edge.scan import Quality
from anlan.now import Clock, monotonic
from anlan.stream.tasks import end

logger = logging.getLogger(__name__)
_FULL = {ua.StatusCodes.BadTooManyMonitoredItems, ua.StatusCodes.BadOutOfMemory}
"""A subscription takes no more items; another one may."""
_LISTED = 50
"""Points named in the status at most; the log names fewer."""
_CLOSE_SECONDS = 1.0
logging.getLogger("asyncua").setLevel(logging.CRITICAL)  # it tells every retry; we tell a loss once


class SessionLost(Exception):
    """The session is gone or cannot be had; the message says why, in Chinese."""


@dataclass(frozen=True)
class SessionOptions:
    """How to reach and subscribe to one server. ``sampling_ms = 0`` asks for every change."""

    url: str
    timeout_seconds: float
    publishing_ms: float
    sampling_ms: float
    queue_size: int
    security: Security | None = None
    user: str = ""
    password: str = field(default="", repr=False)


class Session:
    """Feeds a `PointMemory` from one server until lost; sets ``frame_ready`` when every point has spoken.

    What is read only in part is told to ``notes``.
    """

    def __init__(
        self,
        options: SessionOptions,
        nodes: NodeOptions,
        memory: PointMemory,
        clock: Clock,
        frame_ready: asyncio.Event,
        notes: Notes,
    ) -> None:
        self._options = options
        self._nodes = nodes
        self._memory = memory
        self._frame_ready = frame_ready
        self._notes = notes
        self._client: Client | None = None
        self._portions = Portions()
        self._subscriptions: list[Subscription] = []
        self._by_code: dict[str, ua.NodeId] = {}
        self._code_of: dict[ua.NodeId, list[str]] = {}
        self._times = SourceTimes(clock)
        self._doubts_told = 0
        self._refused: dict[str, str] = {}
        self._folders: dict[str, str] = {}
        self._bad: dict[str, str] = {}

    def facts(self) -> dict[str, object]:
        """For the status file: what the server takes in one call, and which points are not well, and why."""
        return {
            "portions": self._portions.told,
            "subscriptions": len(self._subscriptions),
            "missing_nodes": list(self._refused)[:_LISTED],
            "refused_nodes": dict(list(self._refused.items())[:_LISTED]),
            "refused_folders": dict(list(self._folders.items())[:_LISTED]),
            "bad_points": dict(list(self._bad.items())[:_LISTED]),
            "doubtful_times": sorted(self._times.doubted)[:_LISTED],
        }

    async def open(self) -> None:
        """Connect and subscribe. Raises `SessionLost` when nothing can be had; the rest is told."""
        for kind in ("times", "read"):
            self._notes.tell(kind, "")  # of the session before
        with _losses("连接失败"):
            timeout = self._options.timeout_seconds
            # The probe of server state shares this interval as its time limit: not tighter than a busy server's pause.
            client = Client(self._options.url, timeout=timeout, watchdog_intervall=timeout)
            self._client = client
            if self._options.user:
                client.set_user(self._options.user)
                client.set_password(self._options.password)
            if self._options.security is not None:
                await self._options.security.use(client)
            await client.connect()
            await self._portions.ask(client)
            found = await find_nodes(client, self._nodes, self._portions)
            self._folders = found.refused
            self._tell_folders()
            if not found.nodes:
                raise SessionLost(_nothing(found))
            await self._subscribe(client, found)

    def _tell_folders(self) -> None:
        names = [f"{node}（{why}）" for node, why in self._folders.items()]
        self._notes.tell("folders", f"服务器不让浏览 {some(names)}，其下的测点读不到" if names else "")

    async def _subscribe(self, client: Client, found: Found) -> None:
        self._by_code = found.nodes
        for code, node in found.nodes.items():
            self._code_of.setdefault(node, []).append(code)
        self._memory.connect([*found.nodes, *found.unresolved], monotonic())
        self._refused = dict.fromkeys(found.unresolved, "BadNamespaceUriInvalid")
        waiting = [self._item(handle, node) for handle, node in enumerate(self._code_of, start=1)]
        taken = 0
        while waiting:
            try:
                subscription = await client.create_subscription(
                    self._options.publishing_ms, queue_maxsize=max(1000, 64 * len(found.nodes))
                )
            except UaError as error:
                if not self._subscriptions:
                    raise
                self._refuse(waiting, type(error).__name__)
                break
            create = partial(_create, subscription)
            results = await self._portions.each(Kind.MONITOR, waiting, create)
            answered = list(zip(waiting, results, strict=True))
            full = [item for item, result in answered if isinstance(result, ua.StatusCode) and result.value in _FULL]
            for item, result in answered:
                if isinstance(result, ua.StatusCode) and result.value not in _FULL:
                    self._refuse([item], result.name)
            took = sum(not isinstance(result, ua.StatusCode) for result in results)
            if took:
                self._subscriptions.append(subscription)
                taken += took
            else:
                self._refuse(full, "BadTooManyMonitoredItems")
                full = []
            waiting = full
        if not taken:
            why = some(sorted(set(self._refused.values())))
            raise SessionLost(f"服务器拒绝订阅全部测点（{why}）")
        self._tell_refused()

    def _refuse(self, items: Sequence[ua.MonitoredItemCreateRequest], why: str) -> None:
        for item in items:
            self._refused |= dict.fromkeys(self._code_of[item.ItemToMonitor.NodeId], why)

    def _tell_refused(self) -> None:
        names = [f"{code}（{why}）" for code, why in self._refused.items()]
        self._notes.tell("nodes", f"{len(names)} 个测点的节点不存在或读不到: {some(names)}" if names else "")

    def _item(self, handle: int, node_id: ua.NodeId) -> ua.MonitoredItemCreateRequest:
        asked = ua.MonitoringParameters()
        asked.ClientHandle = handle
        asked.SamplingInterval = self._options.sampling_ms
        asked.QueueSize = self._options.queue_size
        asked.DiscardOldest = True
        # The timestamp must trigger, else an unchanged value could not be told from a dead one.
        asked.Filter = ua.DataChangeFilter(
            Trigger=ua.DataChangeTrigger.StatusValueTimestamp, DeadbandType=ua.DeadbandType.None_
        )
        item = ua.MonitoredItemCreateRequest()
        item.ItemToMonitor = ua.ReadValueId(NodeId=node_id, AttributeId=AttributeIds.Value)
        item.MonitoringMode = ua.MonitoringMode.Reporting
        item.RequestedParameters = asked
        return item

    async def receive(self) -> None:
        """Take notifications until the session is in doubt; always ends in `SessionLost` or cancellation."""
        following = [asyncio.create_task(self._follow(subscription)) for subscription in self._subscriptions]
        try:
            if following:
                await asyncio.wait(following, return_when=asyncio.FIRST_COMPLETED)
        finally:
            errors = await end(following)
        for error in errors:
            raise error
        raise SessionLost("订阅已关闭")

    async def _follow(self, subscription: Subscription) -> None:
        with _losses("连接中断"):
            async for event in subscription:
                if isinstance(event, DataChangeEvent):
                    stated = event.data.monitored_item.Value
                    for code in self._code_of.get(event.node.nodeid, ()):
                        self._take(code, stated)
                    if self._memory.complete:
                        self._frame_ready.set()
                elif isinstance(event, StatusChangeEvent):
                    raise SessionLost(f"服务器结束了订阅: {event.notification.Status.name}")

    async def confirm(self, codes: list[str]) -> None:
        """Read points outright that the subscription did not confirm; a failure is told, and `receive` notices whether
        it is the end of the session.

        For servers that stamp a value only when it changes: the answer confirms the value as of the server's time.
        """
        client = self._client
        known = [code for code in codes if code in self._by_code and code not in self._refused]
        if client is None or not known:
            return

        async def read(some_codes: Sequence[str]) -> Sequence[ua.DataValue]:
            nodes = [self._by_code[code] for code in some_codes]
            return list(await client.uaclient.read_attributes(nodes, AttributeIds.Value))

        try:
            values = await self._portions.each(Kind.READ, known, read)
        except (UaError, OSError, TimeoutError) as error:
            # unconfirmed stays unconfirmed; quality falls by itself
            self._notes.tell("read", f"直接读取测点失败: {str(error) or type(error).__name__}")
            return
        self._notes.tell("read", "")
        for code, stated in zip(known, values, strict=True):
            value = ua.DataValue(StatusCode=stated) if isinstance(stated, ua.StatusCode) else stated
            self._take(code, value, as_of_server=True)

    def _take(self, code: str, stated: ua.DataValue, *, as_of_server: bool = False) -> None:
        at, believed = self._times.of(code, stated, as_of_server=as_of_server)
        value, quality = number_of(stated), quality_of(stated.StatusCode)
        if quality is Quality.GOOD and not believed:
            quality = Quality.UNCERTAIN
        if quality is Quality.BAD and stated.StatusCode is not None:
            self._bad[code] = stated.StatusCode.name
        elif value is None or not math.isfinite(value):
            self._bad[code] = "不是数值"
        elif self._nodes.missing.is_sign(code, value):
            self._bad[code] = f"缺测标志 {value:g}"
            value = None
        else:
            self._bad.pop(code, None)
        count = len(self._times.doubted)
        if count >= 2 * self._doubts_told > 0 or bool(count) != bool(self._doubts_told):
            self._tell_doubts()
        self._memory.arrive(code, value, quality, int(at.timestamp() * 1e6 + 0.5), monotonic())

    def _tell_doubts(self) -> None:
        """Called when the first is doubted, when they have doubled, and when none is left."""
        names = sorted(self._times.doubted)
        self._doubts_told = len(names)
        told = f"数据源的时间不可信（年份不对，或快慢数小时），改用服务器或网关的时间并记为存疑: {some(names)}"
        self._notes.tell("times", told if names else "")

    async def close(self) -> None:
        """Let go of the server within about a second, whatever state it is in."""
        client, self._client = self._client, None
        if client is None:
            return
        connection = client.uaclient.protocol
        transport = connection.transport if connection is not None else None
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await client.disconnect()
        except (UaError, OSError, TimeoutError, asyncio.IncompleteReadError):
            client.disconnect_socket()  # the peer does not answer: the socket is ours to close
        except Exception:
            logger.exception("关闭 OPC UA 会话时出错")
            client.disconnect_socket()
        finally:
            if transport is not None:  # what a frozen peer does not take would keep the socket open for ever
                transport.abort()
                await asyncio.sleep(0)


async def _create(
    subscription: Subscription, items: Sequence[ua.MonitoredItemCreateRequest]
) -> Sequence[int | ua.StatusCode]:  # fmt: skip
    return await subscription.create_monitored_items(items)


def _nothing(found: Found) -> str:
    if found.unresolved:
        return f"服务器没有测点所在的命名空间（nsu=）: {some(found.unresolved)}"
    if found.refused:
        return f"服务器拒绝浏览: {some([f'{node}（{why}）' for node, why in found.refused.items()])}"
    return "服务器上没有找到任何测点"


@contextlib.contextmanager
def _losses(what: str) -> Iterator[None]:
    try:
        yield
    except SessionLost:
        raise
    except (UaError, OSError, TimeoutError, asyncio.IncompleteReadError) as error:
        raise SessionLost(f"{what}: {str(error) or type(error).__name__}") from error
    except Exception as error:  # what a faulty server makes the library raise must not end the other gateways
        logger.exception("OPC UA 会话异常")
        raise SessionLost(f"{what}: {type(error).__name__} {error}") from error
