"""Client of the log: a durable stream of envelopes, published with acknowledgement and read in order.

`publish` returns after the server has the message on disk. A `Reader` gives the messages of its partitions in order,
from where its caller left off; how far that is the caller keeps beside what he made of them, so whoever is killed
reads again what was not committed. The stream never drops anything by itself: it refuses new messages when it is full,
and `trim` removes what all who read it have done with.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, PubAck, RetentionPolicy, StorageType, StreamConfig, StreamInfo

from anlan.stream.connection import FAULTS, LogFull, LogUnavailable, close, connect
from anlan.stream.partition import SHARED
from anlan.stream.reader import LogCut, LogMessage, Reader, holds

__all__ = [
    "Log",
    "LogCut",
    "LogFull",
    "LogMessage",
    "LogState",
    "LogUnavailable",
    "Reader",
    "StreamLayout",
    "identity_of",
]

DUPLICATE_WINDOW_S = 120.0
NEAR = 1000
"""A partition so few messages behind the furthest is not asked about before trimming: little is held back for it."""
_STREAM_FULL = {10077, 10047, 10023}


@dataclass(frozen=True)
class StreamLayout:
    """A stream and its subjects `<prefix>.<number>`; `max_bytes` bounds what is kept on disk.

    ``replicas``: on how many servers of a cluster each message lies before it counts as published.
    """

    name: str = "SAMPLES"
    prefix: str = "samples"
    max_bytes: int = 16 * 1024**3
    replicas: int = 1

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
            num_replicas=self.replicas,
        )


def identity_of(info: StreamInfo) -> str:
    """A name of this very stream: another one (made anew, restored) has another."""
    return f"{info.config.name}@{info.created.isoformat() if info.created else ''}"[:60]


@dataclass(frozen=True, slots=True)
class LogState:
    """Which log it is, its oldest number (the next one of an empty log) and its newest (0: never any)."""

    identity: str
    first_seq: int
    last_seq: int


async def first_to_keep(
    state: LogState, done: Mapping[int, int], next_seq: Callable[[int, int], Awaitable[int | None]]
) -> int:
    """The number of the first message that somebody may still need; what lies before it is done with (`Log.trim`).

    ``next_seq(partition, after)`` is asked only of partitions that seem to be far behind the others. 0: nothing is to
    be removed.
    """
    furthest = max(done.values(), default=0)
    if furthest > state.last_seq:
        return 0
    floors: list[int] = []
    for partition, seq in sorted(done.items(), key=lambda item: item[1]):
        if seq + NEAR < min([furthest, *floors]):
            # nothing came while we asked: the state was read before
            coming = await next_seq(partition, seq)
            seq = state.last_seq if coming is None else coming - 1
        floors.append(seq)
    return min([state.last_seq, *floors]) + 1 if floors else 0


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

    @property
    def connection(self) -> tuple[int, bool]:
        """Another one whenever the server was lost or met again: it may have come back with less than it had taken."""
        return int(self._client.stats["reconnects"]), self.connected

    async def ensure(self, beyond: Callable[[], Awaitable[int]] | None = None) -> None:
        """Create the stream, or bring its limits up to the layout. Repeating it changes nothing.

        ``beyond`` is asked when the stream has to be made: its numbers begin after that one, so that no number of an
        earlier log, of which databases may still speak, is given out again.
        """
        config = self.layout.config()
        try:
            try:
                await self._js.stream_info(self.layout.name)
            except nats.js.errors.NotFoundError:
                last = await beyond() if beyond is not None else 0
                await self._js.add_stream(config.evolve(first_seq=last + 1) if last else config)
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

    def reader(self, role: str) -> Reader:
        """A reader for one process of ``role``; say with `Reader.aim` what it reads, and from where."""
        return Reader(self._client, self._js, self.layout.name, self.layout.prefix, role)

    async def forget_consumer(self, durable: str) -> None:
        """Remove a durable consumer of an earlier version, which kept its place on the server; none there is fine."""
        try:
            await self._js.delete_consumer(self.layout.name, durable)
        except nats.js.errors.NotFoundError:
            return
        except FAULTS as error:
            raise LogUnavailable(str(error)) from error

    async def next_seq(self, partition: int, after: int) -> int | None:
        """The first message that may hold something of a partition behind number ``after``; None when there is none.

        The messages come along with the answer, so this is no question for every second. Raises LogUnavailable.
        """
        found = [await self._next_on(number, after) for number in (partition, SHARED)]
        return min((seq for seq in found if seq is not None), default=None)

    async def _next_on(self, number: int, after: int) -> int | None:
        subject = f"{self.layout.prefix}.{number}"
        try:
            found = await self._js.get_msg(self.layout.name, seq=after + 1, subject=subject, next=True)
        except nats.js.errors.NotFoundError:
            return None
        except FAULTS as error:
            raise LogUnavailable(str(error)) from error
        return int(found.seq or 0)

    async def last_seq(self) -> int:
        """Sequence of the newest message, 0 for an empty log. Raises LogUnavailable."""
        try:
            return int((await self._js.stream_info(self.layout.name)).state.last_seq)
        except FAULTS as error:
            raise LogUnavailable(str(error)) from error

    async def newest_at(self) -> datetime | None:
        """When the log took its newest message, by its host's clock; None for an empty log. Raises LogUnavailable."""
        try:
            last = (await self._js.stream_info(self.layout.name)).state.last_seq
            return (await self._js.get_msg(self.layout.name, seq=last)).time if last else None
        except nats.js.errors.NotFoundError:
            return None
        except FAULTS as error:
            raise LogUnavailable(str(error)) from error

    async def state(self) -> LogState:
        """Which log this is, and the numbers that it holds. Raises LogUnavailable."""
        try:
            info = await self._js.stream_info(self.layout.name)
        except FAULTS as error:
            raise LogUnavailable(str(error)) from error
        return LogState(identity_of(info), int(info.state.first_seq), int(info.state.last_seq))

    async def identity(self) -> str:
        """A name of this very log: another one (made anew, restored) has another. Raises LogUnavailable."""
        return (await self.state()).identity

    async def lacks(self, places: Mapping[int, tuple[int, int]]) -> set[int]:
        """The partitions whose place, (number, when the log took it), is not in this log. Raises LogUnavailable."""
        found: dict[tuple[int, int], bool] = {}
        try:
            for place in set(places.values()):
                found[place] = await holds(self._js, self.layout.name, *place)
        except FAULTS as error:
            raise LogUnavailable(str(error)) from error
        return {partition for partition, place in places.items() if not found[place]}

    async def trim(self, done: Mapping[int, int]) -> int:
        """Remove what is done with; returns the first sequence kept. Raises LogUnavailable.

        ``done``: for every partition how far all who read it have it in their databases. Where a partition has been
        quiet its number says less than is known, so the log is asked for the partition's next message before anything
        is held back for it. Numbers beyond the log's last are of another one: then nothing is removed. Safe to repeat
        and to run from several processes.
        """
        state = await self.state()
        first = await first_to_keep(state, done, self.next_seq)
        if first <= state.first_seq:
            return state.first_seq
        try:
            await self._js.purge_stream(self.layout.name, seq=first)
        except FAULTS as error:
            raise LogUnavailable(str(error)) from error
        return first

    async def tell(self, subject: str, payload: bytes) -> bool:
        """Publish a passing hint outside the log (not stored). False when it could not be sent; never raises."""
        if not self._client.is_connected:
            return False
        try:
            await self._client.publish(subject, payload)
        except FAULTS:
            return False
        return True

    async def listen(self, subject: str, handler: Callable[[bytes], None]) -> None:
        """Call `handler(payload)` for every passing hint on `subject`, for as long as the connection lives."""

        async def on_message(message: Msg) -> None:
            handler(message.data)

        await self._client.subscribe(subject, cb=on_message)
        await self._client.flush()

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
