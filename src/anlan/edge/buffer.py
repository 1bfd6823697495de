"""The gateway's own log on disk: what was read stays here until the centre answered for it.

One JetStream work queue per gateway on the local server; a packet is gone only when it is settled. When the buffer is
full the *oldest* packets give way, counted and recorded as a gap: the present state of a plant matters more than its
history, and a loss is never silent. Packets the centre will never take are moved to a side stream with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import msgspec
import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)

COLLECTED = "Anlan-Collected-Us"
_API_SECONDS = 3.0
_NO_SUCH_MESSAGE = 10043
_REFUSED_BYTES = 64 * 1024 * 1024
_MAKE_ROOM_SHARE = 50  # a full buffer gives up one part in fifty at a time


class BufferUnavailable(Exception):
    """The local log server does not answer; nothing was lost, try again."""


@dataclass(frozen=True, slots=True)
class Buffered:
    """One packet on its way up: place in the log, bytes, collect time. ``message`` is None when it was looked up out of
    turn (`Buffer.look`) instead of read in order."""

    seq: int
    data: bytes
    collected_at_us: int
    message: Msg | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """Packets given up, with the span of their collect times (microseconds) and why."""

    packets: int
    from_us: int
    to_us: int
    reason: str


@dataclass(frozen=True, slots=True)
class Depth:
    """How much waits: packets, bytes, collect time of the oldest (``None`` when empty), place of the newest."""

    packets: int
    bytes: int
    oldest_us: int | None
    last_seq: int = 0


class Buffer:
    """One gateway's buffer. ``on_gap`` is told of every packet that had to give way, before it is removed."""

    def __init__(self, client: Client, gateway: str, max_bytes: int, on_gap: Callable[[Gap], None]) -> None:
        self._client = client
        self._js: JetStreamContext = client.jetstream(timeout=_API_SECONDS)
        self._gateway = gateway
        self._max_bytes = max_bytes
        self._on_gap = on_gap
        self.stream = f"EDGE-{gateway}"
        self._subject = f"edge.packets.{gateway}"
        self._refused_stream = f"EDGE-REFUSED-{gateway}"
        self._refused_subject = f"edge.refused.{gateway}"

    async def ensure(self) -> None:
        """Create the streams or bring their limits to the configuration; safe to repeat."""
        await self._ensure_stream(StreamConfig(
            name=self.stream, subjects=[self._subject], retention=RetentionPolicy.WORK_QUEUE,
            storage=StorageType.FILE, max_bytes=self._max_bytes, discard=DiscardPolicy.NEW, duplicate_window=120,
        ))  # fmt: skip
        await self._ensure_stream(StreamConfig(
            name=self._refused_stream, subjects=[self._refused_subject], retention=RetentionPolicy.LIMITS,
            storage=StorageType.FILE, max_bytes=_REFUSED_BYTES, discard=DiscardPolicy.OLD, duplicate_window=120,
        ))  # fmt: skip

    async def _ensure_stream(self, config: StreamConfig) -> None:
        try:
            with _local_log():
                await self._js.update_stream(config)
        except _Absent:
            with _local_log():
                await self._js.add_stream(config)

    async def put(self, packet: bytes, data_id: str, collected_at_us: int) -> None:
        """Keep one packet; returns when it is on disk. A repeat within two minutes is absorbed by its id.

        Raises `BufferUnavailable` when the local log does not answer; the packet may or may not be kept then, and
        putting it again is right.
        """
        headers = {"Nats-Msg-Id": data_id, COLLECTED: str(collected_at_us)}
        while True:
            try:
                with _local_log():
                    await self._js.publish(self._subject, packet, headers=headers)
                return
            except _Full:
                await self._make_room()

    async def _make_room(self) -> None:
        with _local_log():
            state = (await self._js.stream_info(self.stream)).state
        give_up = max(1, state.messages // _MAKE_ROOM_SHARE)
        if state.messages == 0:
            raise BufferUnavailable("缓存上限小于一个报文")
        last = state.first_seq + give_up - 1
        first_us = await self._collected_at(state.first_seq)
        last_us = await self._collected_at(min(last, state.last_seq))
        # Told first: a crash in between over-reports a loss, which is harmless; under-reporting would be silence.
        self._on_gap(Gap(give_up, first_us, max(first_us, last_us), "buffer_full"))
        with _local_log():
            await self._js.purge_stream(self.stream, seq=last + 1)

    async def _collected_at(self, seq: int) -> int:
        try:
            with _local_log():
                found = await self._js.get_msg(self.stream, seq=seq)
        except _Absent:
            return 0  # settled meanwhile
        return int((found.headers or {}).get(COLLECTED, 0))

    async def depth(self) -> Depth:
        """How much waits now."""
        with _local_log():
            state = (await self._js.stream_info(self.stream)).state
        oldest = await self._collected_at(state.first_seq) if state.messages else 0
        return Depth(state.messages, state.bytes, oldest or None, state.last_seq)

    async def look(self, first: int, last: int) -> list[Buffered]:
        """The packets at places ``first`` to ``last`` that are still there, whatever the reader has taken so far."""
        found = []
        for seq in range(first, last + 1):
            with suppress(_Absent), _local_log():
                held = await self._js.get_msg(self.stream, seq=seq)
                found.append(Buffered(seq, held.data or b"", int((held.headers or {}).get(COLLECTED, 0))))
        return found

    async def remove(self, packets: Iterable[Buffered]) -> None:
        """The centre answered for these, which were looked up: remove them. One that is gone already is right."""
        for packet in packets:
            with suppress(_Absent), _local_log():
                await self._js.delete_msg(self.stream, packet.seq)

    async def give_up_unreadable(self, reader: Reader) -> int:
        """Give up packets that the log holds and cannot read any more (damaged on disk); returns how many.

        They are those that are left when everything up to the newest has been handed out and settled.
        """
        with _local_log():
            state = (await self._js.stream_info(self.stream)).state
        if not state.messages or await reader.done_through() < state.last_seq:
            return 0
        self._on_gap(Gap(state.messages, 0, 0, "unreadable"))  # told first, as everywhere
        with _local_log():
            await self._js.purge_stream(self.stream, seq=state.last_seq + 1)
        return int(state.messages)

    async def refuse(self, packet: Buffered, reason: str, detail: str) -> None:
        """Record a packet the centre will never take. The caller settles it afterwards; a repeat is absorbed."""
        record = msgspec.json.encode({
            "reason": reason, "detail": detail, "collectedAtUs": packet.collected_at_us,
            "packet": packet.data.decode("utf-8", "replace"),
        })  # fmt: skip
        headers = {"Nats-Msg-Id": f"{self.stream}:{packet.seq}"}
        with _local_log():
            await self._js.publish(self._refused_subject, record, headers=headers)

    async def reader(self, ack_wait_seconds: float) -> Reader:
        """A reader from the oldest packet on. A former reader (of a killed process) is replaced, so that what it held
        comes again at once and in order."""
        durable = f"uplink-{self._gateway}"
        with suppress(_Absent), _local_log():
            await self._js.delete_consumer(self.stream, durable)
        config = ConsumerConfig(
            durable_name=durable, ack_policy=AckPolicy.EXPLICIT, ack_wait=ack_wait_seconds,
            deliver_policy=DeliverPolicy.ALL, max_ack_pending=20_000,
        )  # fmt: skip
        with _local_log():
            await self._js.add_consumer(self.stream, config)
            return Reader(await self._js.pull_subscribe_bind(durable, stream=self.stream))


class Reader:
    """Takes packets in order and settles them. Any `BufferUnavailable` ends its use: open a new one."""

    def __init__(self, subscription: JetStreamContext.PullSubscription) -> None:
        self._subscription = subscription

    async def fetch(self, most: int, wait_seconds: float) -> list[Buffered]:
        """Up to ``most`` packets, oldest first; empty when none came in time."""
        try:
            with _local_log():
                messages = await self._subscription.fetch(most, timeout=wait_seconds)
        except _Late:
            return []
        except _Absent as error:
            raise BufferUnavailable(str(error)) from error
        return [_buffered(message) for message in messages]

    async def settle(self, packets: list[Buffered]) -> None:
        """The centre answered for these: remove them. The last removal is confirmed by the log before this returns."""
        messages = [packet.message for packet in packets if packet.message is not None]
        if not messages:
            return
        with _local_log():
            for message in messages[:-1]:
                await message.ack()
            await messages[-1].ack_sync(timeout=_API_SECONDS)

    async def done_through(self) -> int:
        """Place of the newest packet handed out when nothing waits to be handed out or settled, else 0."""
        try:
            with _local_log():
                info = await self._subscription.consumer_info()
        except _Absent as error:
            raise BufferUnavailable(str(error)) from error
        if info.num_pending or info.num_ack_pending or info.delivered is None:
            return 0
        return int(info.delivered.stream_seq)

    async def close(self) -> None:
        with suppress(BufferUnavailable), _local_log():
            await self._subscription.unsubscribe()


class _Full(Exception):
    """The stream is at its size limit."""


class _Absent(Exception):
    """The stream, consumer or message is not there."""


class _Late(BufferUnavailable):
    """No answer in time."""


@contextmanager
def _local_log() -> Iterator[None]:
    """Turns the many errors of an exchange with the local log into the few that matter here."""
    try:
        yield
    except (nats.errors.TimeoutError, TimeoutError) as error:
        raise _Late("本机日志服务没有应答") from error
    except nats.js.errors.NotFoundError as error:
        raise _Absent(str(error)) from error
    except nats.js.errors.APIError as error:
        if "maximum bytes" in (error.description or ""):
            raise _Full from error
        if error.err_code == _NO_SUCH_MESSAGE:
            raise _Absent(str(error)) from error
        raise BufferUnavailable(str(error)) from error
    except (nats.errors.Error, OSError) as error:
        raise BufferUnavailable(str(error) or type(error).__name__) from error


def _buffered(message: Msg) -> Buffered:
    headers = message.headers or {}
    return Buffered(message.metadata.sequence.stream, message.data, int(headers.get(COLLECTED, 0)), message)
