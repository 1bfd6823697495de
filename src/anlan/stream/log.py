"""Client of the log: a durable stream of envelopes, published with acknowledgement and consumed in order.

`publish` returns after the server has the message on disk. A consumer sees each message once per process, in stream
order, also across restarts of either side, and `ack_through` is called after the caller's own commit; whoever is
killed in between sees the messages again. The stream never drops anything by itself: it refuses new messages when it
is full, and `trim` removes what every named consumer has acknowledged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    ConsumerInfo,
    DeliverPolicy,
    DiscardPolicy,
    PubAck,
    RetentionPolicy,
    StorageType,
    StreamConfig,
    StreamInfo,
)

from anlan.stream.connection import FAULTS, LogFull, LogUnavailable, close, connect

__all__ = ["Consumption", "Log", "LogFull", "LogMessage", "LogUnavailable", "StreamLayout", "identity_of"]

DUPLICATE_WINDOW_S = 120.0
ACK_WAIT_S = 120.0
MAX_ACK_PENDING = 50_000
_STREAM_FULL = {10077, 10047, 10023}
_ACK_SSEQ, _ACK_DSEQ, _ACK_COUNT = -4, -3, -5


@dataclass(frozen=True)
class StreamLayout:
    """A stream and its subjects `<prefix>.<number>`; `max_bytes` bounds what is kept on disk."""

    name: str = "SAMPLES"
    prefix: str = "samples"
    max_bytes: int = 16 * 1024**3

    def config(self) -> StreamConfig:
        """The stream as the server should keep it: nothing is dropped to make room."""
        return StreamConfig(
            name=self.name,
            subjects=[f"{self.prefix}.*"],
            retention=RetentionPolicy.LIMITS,
            storage=StorageType.FILE,
            discard=DiscardPolicy.NEW,
            max_bytes=self.max_bytes,
            max_age=0,
            duplicate_window=DUPLICATE_WINDOW_S,
        )


def identity_of(info: StreamInfo) -> str:
    """A name of this very stream: another one (made anew, restored) has another."""
    return f"{info.config.name}@{info.created.isoformat() if info.created else ''}"[:60]


class LogMessage(msgspec.Struct, frozen=True, gc=False):
    """One message of the log. `redelivered`: some process may already have seen it."""

    seq: int
    partition: int
    data: bytes
    redelivered: bool


class Log:
    """One connection to the log. Not thread-safe: use it from the event loop that connected it."""

    def __init__(self, client: Client, layout: StreamLayout, lost: asyncio.Event) -> None:
        self._client = client
        self._js: JetStreamContext = client.jetstream(timeout=5)
        self._lost = lost
        self.layout = layout

    @classmethod
    async def connect(
        cls, url: str, *, layout: StreamLayout | None = None, name: str = "anlan", timeout: float = 10.0
    ) -> Log:
        """Connect; reconnects for ever afterwards. Raises LogUnavailable when no server answers in time."""
        lost = asyncio.Event()
        return cls(await connect(url, name, timeout, lost.set), layout or StreamLayout(), lost)

    @property
    def connected(self) -> bool:
        """Whether the server can be reached at this moment."""
        return bool(self._client.is_connected)

    async def ensure(self) -> None:
        """Create the stream, or bring its limits up to the layout. Repeating it changes nothing."""
        config = self.layout.config()
        try:
            try:
                await self._js.stream_info(self.layout.name)
            except nats.js.errors.NotFoundError:
                await self._js.add_stream(config)
            else:
                await self._js.update_stream(config)
        except FAULTS as error:
            raise LogUnavailable(f"stream {self.layout.name}: {error}") from error

    async def publish(self, partition: int, envelope: bytes, message_id: str, timeout: float = 5.0) -> int:
        """Append one message; returns its sequence once it is durable.

        A second publish of the same `message_id` within two minutes returns the first one's sequence. Raises
        LogUnavailable at once while disconnected, after `timeout` without an answer (the message may then be there:
        repeat it with the same id), and LogFull when the stream has reached its size.
        """
        if not self._client.is_connected:
            raise LogUnavailable("log server not reachable")
        sending = asyncio.ensure_future(
            self._js.publish(
                f"{self.layout.prefix}.{partition}",
                envelope,
                timeout=timeout,
                stream=self.layout.name,
                headers={"Nats-Msg-Id": message_id},
            )
        )
        try:
            ack = await self._unless_lost(sending)
        except nats.js.errors.APIError as error:
            kind = LogFull if error.err_code in _STREAM_FULL else LogUnavailable
            raise kind(str(error)) from error
        except FAULTS as error:
            raise LogUnavailable(str(error) or "no acknowledgement in time") from error
        return int(ack.seq)

    async def _unless_lost(self, sending: asyncio.Future[PubAck]) -> PubAck:
        # the library would wait out the full timeout for an answer that a broken connection can no longer bring
        self._lost.clear()
        alarm = asyncio.ensure_future(self._lost.wait())
        try:
            either: set[asyncio.Future[Any]] = {sending, alarm}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not sending.done():
                raise LogUnavailable("connection lost before the acknowledgement")
            return await sending
        finally:
            alarm.cancel()
            sending.cancel()

    async def consume(
        self, durable: str, partitions: Collection[int] | None = None, start_seq: int | None = None
    ) -> Consumption:
        """Take up the durable consumer `durable` where it stopped (a new one starts at the oldest message).

        `partitions` limits it to those (None: all); `start_seq` moves it to that sequence, for callers that keep
        their own position. One process at a time per durable name. Raises LogUnavailable.
        """
        subjects = [f"{self.layout.prefix}.*"]
        if partitions is not None:
            subjects = [f"{self.layout.prefix}.{partition}" for partition in sorted(partitions)]
        config = ConsumerConfig(
            durable_name=durable,
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.ALL,
            ack_wait=ACK_WAIT_S,
            max_deliver=-1,
            max_ack_pending=MAX_ACK_PENDING,
            filter_subjects=subjects,
        )
        try:
            info = await self._js.add_consumer(self.layout.name, config)
            consumption = Consumption(self._client, self._js, self.layout, durable)
            await consumption.begin(info, start_seq)
        except FAULTS as error:
            raise LogUnavailable(f"consumer {durable}: {error}") from error
        return consumption

    async def last_seq(self) -> int:
        """Sequence of the newest message, 0 for an empty log. Raises LogUnavailable."""
        try:
            return int((await self._js.stream_info(self.layout.name)).state.last_seq)
        except FAULTS as error:
            raise LogUnavailable(str(error)) from error

    async def identity(self) -> str:
        """A name of this very log: another one (made anew, restored) has another. Raises LogUnavailable."""
        try:
            info = await self._js.stream_info(self.layout.name)
        except FAULTS as error:
            raise LogUnavailable(str(error)) from error
        return identity_of(info)

    async def lag(self, durable: str) -> int:
        """Messages that `durable` has not acknowledged yet. Raises LogUnavailable (also for an unknown name)."""
        try:
            info = await self._js.consumer_info(self.layout.name, durable)
        except FAULTS as error:
            raise LogUnavailable(str(error)) from error
        return (info.num_pending or 0) + (info.num_ack_pending or 0)

    async def trim(self, durables: Collection[str]) -> int:
        """Remove what all of `durables` have acknowledged; returns the first sequence kept.

        When one of them does not exist yet nothing is removed. Safe to repeat and to run from several processes.
        """
        try:
            state = (await self._js.stream_info(self.layout.name)).state
            floors = []
            for durable in durables:
                info = await self._js.consumer_info(self.layout.name, durable)
                idle = not info.num_pending and not info.num_ack_pending
                floors.append(state.last_seq if idle or info.ack_floor is None else info.ack_floor.stream_seq)
            keep_from = min(floors, default=0) + 1
            if keep_from > state.first_seq:
                await self._js.purge_stream(self.layout.name, seq=keep_from)
            return int(max(keep_from, state.first_seq))
        except nats.js.errors.NotFoundError:
            return 1
        except FAULTS as error:
            raise LogUnavailable(str(error)) from error

    async def tell(self, subject: str, payload: bytes) -> bool:
        """Publish a passing hint outside the log (not stored). False when it could not be sent; never raises."""
        if not self._client.is_connected:
            return False
        try:
            await self._client.publish(subject, payload)
        except FAULTS:
            return False
        return True

    async def answer(self, subject: str, handler: Callable[[bytes], Awaitable[bytes]]) -> None:
        """Answer requests on `subject` with `handler(payload)` for as long as the connection lives."""

        async def on_message(message: Msg) -> None:
            if message.reply:
                await message.respond(await handler(message.data))

        await self._client.subscribe(subject, cb=on_message)
        await self._client.flush()

    async def close(self) -> None:
        """Close the connection; unacknowledged messages come again to the next consumer."""
        await close(self._client)


class Consumption:
    """An ordered reader over one durable consumer; made by `Log.consume`."""

    def __init__(self, client: Client, js: JetStreamContext, layout: StreamLayout, durable: str) -> None:
        self._client = client
        self._js = js
        self._layout = layout
        self.durable = durable
        self._pull: JetStreamContext.PullSubscription | None = None
        self._expected = 1
        self._handed = 0
        self._acked = 0
        self._owed = 0
        self._messages: dict[int, Msg] = {}
        self._reconnects = client.stats["reconnects"]

    async def begin(self, info: ConsumerInfo, start_seq: int | None) -> None:
        """Bind to the consumer; what an earlier process took and never acknowledged comes first, in order."""
        if start_seq is not None:
            await self._rewind(start_seq)
        elif info.num_ack_pending:
            await self._rewind(None)
        else:
            self._expected = (info.delivered.consumer_seq if info.delivered else 0) + 1
            self._pull = await self._js.pull_subscribe_bind(self.durable, stream=self._layout.name)

    async def fetch(self, max_msgs: int, timeout: float) -> list[LogMessage]:
        """Up to `max_msgs` next messages in order; an empty list when none came within `timeout` seconds.

        Raises LogUnavailable while the server cannot be reached; call again later.
        """
        try:
            if self._pull is None or self._client.stats["reconnects"] != self._reconnects:
                # deliveries on their way may have been lost with the old connection
                await self._rewind(None)
            assert self._pull is not None
            raw = await self._pull.fetch(max(2, max_msgs), timeout)
        except TimeoutError:
            if not self._client.is_connected:
                raise LogUnavailable("log server not reachable") from None
            return []
        except FAULTS as error:
            raise LogUnavailable(str(error)) from error
        return await self._in_order(raw)

    async def ack_through(self, msgs: Sequence[LogMessage], timeout: float = 5.0) -> None:
        """Acknowledge `msgs` and everything before them. Call it after the commit.

        Raises LogUnavailable when the server did not confirm: they may come again to the next process, while this
        one will not see them twice.
        """
        if not msgs:
            return
        self._owed = max(self._owed, max(message.seq for message in msgs))
        await self._settle(timeout)

    async def close(self) -> None:
        """Stop reading. The durable position stays."""
        if self._pull is not None:
            pull, self._pull = self._pull, None
            await _unsubscribe(pull)

    async def _in_order(self, raw: list[Msg]) -> list[LogMessage]:
        fresh: list[LogMessage] = []
        for message in raw:
            tokens = message.reply.split(".")
            offset = 0 if len(tokens) == 9 else -_trailing(tokens)
            seq, delivery = int(tokens[_ACK_SSEQ + offset]), int(tokens[_ACK_DSEQ + offset])
            if delivery != self._expected:
                # something was lost on the way: everything unacknowledged comes again, in order
                self._pull = None
                break
            self._expected += 1
            self._messages[seq] = message
            if seq > self._handed:
                self._handed = seq
                partition = int(message.subject.rsplit(".", 1)[1])
                again = int(tokens[_ACK_COUNT + offset]) > 1
                fresh.append(LogMessage(seq, partition, message.data, again))
        if self._owed > self._acked:
            await self._settle(5.0)
        return fresh

    async def _settle(self, timeout: float) -> None:
        known = [seq for seq in self._messages if seq <= self._owed]
        if not known or self._client.stats["reconnects"] != self._reconnects:
            return
        newest = max(known)
        try:
            await self._messages[newest].ack_sync(timeout)
        except FAULTS as error:
            raise LogUnavailable(f"acknowledgement not confirmed: {error}") from error
        self._acked = max(self._acked, newest)
        for seq in known:
            del self._messages[seq]

    async def _rewind(self, start_seq: int | None) -> None:
        reconnects = self._client.stats["reconnects"]
        if not self._client.is_connected:
            raise LogUnavailable("log server not reachable")
        if self._pull is not None:
            pull, self._pull = self._pull, None
            await _unsubscribe(pull)
        try:
            await self._js.reset_consumer(self._layout.name, self.durable, start_seq)
            self._messages.clear()
            self._expected = 1
            self._pull = await self._js.pull_subscribe_bind(self.durable, stream=self._layout.name)
        except TimeoutError as error:
            raise LogUnavailable("log server does not answer") from error
        self._reconnects = reconnects


def _trailing(tokens: list[str]) -> int:
    # the twelve-token form ends with a random token after the count of pending messages
    return 1 if len(tokens) >= 12 else 0


async def _unsubscribe(pull: JetStreamContext.PullSubscription) -> None:
    try:
        await pull.unsubscribe()
    except FAULTS:
        return
