"""The log through restarts of either side: acknowledged is there, in order, and the rest comes again."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import time
from collections.abc import AsyncIterator, Collection
from pathlib import Path

import pytest

from anlan import now
from anlan.stream import log as logs
from anlan.stream.log import Log, LogCut, LogFull, LogMessage, LogUnavailable, Reader, StreamLayout
from anlan.stream.natsd import NatsServer


@pytest.fixture
async def log(server: NatsServer) -> AsyncIterator[Log]:
    client = await Log.connect(server.url)
    await client.ensure()
    yield client
    await client.close()


async def publish(log: Log, count: int, partition: int = 0, prefix: str = "m") -> list[int]:
    return [await log.publish(partition, f"{prefix}{n}".encode(), f"{prefix}-{n}") for n in range(count)]


async def reader(log: Log, after: int = 0, partitions: Collection[int] = range(64)) -> Reader:
    made = log.reader("engine")
    await made.aim(partitions, after)
    return made


async def fetch_all(consumption: Reader, count: int, seconds: float = 10.0) -> list[LogMessage]:
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
    messages = await fetch_all(await reader(log), 2)
    assert [(m.seq, m.partition, m.data) for m in messages] == [(1, 3, b"one"), (2, 61, b"two")]
    assert messages[0].taken_us <= messages[1].taken_us <= now.now_us()


async def test_the_same_message_twice_is_one_message(log: Log) -> None:
    assert await log.publish(0, b"x", "id") == await log.publish(0, b"x", "id") == 1
    assert await log.last_seq() == 1


async def test_ensure_may_be_repeated(log: Log) -> None:
    await publish(log, 3)
    await log.ensure()
    assert await log.last_seq() == 3


async def test_a_new_reader_goes_on_where_its_caller_says(log: Log) -> None:
    await publish(log, 6)
    first = await reader(log)
    assert len(await fetch_all(first, 6)) == 6
    assert first.handed == 6
    await publish(log, 2, prefix="later")
    assert [m.seq for m in await fetch_all(await reader(log, after=2), 6)] == [3, 4, 5, 6, 7, 8]


async def test_a_reader_of_some_partitions_sees_only_those_and_can_be_aimed_anew(log: Log) -> None:
    for number, partition in enumerate((1, 2, 3, 2, 1)):
        await log.publish(partition, b"x", f"m{number}")
    some = await reader(log, partitions=[2, 3])
    assert [m.partition for m in await fetch_all(some, 3)] == [2, 3, 2]
    await some.aim([1, 2], 3)
    assert [(m.seq, m.partition) for m in await fetch_all(some, 2)] == [(4, 2), (5, 1)]


async def test_a_reader_of_nothing_waits_and_gets_nothing(log: Log) -> None:
    await publish(log, 1)
    assert await (await reader(log, partitions=[])).fetch(10, 0.01) == []


async def test_the_end_of_the_log_is_known_when_the_server_says_so_and_not_before(log: Log) -> None:
    waiting = await reader(log)
    assert await waiting.fetch(10, 0.05) == []
    assert not waiting.at_end
    deadline = now.monotonic() + 30
    while not waiting.at_end:
        assert now.monotonic() < deadline
        assert await waiting.fetch(10, 0.1) == []
    await publish(log, 1)
    await fetch_all(waiting, 1)
    assert not waiting.at_end


async def test_a_consumer_that_the_server_has_lost_is_made_anew(log: Log) -> None:
    await publish(log, 2)
    reading = await reader(log)
    await fetch_all(reading, 2)
    (consumer,) = await log._js.consumers_info(log.layout.name)
    await log._js.delete_consumer(log.layout.name, consumer.name)
    await publish(log, 3, prefix="after")
    assert [m.seq for m in await fetch_all(reading, 3, seconds=30)] == [3, 4, 5]


async def test_readers_do_not_disturb_each_other(log: Log) -> None:
    await publish(log, 3)
    assert len(await fetch_all(await reader(log), 3)) == 3
    assert len(await fetch_all(await reader(log), 3)) == 3


async def test_what_is_bounded_on_its_way_still_comes_whole(log: Log) -> None:
    await asyncio.gather(*(log.publish(0, b"x", f"m{n}") for n in range(700)))
    reading, found = await reader(log), []
    while len(found) < 700:
        found += await reading.fetch(40, 5.0)
    assert [m.seq for m in found] == list(range(1, 701))


async def test_trimming_keeps_what_someone_still_needs(log: Log) -> None:
    await publish(log, 6)
    assert await log.trim({}) == 1
    assert await log.trim({0: 2, 1: 6}) == 3
    assert await log.trim(dict.fromkeys(range(64), 6)) == 7
    assert await log.last_seq() == 6
    assert await log.publish(0, b"x", "next") == 7


async def test_a_quiet_partition_holds_nothing_back_and_one_with_a_waiting_message_does(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "NEAR", 0)
    await log.publish(5, b"old", "old")
    await publish(log, 5)
    assert await log.trim({0: 6, 5: 1, 9: 0}) == 7
    await log.publish(9, b"waits", "waits")
    await publish(log, 3, prefix="more")
    assert await log.trim({0: 10, 5: 1, 9: 0}) == 7


async def test_a_new_log_begins_beyond_the_numbers_of_an_old_one(server: NatsServer) -> None:
    log = await Log.connect(server.url, layout=StreamLayout("FRESH", "fresh"))

    async def known() -> int:
        return 41

    await log.ensure(known)
    await log.ensure(known)
    assert (await log.state()).first_seq == 42
    assert await log.publish(0, b"x", "id") == 42
    assert [m.seq for m in await fetch_all(await reader(log), 1)] == [42]
    await log.close()


async def test_a_full_log_refuses_and_forgets_nothing(server: NatsServer) -> None:
    log = await Log.connect(server.url, layout=StreamLayout("SMALL", "small", max_bytes=100_000))
    await log.ensure()
    stored = 9
    for number in range(stored):
        await log.publish(0, b"x" * 10_000, f"id{number}")
    with pytest.raises(LogFull):
        await log.publish(0, b"x" * 10_000, "one too many")
    messages = await fetch_all(await reader(log), stored)
    assert [m.seq for m in messages] == list(range(1, stored + 1))
    await log.trim({0: stored})
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


async def test_a_running_reader_outlives_the_server(server: NatsServer, log: Log) -> None:
    await publish(log, 4)
    reading = await reader(log)
    await fetch_all(reading, 4)
    await crash(server)
    await revive(server, log)
    await publish(log, 2, prefix="after")
    # neither again what this reader already handed out, nor a gap
    assert [m.seq for m in await fetch_all(reading, 2)] == [5, 6]


async def test_every_acknowledged_message_survives_kills_of_the_server(server: NatsServer, log: Log) -> None:
    """Publish steadily, kill -9 the server at random instants, compare with the publisher's own ledger."""
    chance = random.Random(11)
    acknowledged: dict[int, bytes] = {}
    reading_on = await reader(log)
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
        while not feeding.done() or len(seen) < len(acknowledged):
            try:
                seen.extend(await reading_on.fetch(50, 0.2))
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


@pytest.mark.case("A2")
@pytest.mark.parametrize("more", [0, 3, 9], ids=["nothing new", "fewer than before", "more than before"])
async def test_an_older_copy_of_the_log_is_told_from_the_one_that_was_read(
    server: NatsServer, log: Log, tmp_path: Path, more: int
) -> None:
    await publish(log, 5, prefix="kept")
    await asyncio.to_thread(server.stop)
    shutil.copytree(tmp_path / "log", tmp_path / "copy")
    await asyncio.to_thread(server.start)
    await asyncio.to_thread(server.wait_ready)
    await connected_again(log)
    await publish(log, 4, prefix="lost")
    consumption = await reader(log)
    read = await fetch_all(consumption, 9)
    assert [message.seq for message in read] == list(range(1, 10))
    places = {1: (read[4].seq, read[4].taken_us), 2: (read[8].seq, read[8].taken_us), 3: (9, 0)}
    assert await log.lacks(places) == set()
    begun = await reader(log, after=9)
    assert await begun.fetch(10, 0.05) == [], "it has been handed nothing yet"
    await asyncio.to_thread(server.stop)
    shutil.rmtree(tmp_path / "log")
    shutil.copytree(tmp_path / "copy", tmp_path / "log")
    await asyncio.to_thread(server.start)
    await asyncio.to_thread(server.wait_ready)
    await connected_again(log)
    await publish(log, more, prefix="new")
    assert await log.lacks(places) == ({2} if more > 3 else {2, 3})
    for each in (consumption, begun):
        with pytest.raises(LogCut):
            await fetch_all(each, 1)
    if more < 4:
        assert await log.trim({1: 9}) == 1, "numbers that the log has not given out remove nothing"


async def connected_again(log: Log) -> None:
    deadline = now.monotonic() + 20
    while not log.connected:
        assert now.monotonic() < deadline
        await asyncio.sleep(0.02)
