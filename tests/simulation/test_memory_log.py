"""What the real log promises and what its double in memory promises are the same: one suite over both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.simulation.memory_log import MemoryLog

from anlan import now
from anlan.stream.log import NEAR, Log, LogCut, LogFull, LogMessage, StreamLayout
from anlan.stream.natsd import NatsServer

ROOM = 64 * 1024
LARGE = b"x" * 1000


@pytest.fixture(params=["memory", "server"])
async def log(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Any]:
    """An empty log with room for about sixty large messages."""
    if request.param == "memory":
        yield MemoryLog(now.now_us, now.monotonic, most=ROOM // len(LARGE))
        return
    server = NatsServer(tmp_path / "log")
    server.start()
    server.wait_ready()
    real = await Log.connect(server.url, layout=StreamLayout(max_bytes=ROOM))
    try:
        await real.ensure()
        yield real
    finally:
        await real.close()
        server.stop()


async def read(log: Any, partitions: set[int], after: int, count: int) -> list[LogMessage]:
    """The next ``count`` messages and no more than them; waits until they are there."""
    reader = log.reader("engine")
    await reader.aim(partitions, after)
    found: list[LogMessage] = []
    async with asyncio.timeout(30):
        while len(found) < count:
            found += await reader.fetch(100, 0.2)
    found += await reader.fetch(100, 0.05)
    await reader.close()
    return found


async def test_numbers_follow_one_another_over_all_partitions(log: Any) -> None:
    assert [await log.publish(n % 3, b"%d" % n, f"m{n}") for n in range(6)] == [1, 2, 3, 4, 5, 6]
    state = await log.state()
    assert (state.first_seq, state.last_seq) == (1, 6)
    assert await log.next_seq(1, 2) == 5
    assert await log.next_seq(1, 5) is None


async def test_a_message_of_a_known_name_is_the_one_that_is_there(log: Any) -> None:
    assert await log.publish(0, b"first", "same") == 1
    assert await log.publish(0, b"second", "same") == 1
    assert await log.publish(0, b"second", "other") == 2
    assert [message.data for message in await read(log, {0}, 0, 2)] == [b"first", b"second"]


async def test_a_reader_gets_its_partitions_in_order_from_where_it_left_off(log: Any) -> None:
    for n in range(9):
        await log.publish(n % 3, b"%d" % n, f"m{n}")
    assert [(each.seq, each.partition, each.data) for each in await read(log, {0, 2}, 3, 4)] == [
        (4, 0, b"3"),
        (6, 2, b"5"),
        (7, 0, b"6"),
        (9, 2, b"8"),
    ]


async def test_a_place_is_lacked_when_the_number_or_the_instant_is_of_no_message(log: Any) -> None:
    for n in range(3):
        await log.publish(0, b"%d" % n, f"m{n}")
    second = (await read(log, {0}, 1, 2))[0]
    places = {
        0: (2, second.taken_us),
        1: (2, second.taken_us + 5),
        2: (4, second.taken_us),
        3: (4, 0),
        4: (3, 0),
        5: (0, 0),
    }
    assert await log.lacks(places) == {1, 2, 3}


async def test_a_reader_behind_the_end_says_that_the_log_was_cut(log: Any) -> None:
    await log.publish(0, b"only", "m")
    reader = log.reader("engine")
    await reader.aim({0}, 2)
    with pytest.raises(LogCut):
        await reader.fetch(10, 0.05)
    await reader.aim({0}, 1)
    assert await reader.fetch(10, 0.05) == []
    await reader.close()


async def test_a_reader_that_was_handed_nothing_yet_knows_another_message_of_its_number_in_memory_too() -> None:
    log = MemoryLog(now.now_us, now.monotonic)
    for n in range(3):
        await log.publish(0, b"%d" % n, f"m{n}")
    reader = log.reader("engine")
    await reader.aim({0}, 3)
    assert await reader.fetch(10, 0.01) == []
    log.cut(1)
    await asyncio.sleep(0.01)
    await log.publish(0, b"another", "another")
    with pytest.raises(LogCut):
        await reader.fetch(10, 0.01)


async def test_what_is_done_with_goes_and_what_somebody_still_needs_stays(log: Any) -> None:
    for n in range(6):
        await log.publish(n % 2, b"%d" % n, f"m{n}")
    assert await log.trim({0: 4, 1: 3}) == 4
    assert (await log.state()).first_seq == 4
    assert [message.seq for message in await read(log, {0, 1}, 0, 3)] == [4, 5, 6]
    assert await log.trim({0: 3, 1: 3}) == 4, "what is gone is not given back"
    assert await log.trim({0: 7, 1: 7}) == 4, "numbers beyond the last are of another log"
    taken_us = 1
    assert await log.lacks({0: (2, taken_us)}) == set(), "what it gave up it had"
    assert await log.trim({0: 6, 1: 6}) == 7
    state = await log.state()
    assert (state.first_seq, state.last_seq) == (7, 6)
    assert await log.publish(0, b"next", "next") == 7


@pytest.mark.parametrize("kind", ["memory", "server"])
async def test_a_restarted_server_knows_the_names_of_what_it_still_holds(kind: str, tmp_path: Path) -> None:
    """What was done with and went is taken anew when it comes once more."""

    async def known(log: Any) -> list[int]:
        return [await log.publish(0, b"%d" % n, f"m{n}") for n in (2, 1)]

    if kind == "memory":
        memory = MemoryLog(now.now_us, now.monotonic)
        assert [await memory.publish(0, b"%d" % n, f"m{n}") for n in range(3)] == [1, 2, 3]
        assert await memory.trim({0: 2}) == 3
        assert await known(memory) == [3, 2], "until then it knows both"
        memory.restart()
        assert await known(memory) == [3, 4]
        return
    for begun, expected in enumerate(([3, 2], [3, 4])):
        server = NatsServer(tmp_path / "log")
        server.start()
        server.wait_ready()
        real = await Log.connect(server.url)
        try:
            await real.ensure()
            if not begun:
                assert [await real.publish(0, b"%d" % n, f"m{n}") for n in range(3)] == [1, 2, 3]
                assert await real.trim({0: 2}) == 3
            assert await known(real) == expected
        finally:
            await real.close()
            server.stop()


async def test_a_quiet_partition_holds_nothing_back_in_memory_either() -> None:
    log = MemoryLog(now.now_us, now.monotonic)
    last = NEAR + 3
    for n in range(last):
        await log.publish(0, b"", f"m{n}")
    assert await log.trim({0: last, 1: 0}) == last + 1


async def test_a_full_log_refuses_until_something_is_done_with(log: Any) -> None:
    taken = 0
    for n in range(200):
        try:
            taken = await log.publish(0, LARGE, f"m{n}")
        except LogFull:
            break
    assert 30 < taken < 100, "it is full long before all are in"
    assert (await log.state()).last_seq == taken
    await log.trim({0: taken})
    assert await log.publish(0, LARGE, "after") == taken + 1
