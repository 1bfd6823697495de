"""Scenario 4: the clock is killed again and again while 10 000 steps fall due. None is missed, none comes twice."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import pytest
from tests.reliability.cluster import Cluster
from tests.reliability.plant import Plant, until

STEPS = 10_000
LEAD_S, SPREAD_S = 20, 20
KILLS = 5


@pytest.mark.slow
@pytest.mark.reliability(4)
def test_a_clock_killed_while_ten_thousand_steps_fall_due_misses_none_and_repeats_none(
    tmp_path: Path, database_url: str, cluster: Cluster | None
) -> None:
    with Plant(tmp_path / "data", database_url, [], enterprises=50, points=1, cluster=cluster) as plant:
        ledger = plant.ask("burn_many", str(STEPS), str(LEAD_S), str(SPREAD_S))
        assert len(ledger) == STEPS
        plant.supervisor.stop()  # started again with a clock: nothing was due before
        _with_a_clock(plant, ledger)


def sent() -> int:
    """How many notices there are; asked of the process that reads the records."""
    from anlan.apps.delivery.models import Notice

    return Notice.objects.by_the_machine().filter(kind="notice").count()


def _sent(plant: Plant) -> int:
    return int(plant.ask(f"{__name__}:sent"))


def _with_a_clock(plant: Plant, ledger: list[Any]) -> None:
    from anlan.roles.supervisor import Supervisor

    plant.supervisor = Supervisor(plant.config, ["clock"])
    plant.supervisor.start(migrate=False)
    plant.supervisor.wait_ready(150)
    dice = random.Random(4)
    first_due = min(due for _, due in ledger) / 1e6
    until(lambda: time.time() >= first_due, LEAD_S + 240, lambda: "the first step never fell due")
    for number in range(1, KILLS + 1):
        # each kill meets a clock at work, however long it took to come back
        share = number * STEPS // (KILLS + 1)
        until(lambda n=share: _sent(plant) >= n, 300, lambda: f"{_sent(plant)} of {STEPS} steps were sent")
        time.sleep(dice.uniform(0, 0.3))
        plant.kill("clock")
    cut_short = _sent(plant) < STEPS
    found: dict[str, Any] = {}

    def all_fired() -> bool:
        found.update(plant.ask("fired"))
        return len(found["sent"]) >= STEPS

    until(all_fired, 600, lambda: f"{len(found['sent'])} of {STEPS} steps were sent")
    assert cut_short, "everything was sent before the last kill"
    assert found["sent"] == sorted(ledger)
    assert found["further"] == 0
    assert found["waiting"] == STEPS  # every clock goes on, on its own grid
    assert found["messages"] == STEPS  # red goes to the city alone
    assert found["unmarked"] == []  # what was late says so
    assert found["broken"] == []
    assert plant.supervisor.children["clock"].starts >= KILLS + 1
    print(f"{STEPS} steps, {KILLS} kills: the latest {found['latest_s']:.1f} s after it was due")
