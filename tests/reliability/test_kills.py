"""Any process may be killed at any instant: what was acknowledged is there, exactly once, and nothing is invented."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest
from tests.reliability.cluster import Cluster
from tests.reliability.plant import Feed, Plant, compare, until

ROLES = ["engine", "historian", "intake", "clock"]
ROUNDS = 10 if os.environ.get("ANLAN_TEST_LONG") == "1" else 1
"""Minutes of kills, each by dice of its own."""


@pytest.mark.case("A18")
def test_every_process_killed_once_loses_nothing_and_repeats_nothing(
    tmp_path: Path, database_url: str, cluster: Cluster | None
) -> None:
    dice = random.Random()
    seed = dice.randrange(1 << 30)
    dice.seed(seed)
    print(f"seed {seed}")
    with Plant(tmp_path / "data", database_url, ROLES, enterprises=3, points=4, quiet=3, cluster=cluster) as plant:
        feed = Feed(plant)
        feed.start()
        plant.burn()
        victims = ["engine", "intake", "nats", "historian", "clock"]
        dice.shuffle(victims)
        for victim in victims:
            feed.wait_for(dice.randrange(6, 20))
            time.sleep(dice.uniform(0, 0.2))  # at any instant between two packets
            plant.kill(victim)
        feed.wait_for(12)
        ledger = feed.stop()
        assert ledger.packets > 30
        compare(plant, ledger)
        children = plant.supervisor.children
        until(
            lambda: all(children[role].starts >= 2 for role in ROLES),
            120,
            lambda: f"not started again: {[role for role in ROLES if children[role].starts < 2]}",
        )


@pytest.mark.slow
@pytest.mark.parametrize("round_number", range(ROUNDS))
def test_a_minute_of_random_kills_loses_nothing(tmp_path: Path, database_url: str, round_number: int) -> None:
    dice = random.Random(round_number)
    with Plant(tmp_path / "data", database_url, ROLES, enterprises=6, points=5, quiet=3) as plant:
        feed = Feed(plant, period_s=0.05)
        feed.start()
        plant.burn()
        end = time.monotonic() + 60
        while time.monotonic() < end:
            time.sleep(dice.uniform(0.3, 4.0))
            plant.kill(dice.choice(["engine", "intake", "nats", "historian", "clock"]))
        ledger = feed.stop()
        compare(plant, ledger)
