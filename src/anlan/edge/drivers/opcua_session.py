"""One life of an OPC UA session: connect, find nodes, subscribe, receive until in doubt.

Any trouble becomes `SessionLost` with a Chinese reason; the driver then closes this session and opens a new one. It
must never swallow a loss: a session that returns normally from `receive` does not exist.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from asyncua import ua
from asyncua.client.client import Client
from asyncua.common.node import Node
from asyncua.common.subscription import DataChangeEvent, StatusChangeEvent, Subscription
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.uaerrors import UaError

from anlan.edge.drivers.memory import PointMemory
from anlan.edge.drivers.opcua_nodes import NodeOptions, find_nodes
from anlan.edge.scan import Quality
from anlan.now import Clock, monotonic

logger = logging.getLogger(__name__)
_CHUNK = 500
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
    security: str = ""
    user: str = ""
    password: str = field(default="", repr=False)


class Session:
    """Feeds a `PointMemory` from one server until lost; sets ``frame_ready`` when every point has spoken."""

    def __init__(
        self,
        options: SessionOptions,
        nodes: NodeOptions,
        memory: PointMemory,
        clock: Clock,
        frame_ready: asyncio.Event,
    ) -> None:
        self._options = options
        self._nodes = nodes
        self._memory = memory
        self._clock = clock
        self._frame_ready = frame_ready
        self._client: Client | None = None
        self._subscription: Subscription | None = None
        self._by_code: dict[str, Node] = {}
        self._code_of: dict[ua.NodeId, list[str]] = {}

    async def open(self) -> list[str]:
        """Connect and subscribe; returns the codes whose node does not exist. Raises `SessionLost`."""
        with _losses("连接失败"):
            timeout = self._options.timeout_seconds
            # The probe of server state shares this interval as its time limit: not tighter than a busy server's pause.
            client = Client(self._options.url, timeout=timeout, watchdog_intervall=timeout)
            self._client = client
            if self._options.user:
                client.set_user(self._options.user)
                client.set_password(self._options.password)
            if self._options.security:
                await client.set_security_string(self._options.security)
            await client.connect()
            self._by_code = await find_nodes(client, self._nodes)
            if not self._by_code:
                raise SessionLost("服务器上没有找到任何测点")
            return await self._subscribe(client)

    async def _subscribe(self, client: Client) -> list[str]:
        for code, node in self._by_code.items():
            self._code_of.setdefault(node.nodeid, []).append(code)
        self._memory.connect(self._by_code, monotonic())
        subscription = await client.create_subscription(
            self._options.publishing_ms, queue_maxsize=max(1000, 64 * len(self._by_code))
        )
        self._subscription = subscription
        nodes = {node_id: codes[0] for node_id, codes in self._code_of.items()}
        requests = [self._item(handle, node_id) for handle, node_id in enumerate(nodes, start=1)]
        missing: list[str] = []
        codes = list(nodes.values())
        for start in range(0, len(requests), _CHUNK):
            results = await subscription.create_monitored_items(requests[start : start + _CHUNK])
            for code, result in zip(codes[start : start + _CHUNK], results, strict=True):
                if isinstance(result, ua.StatusCode):
                    missing.append(code)
        if len(missing) == len(codes):
            raise SessionLost("服务器拒绝订阅全部测点")
        return missing

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
        subscription = self._subscription
        if subscription is None:
            raise SessionLost("会话没有建立")
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
        raise SessionLost("订阅已关闭")

    async def confirm(self, codes: list[str]) -> None:
        """Read points outright that the subscription did not confirm. A failure is left to `receive` to notice.

        For servers that stamp a value only when it changes: the answer confirms the value as of the server's time.
        """
        client = self._client
        if client is None or not codes:
            return
        nodes = [self._by_code[code] for code in codes if code in self._by_code]
        try:
            values = await client.read_attributes(nodes, AttributeIds.Value) if nodes else []
        except (UaError, OSError, TimeoutError):
            return  # unconfirmed stays unconfirmed; quality falls by itself
        for code, stated in zip([code for code in codes if code in self._by_code], values, strict=True):
            self._take(code, stated, as_of_server=True)

    def _take(self, code: str, stated: ua.DataValue, *, as_of_server: bool = False) -> None:
        stamp: datetime | None = stated.ServerTimestamp
        if not as_of_server:
            stamp = stated.SourceTimestamp or stamp
        at = _as_utc(stamp) if stamp is not None else self._clock.now()
        value = number_of(stated)
        quality = quality_of(stated.StatusCode)
        self._memory.arrive(code, value, quality, int(at.timestamp() * 1e6 + 0.5), monotonic())

    async def close(self) -> None:
        """Let go of the server within about a second, whatever state it is in."""
        client, self._client = self._client, None
        if client is None:
            return
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await client.disconnect()
        except (UaError, OSError, TimeoutError, asyncio.IncompleteReadError):
            client.disconnect_socket()  # the peer does not answer: the socket is ours to close
        except Exception:
            logger.exception("关闭 OPC UA 会话时出错")
            client.disconnect_socket()


def quality_of(status: ua.StatusCode | None) -> Quality:
    """OPC UA severity (the two highest bits) → quality."""
    severity = 0 if status is None else status.value >> 30
    return (Quality.GOOD, Quality.UNCERTAIN, Quality.BAD, Quality.BAD)[severity]


def number_of(stated: ua.DataValue) -> float | None:
    """The value as a number; switches are 0 and 1; anything else is no measurement."""
    value = stated.Value.Value if stated.Value is not None else None
    if isinstance(value, bool | int | float):
        return float(value)
    return None


def _as_utc(stamp: datetime) -> datetime:
    # asyncua gives UTC either naive or aware, by version.
    return stamp if stamp.tzinfo is not None else stamp.replace(tzinfo=UTC)


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
