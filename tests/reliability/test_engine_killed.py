"""Scenarios 2 and 7: the engine dies between a sample and its alarm, and while a point that never spoke is awaited."""

from __future__ import annotations

import random
import signal
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.reliability.cluster import Cluster
from tests.reliability.plant import HIGHER, NORMAL, Feed, Ledger, Plant, compare, micros, until

from anlan.process.hearing import SETTLE_US
from anlan.testing.sender import Sender, packet
from anlan.testing.sites import Site

ROLES = ["engine", "historian", "intake"]
HOLD_S = 25.0


@pytest.mark.slow
@pytest.mark.reliability(2)
def test_an_engine_killed_between_sample_and_alarm_raises_it_once_with_the_samples_time(
    tmp_path: Path, database_url: str, cluster: Cluster | None
) -> None:
    """Once with the alarm's commit held up by a lock, twice frozen before it could read the sample, then at random."""
    dice = random.Random()
    ledger = Ledger()
    with Plant(tmp_path / "data", database_url, ROLES, enterprises=2, points=3, cluster=cluster) as plant:
        _send(plant, ledger, NORMAL)
        compare(plant, ledger, seconds=240)
        plant.ask("block")
        try:
            _send(plant, ledger, HIGHER)
            _stored_without_alarm(plant, ledger)
            plant.kill("engine")
        finally:
            plant.ask("unblock")
        compare(plant, ledger, seconds=240)
        _send(plant, ledger, NORMAL)
        for _ in range(2):
            plant.signal("engine", signal.SIGSTOP)
            _send(plant, ledger, HIGHER)
            _stored_without_alarm(plant, ledger)
            plant.kill("engine")
            compare(plant, ledger, seconds=240)
            _send(plant, ledger, NORMAL)
        for _ in range(5):
            _send(plant, ledger, HIGHER)
            time.sleep(dice.uniform(0, 0.15))
            killed = plant.kill("engine")
            _send(plant, ledger, NORMAL)
            _wait_for_the_next(plant, killed)
        compare(plant, ledger, seconds=240)
        assert plant.supervisor.children["engine"].starts >= 9


def _send(plant: Plant, ledger: Ledger, value: float) -> None:
    """One packet of every gateway, repeated until it is acknowledged."""
    for site in plant.sites:
        at = datetime.now(UTC)
        at = at.replace(microsecond=at.microsecond // 1000 * 1000)
        message = packet(site.enterprise, site.gateway, at, dict.fromkeys(site.points, value))
        with Sender(plant.supervisor.intake_url, site.gateway, site.key) as sender:
            until(lambda s=sender, m=message: s.send(m).status == 200, 240, lambda: "the intake takes nothing")
        ledger.entries.setdefault(site.gateway, []).append((micros(at), value))
    time.sleep(0.002)


def _wait_for_the_next(plant: Plant, killed: int) -> None:
    """Until another engine than ``killed`` works, so that the next kill does not meet one that only begins to."""
    until(
        lambda: plant.supervisor.children["engine"].pid != killed and plant.supervisor.is_ready("engine"),
        240,
        lambda: "the engine does not come back",
    )


def _stored_without_alarm(plant: Plant, ledger: Ledger) -> None:
    """History has the newest samples; of their alarms nothing is known."""

    def stored() -> bool:
        history = plant.ask("dump")["history"]
        return all(
            history.get(point, [])[-1:] == [list(ledger.entries[site.gateway][-1])]
            for site in plant.sites
            for point in site.points
        )

    until(stored, 240, lambda: "the samples do not reach history")
    newest = {entries[-1][0] for entries in ledger.entries.values()}
    alarms = plant.ask("dump")["alarms"]
    assert not [start for found in alarms.values() for start, *_ in found if start in newest]


@pytest.mark.slow
@pytest.mark.reliability(7)
def test_a_point_dead_before_the_start_is_found_after_its_hold_time_across_restarts(
    tmp_path: Path, database_url: str
) -> None:
    """One gateway speaks, one was never heard: the engine dies more often than the hold time lasts, and all the same
    the silence is raised once for each point, counted from before the first kill; with the first packet it ends."""
    plant = Plant(tmp_path / "data", database_url, ROLES, enterprises=2, points=3)
    speaking, dead = plant.sites
    plant.ask("hold", str(HOLD_S))
    plant.sites = [speaking]
    with plant:
        feed = Feed(plant, period_s=0.5)
        feed.start()
        until(lambda: bool(plant.ask("alarms")), 240, lambda: "the engine evaluates nothing")
        worked = time.time()
        until(lambda: time.time() > worked + SETTLE_US / 1e6, 240, lambda: "silences do not count yet")
        until(lambda: plant.ask("signed", "engine") > worked + 2, 240, lambda: "the engine does not sign")
        first_kill = time.time()
        for _ in range(4):
            _wait_for_the_next(plant, plant.kill("engine"))
            time.sleep(2)
        found: dict[str, list[list[object]]] = {}

        def raised() -> bool:
            found.clear()
            found.update(plant.ask("silent"))
            return set(found) >= set(dead.points)

        until(raised, 240, lambda: f"no alarm for want of data: {found}")
        ledger = feed.stop()
        for point in dead.points:
            (alarm,) = found[point]
            since, at, changes = alarm
            assert changes == ["raised"]
            assert int(str(at)) - int(str(since)) == HOLD_S * 1e6
            assert int(str(since)) < first_kill * 1e6, "the kills prolonged the hold time"
        assert not set(found) & set(speaking.points)
        _speak(plant, dead)
        until(lambda: _changes(plant, dead) == [["raised", "cleared"]] * 3, 240, lambda: f"{plant.ask('silent')}")
        assert ledger.packets > 20


def _speak(plant: Plant, site: Site) -> None:
    message = packet(site.enterprise, site.gateway, datetime.now(UTC), dict.fromkeys(site.points, NORMAL))
    with Sender(plant.supervisor.intake_url, site.gateway, site.key) as sender:
        until(lambda: sender.send(message).status == 200, 240, lambda: "the intake takes nothing")


def _changes(plant: Plant, site: Site) -> list[list[str]]:
    found = plant.ask("silent")
    return [changes for point in site.points for _, _, changes in found.get(point, [])]
