"""Several engines, historians and intakes on a three-node NATS cluster and PostgreSQL: whoever is killed or frozen is
replaced by another, and what was acknowledged is there exactly once, each alarm once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.reliability.cluster import Cluster
from tests.reliability.plant import Feed, Plant, compare, until

from anlan.config import Config
from anlan.roles.supervisor import Supervisor

HOST = ["engine", "historian", "intake"]
PARTITIONS = 64


@contextmanager
def second_host(config: Config, folder: Path) -> Iterator[Supervisor]:
    """Another installation on the same database and the same log."""
    supervisor = Supervisor(replace(config, data_dir=folder, web_port=0, intake_port=0), HOST)
    try:
        supervisor.start(migrate=False)
        supervisor.wait_ready(150)
        yield supervisor
    finally:
        supervisor.stop()


@contextmanager
def single(config: Config, folder: Path, name: str) -> Iterator[subprocess.Popen[bytes]]:
    """One process of a third host, which nobody starts again."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, **replace(config, data_dir=folder).environment()}
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "anlan", name.partition("-")[0], name], env=environment, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait(30)


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
@pytest.mark.xdist_group("cluster")
def test_engines_and_historians_replace_each_other_and_nothing_is_lost_or_doubled(
    tmp_path: Path, database_url: str
) -> None:
    with Cluster(tmp_path / "nats") as cluster:
        settings = {"nats_url": cluster.url, "nats_replicas": 3}
        with (
            Plant(tmp_path / "a", database_url, HOST, enterprises=8, points=3, **settings) as plant,
            second_host(plant.config, tmp_path / "b") as other,
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
            ledger = feed.stop()
            assert ledger.packets > 100
            compare(plant, ledger, seconds=120)
