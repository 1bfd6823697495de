"""A message that holds envelopes of several partitions: every reader gets those of its own, once and in order."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from anlan import now
from anlan.stream.envelope import EnvelopeError, Record, bundle, pack, parts_of, unpack
from anlan.stream.log import Log, LogMessage, Reader
from anlan.stream.natsd import NatsServer
from anlan.stream.partition import SHARED


def record(name: str) -> Record:
    return Record("e", f"g-{name}", name, 1, name.encode())


def shared(**parts: str) -> bytes:
    return bundle([(int(partition[1:]), pack([record(name)])) for partition, name in parts.items()])


def test_a_bundle_gives_back_its_parts_and_their_records() -> None:
    message = shared(p3="a", p60="b")
    assert [(partition, unpack(part)) for partition, part in parts_of(message)] == [
        (3, [record("a")]),
        (60, [record("b")]),
    ]
    assert unpack(message) == [record("a"), record("b")]


@pytest.mark.parametrize("damaged", [b"", b"ANB\x01", b"ANB\x01\xff", b"ANB\x02\x90", pack([record("a")])])
def test_what_is_no_bundle_is_refused(damaged: bytes) -> None:
    with pytest.raises(EnvelopeError):
        parts_of(damaged)


def test_damage_inside_a_part_is_found_when_the_part_is_unpacked() -> None:
    message = bytearray(shared(p1="a"))
    message[-1] ^= 1
    with pytest.raises(EnvelopeError):
        unpack(bytes(message))


@pytest.fixture
async def log(server: NatsServer) -> AsyncIterator[Log]:
    client = await Log.connect(server.url)
    await client.ensure()
    yield client
    await client.close()


async def read(reader: Reader, count: int) -> list[LogMessage]:
    found: list[LogMessage] = []
    deadline = now.monotonic() + 30
    while len(found) < count:
        assert now.monotonic() < deadline, f"only {found}"
        found += await reader.fetch(100, 0.5)
    return found


def told(messages: list[LogMessage]) -> list[tuple[int, int, str]]:
    return [(m.seq, m.partition, unpack(m.data)[0].packet_id) for m in messages]


async def test_each_reader_gets_the_parts_of_its_partitions(log: Log) -> None:
    await log.publish(1, pack([record("one")]), "a")
    await log.publish(SHARED, shared(p1="two", p2="three", p3="four"), "b")
    await log.publish(SHARED, shared(p2="five", p3="six"), "c")
    await log.publish(1, pack([record("seven")]), "d")
    first, second = log.reader("engine"), log.reader("engine")
    await first.aim([1], 0)
    await second.aim([2, 3], 0)
    assert told(await read(first, 3)) == [(1, 1, "one"), (2, 1, "two"), (4, 1, "seven")]
    assert told(await read(second, 4)) == [(2, 2, "three"), (2, 3, "four"), (3, 2, "five"), (3, 3, "six")]
    await second.aim([3], 2)
    assert told(await read(second, 1)) == [(3, 3, "six")]
    for reader in (first, second):
        await reader.close()


async def test_a_damaged_bundle_is_handed_on_to_whoever_will_tell_of_it(log: Log) -> None:
    await log.publish(SHARED, b"ANB\x01\xff", "a")
    reader = log.reader("engine")
    await reader.aim([5, 9], 0)
    assert [(m.seq, m.partition, m.data) for m in await read(reader, 1)] == [(1, 5, b"ANB\x01\xff")]
    await reader.close()


async def test_a_shared_message_may_be_the_next_of_any_partition(log: Log) -> None:
    await log.publish(1, pack([record("one")]), "a")
    await log.publish(SHARED, shared(p1="two", p2="three"), "b")
    await log.publish(7, pack([record("four")]), "c")
    assert await log.next_seq(9, 0) == 2
    assert await log.next_seq(7, 2) == 3
    assert await log.next_seq(9, 2) is None
