"""OPC UA driver: browse or node map, subscribe with trigger StatusValueTimestamp, one full frame per period.

Subscriptions tell changes; the frame needs every point. So each notification is a confirmation with the source's own
time, `PointMemory` keeps the rest, and silence turns into falling quality. The session is rebuilt from nothing after
any doubt (lost transport, probe without answer, server shut down): a resumed subscription that silently delivers
nothing is worse than a gap. Never writes to the server.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from anlan.edge.backoff import Backoff
from anlan.edge.config import GatewayConfig
from anlan.edge.drivers.base import Emit
from anlan.edge.drivers.memory import PointMemory
from anlan.edge.drivers.notes import Notes
from anlan.edge.drivers.opcua_nodes import NodeOptions, node_options
from anlan.edge.drivers.opcua_security import security
from anlan.edge.drivers.opcua_session import Session, SessionLost, SessionOptions
from anlan.edge.table import ConfigError, Table
from anlan.edge.text import TextError, read_text
from anlan.now import Clock, monotonic
from anlan.stream.tasks import end

logger = logging.getLogger(__name__)


def from_options(options: Table, gateway: GatewayConfig, clock: Clock) -> OpcUaDriver:
    """Read the section ``[gateway.driver]`` of an OPC UA gateway; raises `ConfigError`."""
    url = options.text("url")
    if not url.startswith("opc.tcp://"):
        raise ConfigError(f"{options.place} url 要以 opc.tcp:// 开头")
    period_ms = gateway.period_seconds * 1000
    session = SessionOptions(
        url=url,
        timeout_seconds=options.number("timeout_s", 4.0, least=0.5),
        publishing_ms=options.number("publishing_ms", min(500.0, max(50.0, period_ms / 4)), least=10),
        sampling_ms=options.number("sampling_ms", period_ms, least=0),
        queue_size=int(options.number("queue_size", 10, least=1)),
        security=security(options.text("security", ""), gateway.base_dir, options.place),
        user=options.text("user", ""),
        password=_password(options, gateway),
    )
    nodes = node_options(options, gateway)
    confirm = options.choice("confirm", ("subscription", "read"), "subscription")
    memory = PointMemory(
        nodes.map,
        period_seconds=gateway.period_seconds,
        uncertain_after=options.number("uncertain_after_periods", 3.0, least=1.5),
        bad_after=options.number("bad_after_periods", 10.0, least=2),
    )
    retry = Backoff(options.number("retry_first_s", 1.0, least=0.05), options.number("retry_most_s", 30.0, least=0.05))
    return OpcUaDriver(gateway, session, nodes, memory, retry, clock, confirm_by_read=confirm == "read")


def _password(options: Table, gateway: GatewayConfig) -> str:
    password_file = options.text("password_file", "")
    if not password_file:
        return ""
    path = gateway.base_dir / password_file
    try:
        return read_text(path).strip()
    except TextError as error:
        raise ConfigError(f"{options.place} 读不到口令文件 {path}: {error}") from error


class OpcUaDriver:
    """One OPC UA server as the source of one gateway. Built by `from_options`."""

    def __init__(
        self,
        gateway: GatewayConfig,
        session: SessionOptions,
        nodes: NodeOptions,
        memory: PointMemory,
        retry: Backoff,
        clock: Clock,
        *,
        confirm_by_read: bool,
    ) -> None:
        self._gateway = gateway
        self._session_options = session
        self._nodes = nodes
        self._memory = memory
        self._retry = retry
        self._clock = clock
        self._confirm_by_read = confirm_by_read
        self._notes = Notes(gateway.code)
        self._frame_ready = asyncio.Event()
        self._session: Session | None = None
        self._told_lost = False
        self._facts: dict[str, object] = {"missing_nodes": []}
        """What the last session said of itself; that of the present one is asked."""
        self._state: dict[str, object] = {
            "driver": "opcua", "url": session.url, "connected": False, "since": clock.now().isoformat(),
            "sessions": 0, "last_error": "",
        }  # fmt: skip

    @property
    def decimals(self) -> Mapping[str, int | None]:
        return self._nodes.decimals

    def diagnostics(self) -> Mapping[str, object]:
        facts = self._session.facts() if self._session is not None else self._facts
        state = {**self._state, **facts, "points": len(self._memory.codes)}
        if state["connected"]:
            state["last_error"] = str(self._notes)
        return state

    async def run(self, emit: Emit, stop: asyncio.Event) -> None:
        stopping = asyncio.create_task(stop.wait())
        work = [asyncio.create_task(self._keep_session()), asyncio.create_task(self._keep_frames(emit))]
        try:
            # Whichever ends first: a stop, or one of ours by a mistake, which must surface and not hang.
            await asyncio.wait([stopping, *work], return_when=asyncio.FIRST_COMPLETED)
        finally:
            errors = await end([stopping, *work])
        for error in errors:
            raise error

    async def _keep_session(self) -> None:
        while True:
            session = Session(
                self._session_options, self._nodes, self._memory, self._clock, self._frame_ready, self._notes
            )
            try:
                await session.open()
                self._connected()
                self._session = session
                await session.receive()
            except SessionLost as error:
                self._lost(str(error))
            finally:
                self._facts = session.facts()
                self._session = None
                await session.close()
            await asyncio.sleep(self._retry.next())

    def _connected(self) -> None:
        if self._told_lost:
            logger.warning(
                "网关 %s 已连上 OPC UA 服务器 %s，测点 %d 个",
                self._gateway.code, self._session_options.url, len(self._memory.codes),
            )  # fmt: skip
        self._told_lost = False
        self._retry.reset()
        self._state.update(
            connected=True, since=self._clock.now().isoformat(), last_error="",
            sessions=int(str(self._state["sessions"])) + 1,
        )  # fmt: skip

    def _lost(self, error: str) -> None:
        self._memory.disconnect()
        if self._state["connected"]:
            self._state.update(connected=False, since=self._clock.now().isoformat())
        self._state["last_error"] = error
        if not self._told_lost:
            self._told_lost = True
            logger.warning(
                "网关 %s 与 OPC UA 服务器 %s 断开: %s；全部测点按坏质量上报，正在自动重连",
                self._gateway.code, self._session_options.url, error,
            )  # fmt: skip

    async def _keep_frames(self, emit: Emit) -> None:
        """A frame at every whole period of the clock, or at once when every point has spoken since the last one."""
        period_us = int(self._gateway.period_seconds * 1e6)
        while True:
            now_us = self._now_us()
            tick_us = now_us - now_us % period_us + period_us
            try:
                async with asyncio.timeout((tick_us - now_us) / 1e6):
                    await self._frame_ready.wait()
                tick_us = self._now_us()
            except TimeoutError:
                session = self._session
                if self._confirm_by_read and session is not None:
                    await session.confirm(self._memory.unconfirmed(monotonic()))
            self._frame_ready.clear()
            for scan in self._memory.frames(tick_us, monotonic()):
                emit(scan)

    def _now_us(self) -> int:
        return int(self._clock.now().timestamp() * 1e6)
