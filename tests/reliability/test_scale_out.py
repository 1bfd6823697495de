"""Several engines, historians and intakes on a three-node NATS cluster and PostgreSQL: whoever is killed or frozen is
replaced by another, and what was acknowledged is there exactly once, each alarm once."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from tests.reliability.cluster import Cluster
from tests.reliability.hosts import second_host, single
from tests.reliability.plant import Feed, Plant, compare, until

HOST = ["engine", "historian", "intake"]
PARTITIONS = 64


def shares(plant: Plant, role: str, workers: int) -> dict[str, int]:
    """Wait until so many processes of a role own all partitions in equal shares; returns who owns how many."""
    found: dict[str, Any] = {}

    def settled() -> bool:
        found.clear()
        found.update(plant.ask("owners", role))
        return (
            len(found) == workers
            and sum(found.values()) == PARTITIONS
            and max(found.values()) - min(found.values()) <= 1
        )

    until(settled, 120, lambda: f"{role}: {found}")
    return found


@pytest.mark.slow
@pytest.mark.postgres
def test_engines_and_historians_replace_each_other_and_nothing_is_lost_or_doubled(
    tmp_path: Path, database_url: str
) -> None:
    with (
        Cluster(tmp_path / "nats") as cluster,
        Plant(tmp_path / "a", database_url, HOST, enterprises=8, points=3, cluster=cluster) as plant,
        second_host(plant.config, tmp_path / "b", HOST) as other,
    ):
        shares(plant, "engine", 2)
        shares(plant, "historian", 2)
        feed = Feed(plant, intakes=[plant.supervisor.intake_url, other.intake_url])
        feed.start()
        with single(plant.config, tmp_path / "c", "engine-c") as engine:
            shares(plant, "engine", 3)  # a newcomer gets its share
            engine.kill()
            shares(plant, "engine", 2)  # and leaves it to the others when it is killed
        frozen = plant.signal("engine", signal.SIGSTOP)
        shares(plant, "engine", 1)
        cluster.kill(0)
        os.kill(frozen, signal.SIGCONT)  # it wakes up fenced
        shares(plant, "engine", 2)
        frozen = plant.signal("historian", signal.SIGSTOP)
        shares(plant, "historian", 1)
        cluster.start(0)
        cluster.wait_ready()
        os.kill(frozen, signal.SIGCONT)
        shares(plant, "historian", 2)
        plant.kill("engine")  # its supervisor starts it again, and it takes its own at once
        plant.kill("historian")
        shares(plant, "engine", 2)
        shares(plant, "historian", 2)
        for child in other.children.values():  # a host is gone for good: its gateways turn to the other's intake
            if child.pid is not None:
                os.kill(child.pid, signal.SIGKILL)
        other.stop()
        shares(plant, "engine", 1)
        shares(plant, "historian", 1)
        packets = feed.ledger.packets
        until(lambda: feed.ledger.packets > packets + 20, 240, lambda: "the gateways do not find the other intake")
        ledger = feed.stop()
        assert ledger.packets > 100
        compare(plant, ledger)
