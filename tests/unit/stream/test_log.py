"""The log through restarts of either side: acknowledged is there, in order, and the rest comes again."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncIterator

import pytest

from anlan import now
from anlan.stream.log import Consumption, Log, LogFull, LogMessage, LogUnavailable, StreamLayout
from anlan.stream.natsd import NatsServer


@pytest.fixture
async def log(server: NatsServer) -> AsyncIterator[Log]:
    client = await Log.connect(server.url)
    await client.ensure()
    yield client
    await client.close()


async def publish(log: Log, count: int, partition: int = 0, prefix: str = "m") -> list[int]:
    return [await log.publish(partition, f"{prefix}{n}".encode(), f"{prefix}-{n}") for n in range(count)]


async def fetch_all(consumption: Consumption, count: int, seconds: float = 10.0) -> list[LogMessage]:
    found: list[LogMessage] = []
    deadline = now.monotonic() + seconds
    while len(found) < count:
        assert now.monotonic() < deadline, f"only {len(found)} of {count} messages came"
        try:
            found += await consumption.fetch(100, 0.5)
        except LogUnavailable:
            await asyncio.sleep(0.05)
    return found


async def crash(server: NatsServer) -> None:
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    await asyncio.to_thread(wait_gone, server)


def wait_gone(server: NatsServer) -> None:
    deadline = now.monotonic() + 10
    while server.pid is not None:
        assert now.monotonic() < deadline
        time.sleep(0.01)


async def revive(server: NatsServer, log: Log) -> None:
    server.start()
    await asyncio.to_thread(server.wait_ready)
    await asyncio.to_thread(wait_connected, log)


def wait_connected(log: Log) -> None:
    deadline = now.monotonic() + 10
    while not log.connected:
        assert now.monotonic() < deadline
        time.sleep(0.02)


async def test_messages_come_in_order_with_their_partition(log: Log) -> None:
    await log.publish(3, b"one", "1")
    await log.publish(61, b"two", "2")
    messages = await fetch_all(await log.consume("engine"), 2)
    assert messages == [LogMessage(1, 3, b"one", False), LogMessage(2, 61, b"two", False)]


async def test_the_same_message_twice_is_one_message(log: Log) -> None:
    assert await log.publish(0, b"x", "id") == await log.publish(0, b"x", "id") == 1
    assert await log.last_seq() == 1


async def test_ensure_may_be_repeated(log: Log) -> None:
    await publish(log, 3)
    await log.ensure()
    assert await log.last_seq() == 3


async def test_a_new_process_gets_what_the_old_one_did_not_acknowledge_at_once_and_in_order(log: Log) -> None:
    await publish(log, 6)
    first = await log.consume("engine")
    messages = await fetch_all(first, 6)
    await first.ack_through(messages[:2])
    await publish(log, 2, prefix="later")
    second = await log.consume("engine")
    assert [m.seq for m in await fetch_all(second, 6)] == [3, 4, 5, 6, 7, 8]


async def test_what_was_acknowledged_never_comes_again(log: Log) -> None:
    await publish(log, 4)
    first = await log.consume("engine")
    await first.ack_through(await fetch_all(first, 4))
    assert await log.lag("engine") == 0
    assert await (await log.consume("engine")).fetch(10, 0.2) == []


async def test_a_consumer_of_some_partitions_sees_only_those(log: Log) -> None:
    for partition in (1, 2, 3, 2):
        await log.publish(partition, b"x", f"{partition}{random.random()}")
    consumption = await log.consume("engine-b", partitions=[2, 3])
    messages = await fetch_all(consumption, 3)
    assert [m.partition for m in messages] == [2, 3, 2]
    await consumption.ack_through(messages)
    assert await log.lag("engine-b") == 0


async def test_a_consumer_can_be_put_at_a_place_of_the_callers_choice(log: Log) -> None:
    await publish(log, 5)
    first = await log.consume("engine")
    await first.ack_through(await fetch_all(first, 5))
    assert [m.seq for m in await fetch_all(await log.consume("engine", start_seq=4), 2)] == [4, 5]


async def test_nothing_there_is_an_empty_list_not_an_error(log: Log) -> None:
    assert await (await log.consume("engine")).fetch(10, 0.1) == []


async def test_consumers_do_not_disturb_each_other(log: Log) -> None:
    await publish(log, 3)
    engine, historian = await log.consume("engine"), await log.consume("historian")
    await engine.ack_through(await fetch_all(engine, 3))
    assert len(await fetch_all(historian, 3)) == 3


async def test_trimming_keeps_what_someone_still_needs(log: Log) -> None:
    await publish(log, 6)
    engine, historian = await log.consume("engine"), await log.consume("historian")
    await engine.ack_through(await fetch_all(engine, 6))
    messages = await fetch_all(historian, 6)
    await historian.ack_through(messages[:2])
    assert await log.trim(["engine", "historian", "not-there-yet"]) == 1
    assert await log.trim(["engine", "historian"]) == 3
    await historian.ack_through(messages)
    assert await log.trim(["engine", "historian"]) == 7
    assert await log.last_seq() == 6
    assert await log.publish(0, b"x", "next") == 7


async def test_a_full_log_refuses_and_forgets_nothing(server: NatsServer) -> None:
    log = await Log.connect(server.url, layout=StreamLayout("SMALL", "small", max_bytes=100_000))
    await log.ensure()
    stored = 9
    for number in range(stored):
        await log.publish(0, b"x" * 10_000, f"id{number}")
    with pytest.raises(LogFull):
        await log.publish(0, b"x" * 10_000, "one too many")
    consumption = await log.consume("engine")
    messages = await fetch_all(consumption, stored)
    assert [m.seq for m in messages] == list(range(1, stored + 1))
    await consumption.ack_through(messages)
    await log.trim(["engine"])
    assert await log.publish(0, b"x", "room again") > stored
    await log.close()


async def test_a_lost_server_is_told_at_once(server: NatsServer, log: Log) -> None:
    await crash(server)
    begin = now.monotonic()
    with pytest.raises(LogUnavailable):
        await log.publish(0, b"x", "id")
    assert now.monotonic() - begin < 4, "the caller has to answer 503, not to wait"


async def test_no_server_is_an_error_within_the_given_time(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(LogUnavailable):
        await Log.connect("nats://127.0.0.1:9", timeout=0.5)


async def test_a_running_consumer_outlives_the_server(server: NatsServer, log: Log) -> None:
    await publish(log, 4)
    consumption = await log.consume("engine")
    messages = await fetch_all(consumption, 4)
    await consumption.ack_through(messages[:1])
    await crash(server)
    await revive(server, log)
    await publish(log, 2, prefix="after")
    # neither again what this process already has, nor a gap
    assert [m.seq for m in await fetch_all(consumption, 2)] == [5, 6]
    await consumption.ack_through(messages)
    assert await log.lag("engine") == 2


async def test_an_acknowledgement_made_while_the_server_was_away_is_not_lost(server: NatsServer, log: Log) -> None:
    await publish(log, 3)
    consumption = await log.consume("engine")
    messages = await fetch_all(consumption, 3)
    await crash(server)
    with pytest.raises(LogUnavailable):
        await consumption.ack_through(messages, timeout=0.2)
    await revive(server, log)
    assert await consumption.fetch(10, 0.5) == []
    assert await log.lag("engine") == 0


async def test_every_acknowledged_message_survives_kills_of_the_server(server: NatsServer, log: Log) -> None:
    """Publish steadily, kill -9 the server at random instants, compare with the publisher's own ledger."""
    chance = random.Random(11)
    acknowledged: dict[int, bytes] = {}
    consumption = await log.consume("engine")
    seen: list[LogMessage] = []
    stop = asyncio.Event()

    async def feed() -> None:
        number = 0
        while not stop.is_set():
            body = f"message {number}".encode()
            try:
                acknowledged[await log.publish(number % 64, body, f"id-{number}", timeout=2)] = body
                number += 1
            except LogUnavailable:
                await asyncio.sleep(0.02)

    async def read() -> None:
        while not stop.is_set() or await log.lag("engine"):
            try:
                messages = await consumption.fetch(50, 0.2)
                seen.extend(messages)
                await consumption.ack_through(messages)
            except LogUnavailable:
                await asyncio.sleep(0.02)

    feeding, reading = asyncio.create_task(feed()), asyncio.create_task(read())
    for _ in range(3):
        await asyncio.sleep(chance.uniform(0.1, 0.4))
        await crash(server)
        await revive(server, log)
    await asyncio.sleep(0.2)
    stop.set()
    await asyncio.wait_for(asyncio.gather(feeding, reading), 30)
    assert len(acknowledged) > 20
    got = {message.seq: message.data for message in seen}
    assert len(got) == len(seen), "no message twice within one process"
    assert [m.seq for m in seen] == sorted(got)
    assert {seq: got.get(seq) for seq in acknowledged} == acknowledged
