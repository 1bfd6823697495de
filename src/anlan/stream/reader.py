"""An ordered reader of some partitions of the log, from a place of the caller's choice.

Nothing on the server outlives it: positions belong to the caller, who keeps them beside the effects of what was read.
One request to the server always stands, so messages come as soon as they are there; what is on its way is bounded.
Whatever goes wrong between (a server that dies, a lost connection, a gap) ends in a new consumer behind the last
message handed out, so that no message is missed or handed out twice by one reader. A log that came back without that
message (an older copy, a tail cut off) gives its number to another, and all up to it would be passed over in silence:
each new consumer compares, and `LogCut` is raised.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Collection
from contextlib import suppress

import msgspec
import nats.js.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from anlan import now
from anlan.stream.connection import FAULTS, LogUnavailable
from anlan.stream.envelope import EnvelopeError, parts_of
from anlan.stream.partition import SHARED

STANDING = 256
"""Messages asked for and not yet handed out, at most: 64 MB of the largest envelopes."""
ASK_S = 30.0
HEARTBEAT_S = 1.0
SILENT_S = 3.5
"""A consumer that lives says so every second while a request stands; so long without a sign it is made anew."""
FORGET_S = 30.0
"""The server forgets a consumer whose reader is gone after so long."""
_SSEQ, _DSEQ, _TIME = -4, -3, -2

logger = logging.getLogger(__name__)


class LogCut(Exception):
    """What was read from the log is not in it: it is an older copy, or its tail was cut off."""


class LogMessage(msgspec.Struct, frozen=True, gc=False):
    """One message of the log; ``taken_us``: when the log took it, by which it is told from another of its number."""

    seq: int
    partition: int
    data: bytes
    taken_us: int = 0


class Reader:
    """Made by `Log.reader`. Call `aim` first; not for several tasks at once."""

    def __init__(self, client: Client, js: JetStreamContext, stream: str, prefix: str, name: str) -> None:
        self._client, self._js, self._stream, self._prefix, self._name = client, js, stream, prefix, name
        self._partitions: frozenset[int] = frozenset()
        self.handed = 0
        """Everything of the partitions up to this number has been handed out (or lay before the start)."""
        self.handed_us = 0
        """When the log took the message of that number; 0: not known, as before the first answer of the server."""
        self._consumer = ""
        self._subscription: Subscription | None = None
        self._came: deque[Msg] = deque()
        self._news = asyncio.Event()
        self._standing = self._expected = 0
        self._heard = 0.0
        self._idle = False
        self._broken = ""
        self._reconnects = self._generation = 0

    async def aim(self, partitions: Collection[int], after: int) -> None:
        """Go on with these partitions behind number ``after``. Returns at once; the server is asked by `fetch`."""
        self._partitions, self.handed, self.handed_us = frozenset(partitions), after, 0
        await self._let_go()

    async def fetch(self, most: int, timeout: float) -> list[LogMessage]:
        """Up to ``most`` next messages in order; an empty list when none came within ``timeout`` seconds.

        Raises LogUnavailable while the server cannot be reached; call again later. Raises LogCut when the log lacks
        what was handed out: `aim` anew.
        """
        if not self._partitions:
            await asyncio.sleep(timeout)
            return []
        if not self._client.is_connected:
            raise LogUnavailable("log server not reachable")
        if self._client.stats["reconnects"] != self._reconnects or self._unwell():
            await self._let_go()
        try:
            if self._subscription is None:
                await self._compare()
                await self._make()
            if not self._came:
                self._news.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(timeout):
                        await self._news.wait()
            found = self._take(most)
            await self._ask()
        except FAULTS as error:
            await self._let_go()
            raise LogUnavailable(str(error) or "no answer in time") from error
        return found

    @property
    def at_end(self) -> bool:
        """Whether the server has lately said that it has nothing more: silence alone proves nothing."""
        return self._idle and not self._came and now.monotonic() - self._heard < SILENT_S

    async def close(self) -> None:
        """Stop reading."""
        await self._let_go()

    def _unwell(self) -> bool:
        if self._subscription is not None and now.monotonic() - self._heard > SILENT_S and not self._came:
            self._broken = self._broken or "no sign of the consumer"
        if self._broken:
            logger.info("%s reads on with a new consumer: %s", self._name, self._broken)
        return bool(self._broken)

    async def _compare(self) -> None:
        if not await holds(self._js, self._stream, self.handed, self.handed_us):
            raise LogCut(f"message {self.handed} is not in the log, or another one has its number")
        if not self.handed_us:
            # until it has handed something out its place is all that a log put back can be told by
            self.handed_us = await _taken_us(self._js, self._stream, self.handed)

    async def _make(self) -> None:
        reconnects = self._client.stats["reconnects"]
        consumer = f"{self._name}-{self._client._nuid.next().decode()}"
        every = [f"{self._prefix}.{partition}" for partition in [*sorted(self._partitions), SHARED]]
        config = ConsumerConfig(
            name=consumer,
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=self.handed + 1,
            ack_policy=AckPolicy.NONE,
            filter_subjects=every,
            inactive_threshold=FORGET_S,
            num_replicas=1,
            mem_storage=True,
        )
        try:
            await self._js.add_consumer(self._stream, config)
        except nats.js.errors.NotFoundError as error:
            raise LogUnavailable(f"no stream {self._stream}") from error
        inbox = self._client.new_inbox()
        self._generation += 1
        generation = self._generation

        async def on_message(message: Msg) -> None:
            if generation == self._generation:
                self._receive(message)

        self._subscription = await self._client.subscribe(inbox, cb=on_message)
        self._consumer, self._reconnects = consumer, reconnects
        self._standing, self._expected, self._broken = 0, 1, ""
        self._heard = now.monotonic()
        await self._ask()

    async def _ask(self) -> None:
        """Keep one half of the allowance asked for at least."""
        room = STANDING - self._standing - len(self._came)
        if self._subscription is None or room < STANDING // 2:
            return
        wish = {"batch": room, "expires": round(ASK_S * 1e9), "idle_heartbeat": round(HEARTBEAT_S * 1e9)}
        self._standing += room
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._consumer}"
        await self._client.publish(subject, json.dumps(wish).encode(), reply=self._subscription.subject)

    def _receive(self, message: Msg) -> None:
        self._heard = now.monotonic()
        status = (message.headers or {}).get("Status")
        if status is None or message.data:
            self._came.append(message)
            self._idle = False
            self._standing = max(0, self._standing - 1)
            self._news.set()
        elif status in ("404", "408"):
            # a request ended; what it still owed will not come
            owed = (message.headers or {}).get("Nats-Pending-Messages", "")
            self._standing = max(0, self._standing - int(owed)) if owed.isdigit() else 0
        elif status == "100":
            self._idle = True
        else:
            self._broken = f"{status} {(message.headers or {}).get('Description', '')}".strip()
            self._news.set()

    def _take(self, most: int) -> list[LogMessage]:
        found: list[LogMessage] = []
        while self._came and len(found) < most:
            message = self._came.popleft()
            tokens = message.reply.split(".")
            offset = 0 if len(tokens) == 9 else -_trailing(tokens)
            seq, delivery = int(tokens[_SSEQ + offset]), int(tokens[_DSEQ + offset])
            if delivery != self._expected:
                self._broken = f"delivery {delivery} instead of {self._expected}"
                self._came.clear()
                break
            self._expected += 1
            if seq > self.handed:
                self.handed, self.handed_us = seq, int(tokens[_TIME + offset]) // 1000
                found += self._parts(seq, int(message.subject.rsplit(".", 1)[1]), message.data)
        return found

    def _parts(self, seq: int, partition: int, data: bytes) -> list[LogMessage]:
        """A message as those who read it know it: what is shared is cut into the partitions that are read here."""
        if partition != SHARED:
            return [LogMessage(seq, partition, data, self.handed_us)]
        try:
            found = parts_of(data)
        except EnvelopeError:
            # whoever unpacks it tells what is wrong with it
            return [LogMessage(seq, min(self._partitions), data, self.handed_us)]
        return [LogMessage(seq, each, envelope, self.handed_us) for each, envelope in found if each in self._partitions]

    async def _let_go(self) -> None:
        subscription, consumer = self._subscription, self._consumer
        self._subscription, self._consumer, self._broken = None, "", ""
        self._generation += 1
        self._idle = False
        self._came.clear()
        if subscription is None:
            return
        # what cannot be taken back now the server forgets by itself
        with suppress(*FAULTS):
            await subscription.unsubscribe()
            if self._client.is_connected:
                await self._client.publish(f"$JS.API.CONSUMER.DELETE.{self._stream}.{consumer}", b"")


async def holds(js: JetStreamContext, stream: str, seq: int, taken_us: int) -> bool:
    """Whether the log has, or had and gave up, the very message of this number that it took at ``taken_us``.

    Without an instant (0) only the number can be compared. Raises what the connection raises.
    """
    try:
        state = (await js.stream_info(stream)).state
        if seq > state.last_seq:
            return False
        if not taken_us or seq < state.first_seq:
            return True
        found = await js.get_msg(stream, seq=seq)
    except nats.js.errors.NotFoundError:
        return True  # no stream: its maker has the word; no message: it was deleted, its number is not given out again
    return found.time is None or abs(round(found.time.timestamp() * 1e6) - taken_us) <= 1


async def _taken_us(js: JetStreamContext, stream: str, seq: int) -> int:
    """When the log took the message of this number; 0 when it has it no more, or never had it."""
    try:
        found = await js.get_msg(stream, seq=seq) if seq else None
    except nats.js.errors.NotFoundError:
        return 0
    return 0 if found is None or found.time is None else round(found.time.timestamp() * 1e6)


def _trailing(tokens: list[str]) -> int:
    # the twelve-token form ends with a random token after the count of pending messages
    return 1 if len(tokens) >= 12 else 0


def consumer_role(name: str) -> str:
    """The role that a consumer of `Reader` reads for; its name without what makes it unique."""
    return name.rpartition("-")[0] or name
