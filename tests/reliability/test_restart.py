"""Scenario 6: everything is killed and started again. Nothing is different afterwards, and nobody was told anything."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.reliability.plant import HIGHER, NORMAL, Plant, until

from anlan.roles.supervisor import Supervisor
from anlan.testing.sender import Sender, packet

ROLES = ["engine", "historian", "intake", "clock", "auditor", "delivery"]
ENTERPRISES, POINTS = 5, 102
ACTIVE, ACKNOWLEDGED, LATCHED, SHELVED = 500, 50, 10, 20


@pytest.mark.slow
@pytest.mark.reliability(6)
def test_a_restart_of_everything_changes_no_row_and_tells_nobody(tmp_path: Path, database_url: str) -> None:
    """500 active alarms, 50 of them acknowledged, 20 shelved, and 10 back in range that wait to be acknowledged."""
    with Plant(tmp_path / "data", database_url, ROLES, enterprises=ENTERPRISES, points=POINTS) as plant:
        plant.ask("staff", "1000000000")
        _alarm(plant)
        before = _settled(plant)
        for role in [*ROLES, "nats"]:
            plant.kill(role)
        _work_again(plant)
        assert _differences(before, plant.ask("state")) == []
        plant.supervisor.stop()
        plant.supervisor = Supervisor(plant.config, ROLES)
        plant.supervisor.start()
        plant.supervisor.wait_ready(150)
        _work_again(plant)
        assert _differences(before, plant.ask("state")) == []


def _alarm(plant: Plant) -> None:
    """All points over their limit, then two of each enterprise back again; some acknowledged by a person."""
    for values in ({0: NORMAL, 1: NORMAL}, {0: HIGHER, 1: HIGHER}, {0: NORMAL, 1: HIGHER}):
        for site in plant.sites:
            at = datetime.now(UTC)
            wanted = {
                code: values[0 if number < LATCHED // ENTERPRISES else 1] for number, code in enumerate(site.points)
            }
            with Sender(plant.supervisor.intake_url, site.gateway, site.key) as sender:
                message = packet(site.enterprise, site.gateway, at, wanted)
                until(lambda s=sender, m=message: s.send(m).status == 200, 240, lambda: "the intake takes nothing")
        time.sleep(0.05)
    counts: dict[str, int] = {}

    def there() -> bool:
        counts.clear()
        counts.update(plant.ask("alarms"))
        return counts == {"active": ACTIVE, "cleared": LATCHED}

    until(there, 240, lambda: f"alarms {counts}")
    assert plant.ask("acknowledge", str(ACKNOWLEDGED)) == ACKNOWLEDGED
    assert len(plant.ask("shelve", str(SHELVED))) == SHELVED


def _settled(plant: Plant) -> dict[str, list[str]]:
    """The state once the summaries of the floods have gone out: from then on nothing is due for many minutes."""
    state: dict[str, Any] = {}

    def quiet() -> bool:
        state.update(plant.ask("state"))
        kinds = [row for row in state["delivery.Notice"] if '"kind": "summary"' in row]
        return len(kinds) == ENTERPRISES

    until(quiet, 180, lambda: "the floods were not summarised")
    return state


def _work_again(plant: Plant) -> None:
    """Wait until every process has been at work for longer than the engine takes to believe in silence."""
    begun = time.time()
    for role in ("clock", "engine", "historian", "auditor", "delivery"):
        until(lambda role=role: plant.ask("signed", role) > begun + 25, 150, lambda role=role: f"{role} does not sign")


def _differences(before: dict[str, list[str]], after: dict[str, list[str]]) -> list[str]:
    return [
        f"{name}: {row[:300]}"
        for name in before
        for row in sorted(set(before[name]) ^ set(after[name]))
    ]  # fmt: skip
