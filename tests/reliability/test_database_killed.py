"""Scenario 5: the database server is stopped at once under load; whoever sends waits, and nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.reliability.gateway import EdgeGateway, compare_gateway
from tests.reliability.plant import Feed, Plant, compare, until
from tests.reliability.postgres_server import PostgresServer

ROLES = ["engine", "historian", "intake", "clock", "delivery"]


@pytest.mark.slow
@pytest.mark.reliability(5)
def test_a_database_stopped_under_load_costs_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """At first the intake goes on, for it needs no database; then it dies as well, and its successor takes nothing
    until it can read the keys: the gateway's buffer grows. Twice, for a recovery must not be a lucky one."""
    with (
        PostgresServer() as server,
        Plant(tmp_path / "data", server.url, ROLES, enterprises=3, points=3, quiet=3) as plant,
    ):
        *plant.sites, last = plant.sites
        feed = Feed(plant)
        with EdgeGateway(tmp_path / "edge", plant.supervisor.intake_url, last) as gateway:
            feed.start()
            until(lambda: feed.ledger.packets > 20 and gateway.settled > 20, 240, lambda: "nothing flows")
            plant.burn()
            for _ in range(2):
                server.stop()
                packets, settled = feed.ledger.packets, gateway.settled
                until(
                    lambda n=packets, m=settled: feed.ledger.packets > n + 10 and gateway.settled > m + 10,
                    240,
                    lambda: "the intake waits for the database",
                )
                plant.kill("intake")
                until(lambda: gateway.waiting > 40, 240, lambda: f"the buffer does not grow: {gateway.status}")
                assert gateway.status["uplink"] == "retrying"
                packets = feed.ledger.packets
                server.start()
                plant.ask("reconnect")
                until(lambda n=packets: feed.ledger.packets > n + 10, 240, lambda: "the intake does not come back")
                until(lambda: gateway.waiting < 10, 240, lambda: f"the buffer does not drain: {gateway.status}")
            ledger = feed.stop()
        compare(plant, ledger, seconds=240)
        compare_gateway(plant, gateway)
