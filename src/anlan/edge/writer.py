"""Driver → local log. Drivers never wait: what cannot be written yet is held in memory, and counted when given up."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from uuid import uuid4

from anlan.edge.backoff import Backoff
from anlan.edge.buffer import Buffer, BufferUnavailable, Gap
from anlan.edge.config import GatewayConfig
from anlan.edge.losses import Losses
from anlan.edge.packet import encode
from anlan.edge.scan import Scan

logger = logging.getLogger(__name__)
_HELD_SCANS = 2000


class Writer:
    """Turns the scans of one gateway into packets in its buffer, in order."""

    def __init__(
        self, gateway: GatewayConfig, buffer: Buffer, losses: Losses, decimals: Mapping[str, int | None],
        held_scans: int = _HELD_SCANS,
    ) -> None:  # fmt: skip
        self._gateway = gateway
        self._buffer = buffer
        self._losses = losses
        self._decimals = decimals
        self._held: deque[tuple[int, Scan]] = deque()
        self._boot = uuid4().hex[:12]
        self._number = 0
        """Of the newest scan offered in this run: one that is given up leaves a gap that the centre sees."""
        self._held_scans = held_scans
        self._arrived = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.written = 0
        self.last_collected_us: int | None = None
        self.connected: bool | None = None

    def offer(self, scan: Scan) -> None:
        """Take one scan and return at once. With the local log away for long, the oldest held scan gives way."""
        while len(self._held) >= self._held_scans:
            _, oldest = self._held.popleft()
            self._losses.record(Gap(1, oldest.collected_at_us, oldest.collected_at_us, "local_log_unavailable"))
        self._number += 1
        self._held.append((self._number, scan))
        self._arrived.set()
        self._idle.clear()
        self.connected = scan.connected

    async def run(self) -> None:
        """Write what is offered until cancelled. The packet in hand at a cancellation stays the first in memory."""
        retry = Backoff(0.1, 5.0)
        told = False
        while True:
            if not self._held:
                self._idle.set()
                self._arrived.clear()
                await self._arrived.wait()
            number, scan = self._held[0]
            data_id, packet = encode(
                scan, enterprise=self._gateway.enterprise, gateway=self._gateway.code, decimals=self._decimals,
                seq=number, boot=self._boot,
            )  # fmt: skip
            try:
                await self._buffer.put(packet, data_id, scan.collected_at_us)
            except (BufferUnavailable, OSError) as error:
                if not told:
                    told = True
                    logger.error("网关 %s 写不进本机缓存: %s；数据暂存内存，继续重试", self._gateway.code, error)
                await asyncio.sleep(retry.next())
                continue
            if told:
                told = False
                logger.warning("网关 %s 的本机缓存已恢复", self._gateway.code)
            retry.reset()
            if self._held and self._held[0][0] == number:  # it may have given way while the log was slow
                self._held.popleft()
            self.written += 1
            self.last_collected_us = scan.collected_at_us

    async def drain(self) -> None:
        """Wait until everything offered so far is in the local log."""
        await self._idle.wait()
