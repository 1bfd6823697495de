"""Stormy runs of a whole installation, on the database of this run; the seed is printed and can be given again."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.chaos.small_disk import SmallDisk, unavailable
from tests.chaos.storm import Storm

SEED = int(os.environ.get("CHAOS_SEED") or random.randrange(10**9))
SECONDS = float(os.environ.get("CHAOS_SECONDS") or 600)


@pytest.fixture
def storm(tmp_path: Path, database_url: str) -> Iterator[Storm]:
    disk = None
    if why := unavailable():
        print(f"no full disk is tried: {why}")
    else:
        disk = SmallDisk(tmp_path / "disk")
    print(f"CHAOS_SEED={SEED}")
    one = Storm(tmp_path, SEED, database_url, disk, print)
    try:
        yield one
    finally:
        one.close()
        if disk is not None:
            disk.close()


def test_a_short_storm_loses_nothing_doubles_nothing_and_raises_exactly_what_it_must(storm: Storm) -> None:
    storm.begin()
    for fault in (storm.kill_role, storm.freeze_role, storm.kill_role):
        fault()
    storm.end()
    storm.verdict()


@pytest.mark.slow
def test_a_long_storm_loses_nothing_doubles_nothing_and_raises_exactly_what_it_must(storm: Storm) -> None:
    storm.begin()
    storm.hurt(SECONDS)
    storm.end()
    storm.verdict()
