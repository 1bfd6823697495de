"""The register of partitions that may come is read once, ahead of them, and only what came of it is used."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from django.db import DatabaseError

from anlan.roles.engine.register import ReadAhead, Register
from anlan.stream.partition import partition_of
from anlan.stream.points import PointSpec
from anlan.testing.sites import sites

SITES = list(sites(8, 1))
HOMES = {site.enterprise: partition_of(site.enterprise) for site in SITES}


def register(partitions: Collection[int]) -> Register:
    mine = {code for code, partition in HOMES.items() if partition in partitions}
    specs = [PointSpec(code=f"p-{code}", enterprise=code, gateway=f"g-{code}") for code in sorted(mine)]
    return Register(mine, dict.fromkeys(mine, (1, 1, 1)), specs)


class Database:
    """Answers when it is let, and counts."""

    def __init__(self) -> None:
        self.asked: list[frozenset[int]] = []
        self.broken = False

    async def __call__(self, partitions: Collection[int]) -> Register:
        self.asked.append(frozenset(partitions))
        await asyncio.sleep(0)
        if self.broken:
            raise DatabaseError("away")
        return register(partitions)


async def test_what_comes_is_read_once_and_before_it_comes() -> None:
    database = Database()
    ahead, coming = ReadAhead(database), frozenset(HOMES.values())
    for _ in range(3):
        ahead.expect(coming)
    await asyncio.sleep(0)
    assert database.asked == [coming]
    assert await ahead.take(coming) == register(coming)
    assert await ahead.take(coming) is None, "it is used once"


async def test_of_more_than_came_only_the_part_that_came_is_used() -> None:
    ahead = ReadAhead(Database())
    ahead.expect(frozenset(HOMES.values()))
    some = set(list(HOMES.values())[:3])
    assert await ahead.take(some) == register(some)


async def test_less_than_came_is_not_used_and_what_broke_off_neither() -> None:
    database = Database()
    ahead, (first, *rest) = ReadAhead(database), HOMES.values()
    ahead.expect(frozenset(rest))
    assert await ahead.take([first, *rest]) is None
    database.broken = True
    ahead.expect(frozenset(rest))
    assert await ahead.take(rest) is None


async def test_when_the_owner_comes_back_what_was_read_is_forgotten() -> None:
    database = Database()
    ahead, coming = ReadAhead(database), frozenset(HOMES.values())
    ahead.expect(coming)
    ahead.expect(frozenset())
    assert await ahead.take(coming) is None
    ahead.expect(coming)
    assert await ahead.take(coming) == register(coming)
