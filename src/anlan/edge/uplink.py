"""Local log → intake. A packet leaves the log after the centre accounted for it, and for no other reason.

Batches go up in order, one at a time: an outage leaves a queue, not a loss, and a crash at any instant re-sends what
was not settled (the centre absorbs repeats by ``dataId``). While the queue is older than a minute, fresh packets go
past it as ``[intake] backlog`` says, so that a long outage is not prolonged by its own backlog; each of the two stays
in order. One bad packet never blocks the queue: it is isolated by splitting, recorded with its reason and settled.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections import deque
from collections.abc import Mapping, Sequence
from enum import StrEnum

import httpx
import zstandard

from anlan.edge.backoff import Backoff
from anlan.edge.buffer import Buffer, Buffered, BufferUnavailable, Depth, Reader
from anlan.edge.compact import Compact, announcement, compacted
from anlan.edge.config import GatewayConfig, IntakeConfig
from anlan.edge.losses import Losses
from anlan.edge.packet import as_backfill
from anlan.edge.reply import Decision, Verdict, decide
from anlan.now import Clock

logger = logging.getLogger(__name__)
_FETCH_SECONDS = 1.0
_BACKFILL_AGE_US = 60_000_000
_UNKNOWN_TAGS = "unknown_tags"


class LinkState(StrEnum):
    """How it stands between this gateway and the centre."""

    STARTING = "starting"
    OK = "ok"
    RETRYING = "retrying"
    REJECTED = "rejected"  # key, gateway code or address is wrong: somebody must act


class Uplink:
    """Sends the buffer of one gateway."""

    def __init__(
        self, gateway: GatewayConfig, intake: IntakeConfig, buffer: Buffer, losses: Losses, clock: Clock,
        *, retry: Backoff | None = None, slow_retry: Backoff | None = None,
    ) -> None:  # fmt: skip
        self._gateway = gateway
        self._intake = intake
        self._buffer = buffer
        self._losses = losses
        self._clock = clock
        self._retry = retry or Backoff(0.5, 30.0)
        self._slow_retry = slow_retry or Backoff(15.0, 300.0)
        self._compress = True
        self._compact = intake.form == "compact"
        self._announced: set[str] = set()
        self._share = intake.batch_packets
        self._held: deque[Buffered] = deque()
        self._fresh_from: int | None = None
        """While a backlog drains: the place from which on packets go past it."""
        self._ahead: set[int] = set()
        """Places settled ahead of the backlog, which the reader may still bring."""
        self._only_fresh = False
        """The last settled request left the backlog out."""
        self.state = LinkState.STARTING
        self.settled = 0
        self.refused = 0
        self.last_settled_us: int | None = None
        self.last_error = ""

    async def run(self) -> None:
        """Send until cancelled."""
        local_retry = Backoff(0.2, 5.0)
        async with self._client() as client:
            while True:
                reader: Reader | None = None
                try:
                    await self._buffer.ensure()
                    reader = await self._buffer.reader(ack_wait_seconds=max(60.0, 3 * self._intake.timeout_seconds))
                    self._held.clear()
                    self._fresh_from = None
                    self._ahead.clear()
                    local_retry.reset()
                    while True:
                        await self._step(client, reader)
                except BufferUnavailable as error:
                    self.last_error = f"本机日志服务: {error}"
                    await asyncio.sleep(local_retry.next())
                finally:
                    if reader is not None:
                        await reader.close()

    def _client(self) -> httpx.AsyncClient:
        ca_file = self._intake.ca_file
        verify = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
        return httpx.AsyncClient(
            auth=httpx.BasicAuth(self._gateway.code, self._gateway.key),
            timeout=httpx.Timeout(self._intake.timeout_seconds, connect=min(5.0, self._intake.timeout_seconds)),
            verify=verify, proxy=self._intake.proxy, trust_env=False, follow_redirects=False,
        )  # fmt: skip

    async def _step(self, client: httpx.AsyncClient, reader: Reader) -> None:
        """Fetch if needed, send one batch, act on the answer."""
        if len(self._held) < self._share:
            # With packets in hand nothing is waited for: fetch only what is there already.
            wait = 0.05 if self._held else _FETCH_SECONDS
            await self._take(await reader.fetch(self._share - len(self._held), wait), reader)
        if not self._held:
            await self._buffer.give_up_unreadable(reader)
            return
        depth = await self._buffer.depth()
        batch = self._batch(await self._fresh(depth))
        decision = await self._post(client, batch, {
            "Anlan-Buffer-Packets": str(depth.packets),
            "Anlan-Buffer-Oldest-Us": str(depth.oldest_us or batch[0].collected_at_us),
            "Anlan-Dropped-Packets": str(self._losses.dropped),
        })  # fmt: skip
        await self._act(decision, batch, reader)

    async def _take(self, fetched: list[Buffered], reader: Reader) -> None:
        held = {packet.seq for packet in self._held}
        self._held.extend(packet for packet in fetched if packet.seq not in held and packet.seq not in self._ahead)
        await reader.settle([packet for packet in fetched if packet.seq in self._ahead])

    async def _fresh(self, depth: Depth) -> list[Buffered]:
        """Packets to go past the backlog now: from the newest at its discovery on, while the oldest in hand is old."""
        if self._intake.backlog == "oldest_first" or self._held[0].collected_at_us >= self._old_us():
            self._fresh_from = None
            self._ahead.clear()
            return []
        caught_up = self._held[-1].seq
        if self._fresh_from is None or self._fresh_from <= caught_up:
            self._fresh_from = max(depth.last_seq, caught_up + 1)
        if self._fresh_from > depth.last_seq:
            return []
        found = await self._buffer.look(self._fresh_from, min(depth.last_seq, self._fresh_from + self._share - 1))
        young = [packet for packet in found if packet.collected_at_us >= self._old_us()]
        if found and not young:
            # what was fresh has become backlog, which the reader will bring
            self._fresh_from = depth.last_seq
        return young

    def _old_us(self) -> int:
        return int(self._clock.now().timestamp() * 1e6) - _BACKFILL_AGE_US

    def _batch(self, fresh: list[Buffered]) -> list[Buffered]:
        """The next request: fresh packets alone, or the backlog behind them; interleaved, every second one brings
        backlog however large the packets are."""
        if self._intake.backlog == "live_first":
            waiting = fresh or list(self._held)
        else:
            waiting = [*([] if self._only_fresh else fresh), *self._held]
        batch: list[Buffered] = []
        size = 0
        for packet in waiting:
            size += len(packet.data) + 1
            if batch and (len(batch) >= self._share or size > self._intake.batch_bytes):
                break
            batch.append(packet)
        return batch

    async def _post(self, client: httpx.AsyncClient, batch: list[Buffered], headers: Mapping[str, str]) -> Decision:
        old_us = self._old_us()
        packets = [as_backfill(packet.data) if packet.collected_at_us < old_us else packet.data for packet in batch]
        if not self._compact:
            return await self._send(client, packets, headers)
        made = [compacted(packet) for packet in packets]
        for _ in range(2):
            refusal = await self._announce(client, made, headers)
            if refusal is not None:
                break
            bodies = [packet if short is None else short.body for packet, short in zip(packets, made, strict=True)]
            decision = await self._send(client, bodies, headers)
            if not any(each.reason == _UNKNOWN_TAGS for each in decision.refused):
                break
            self._announced.clear()
        if refusal is not None and refusal.verdict is not Verdict.SETTLED:
            return refusal
        if refusal is None and not {each.reason for each in decision.refused} & {_UNKNOWN_TAGS, "malformed"}:
            return decision
        # the centre may know no compact form, or these packets may be what it cannot take: the national form tells
        national = await self._send(client, packets, headers)
        if national.verdict is Verdict.SETTLED and not national.refused:
            self._compact = False
            logger.warning("网关 %s: 中心不接受紧凑报文，改用国家报文", self._gateway.code)
        return national

    async def _announce(
        self, client: httpx.AsyncClient, made: Sequence[Compact | None], headers: Mapping[str, str]
    ) -> Decision | None:
        """Make the lists that these packets go by known; None when they are, else what the centre said."""
        for short in made:
            if short is None or short.hash in self._announced:
                continue
            told = announcement(self._gateway.enterprise, self._gateway.code, short.tags)
            decision = await self._send(client, [told], headers)
            if decision.verdict is not Verdict.SETTLED or decision.refused:
                return Decision(Verdict.SETTLED, decision.refused) if decision.verdict is Verdict.SPLIT else decision
            self._announced.add(short.hash)
        return None

    async def _send(self, client: httpx.AsyncClient, packets: Sequence[bytes], headers: Mapping[str, str]) -> Decision:
        body = b"\n".join(packets)
        sent_headers = {"Content-Type": "application/x-ndjson", **headers}
        if self._compress:
            body = zstandard.ZstdCompressor(level=3).compress(body)
            sent_headers["Content-Encoding"] = "zstd"
        try:
            async with asyncio.timeout(self._intake.timeout_seconds * 1.5):
                # httpx limits each read; an answer that drips must end, too
                answer = await client.post(self._intake.packets_url, content=body, headers=sent_headers)
        except (httpx.HTTPError, TimeoutError, OSError) as error:
            return Decision(Verdict.RETRY, detail=f"{type(error).__name__} {error}".strip())
        return decide(answer.status_code, answer.content, len(packets), answer.headers.get("Retry-After"))

    async def _act(self, decision: Decision, batch: list[Buffered], reader: Reader) -> None:
        if decision.verdict is Verdict.SETTLED:
            await self._settle(decision, batch, reader)
        elif decision.verdict is Verdict.SPLIT and len(batch) > 1:
            self._share = max(1, len(batch) // 2)
        elif decision.verdict is Verdict.SPLIT:
            await self._give_up(batch, reader, decision)
        elif decision.verdict is Verdict.PLAIN and self._compress:
            self._compress = False
            logger.warning("网关 %s: 中心不接受 zstd 压缩，改为不压缩发送", self._gateway.code)
        elif decision.verdict is Verdict.RETRY:
            self._say(LinkState.RETRYING, decision.detail)
            await asyncio.sleep(max(self._retry.next(), decision.retry_after or 0.0))
        else:
            self._say(LinkState.REJECTED, decision.detail)
            await asyncio.sleep(self._slow_retry.next())

    async def _settle(self, decision: Decision, batch: list[Buffered], reader: Reader) -> None:
        for refusal in decision.refused:
            await self._buffer.refuse(batch[refusal.index], refusal.reason, refusal.detail)
        await self._release(batch, reader)
        self.refused += len(decision.refused)
        if decision.refused:
            first = decision.refused[0]
            logger.error(
                "网关 %s: 中心拒收 %d 个报文（%s %s），已存入本机拒收记录",
                self._gateway.code, len(decision.refused), first.reason, first.detail,
            )  # fmt: skip
        self.settled += len(batch)
        self.last_settled_us = int(self._clock.now().timestamp() * 1e6)
        self._share = min(self._intake.batch_packets, self._share * 2)
        self._retry.reset()
        self._slow_retry.reset()
        self._say(LinkState.OK, "")

    async def _give_up(self, batch: list[Buffered], reader: Reader, decision: Decision) -> None:
        """A single packet that the centre answers with 400 or 413 and no account: never to be taken."""
        await self._buffer.refuse(batch[0], "unanswerable", decision.detail)
        await self._release(batch, reader)
        self.refused += 1
        logger.error("网关 %s: 中心不收一个报文（%s），已存入本机拒收记录", self._gateway.code, decision.detail)

    async def _release(self, batch: list[Buffered], reader: Reader) -> None:
        """These are accounted for: out of the log, out of hand."""
        fresh = [packet for packet in batch if packet.message is None]
        if fresh:
            await self._buffer.remove(fresh)
            self._ahead.update(packet.seq for packet in fresh)
            self._fresh_from = fresh[-1].seq + 1
        in_turn = batch[len(fresh) :]
        self._only_fresh = not in_turn
        await reader.settle(in_turn)
        for _ in in_turn:
            self._held.popleft()

    def _say(self, state: LinkState, detail: str) -> None:
        """Log a change of state once; a rejected gateway says so at each of its slow attempts."""
        changed, self.state, self.last_error = state is not self.state, state, detail
        if state is LinkState.REJECTED:
            logger.error(
                "网关 %s 被中心拒绝（%s）：请核对网关编码、密钥与 [intake] url；数据已缓存在本机，不会丢失",
                self._gateway.code, detail,
            )  # fmt: skip
        elif changed and state is LinkState.RETRYING:
            logger.warning("网关 %s 暂时送不到中心: %s；数据缓存在本机，自动重试", self._gateway.code, detail)
        elif changed:
            logger.warning("网关 %s 与中心通信正常", self._gateway.code)
