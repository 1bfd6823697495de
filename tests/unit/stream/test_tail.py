"""The end of the log in a file: what it holds, and into which log it goes back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from anlan.stream.log import Log, LogMessage, StreamLayout
from anlan.stream.natsd import NatsServer
from anlan.stream.tail import ForeignLog, Tail, TailCopy, put_back, records

LAYOUT = StreamLayout(max_bytes=64 * 1024 * 1024)


async def filled(url: str, first: int, last: int) -> Log:
    """The log with messages that say their own number."""
    log = await Log.connect(url, layout=LAYOUT)
    await log.ensure()
    for number in range(first, last + 1):
        assert await log.publish(number % 3, b"%d" % number, f"m{number}") == number
    return log


def through(number: int) -> Callable[[str], int]:
    """What the databases say: everything of the log up to ``number`` is in them."""
    return lambda log: number


async def read(log: Log, count: int) -> list[LogMessage]:
    reading = log.reader("engine")
    await reading.aim(range(64), 0)
    found: list[LogMessage] = []
    while len(found) < count:
        found += await reading.fetch(100, 10)
    await reading.close()
    return found


async def test_a_copy_holds_what_not_every_reader_has_done_and_goes_on_where_it_stopped(
    server: NatsServer, tmp_path: Path
) -> None:
    log = await filled(server.url, 1, 80)
    copy = TailCopy(tmp_path / "tail", LAYOUT)
    await copy.follow(server.url, through(10))
    await (await filled(server.url, 81, 90)).close()
    await copy.follow(server.url, through(85))
    copy.close()
    assert [(each.seq, each.partition, each.data) for each in records(tmp_path / "tail")] == [
        (number, number % 3, b"%d" % number) for number in range(11, 91)
    ]
    assert copy.tail == Tail(await log.identity(), 90, 80, 0)
    await log.close()


async def test_a_new_log_goes_on_behind_the_numbers_of_the_old_one(server: NatsServer, tmp_path: Path) -> None:
    log = await filled(server.url, 1, 5)
    copy = TailCopy(tmp_path / "tail", LAYOUT)
    await copy.follow(server.url, through(3))
    copy.close()
    await log.close()
    fresh = NatsServer(tmp_path / "fresh")
    fresh.start()
    try:
        fresh.wait_ready(30)
        assert await put_back(fresh.url, LAYOUT, tmp_path / "tail", copy.tail) == 2
        again = await filled(fresh.url, 8, 8)
        assert [(each.seq, each.data) for each in await read(again, 3)] == [(6, b"4"), (7, b"5"), (8, b"8")]
        with pytest.raises(ForeignLog):
            await put_back(fresh.url, LAYOUT, tmp_path / "tail", copy.tail)
        await again.close()
    finally:
        fresh.stop()


async def test_the_same_log_gets_only_what_it_lost_and_is_read_from_the_beginning(
    server: NatsServer, tmp_path: Path
) -> None:
    log = await filled(server.url, 1, 6)
    copy = TailCopy(tmp_path / "tail", LAYOUT)
    await copy.follow(server.url, through(0))
    copy.close()
    assert await log.trim(dict.fromkeys(range(64), 4)) == 5
    assert await put_back(server.url, LAYOUT, tmp_path / "tail", copy.tail) == 4
    assert [each.data for each in await read(log, 6)] == [b"5", b"6", b"1", b"2", b"3", b"4"]
    await log.close()


async def test_a_file_that_was_cut_off_says_so(server: NatsServer, tmp_path: Path) -> None:
    log = await filled(server.url, 1, 3)
    copy = TailCopy(tmp_path / "tail", LAYOUT)
    await copy.follow(server.url, through(0))
    copy.close()
    whole = (tmp_path / "tail").read_bytes()
    (tmp_path / "tail").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="tail"):
        list(records(tmp_path / "tail"))
    await log.close()


async def test_there_may_be_no_log_yet(server: NatsServer, tmp_path: Path) -> None:
    copy = TailCopy(tmp_path / "tail", LAYOUT)
    await copy.follow(server.url, through(0))
    copy.close()
    assert copy.tail == Tail()
    assert list(records(tmp_path / "tail")) == []
