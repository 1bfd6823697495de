"""The host's clock stands ahead for a while and is set right again, under everything that runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.reliability.plant import Feed, Plant, compare, until

ROLES = ["engine", "historian", "intake", "clock", "auditor"]


class HostClock:
    """Sets the clock of every process of the plant; replaced whole, so that nobody reads half a number."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.set(0)

    def set(self, ahead_s: float) -> None:
        fresh = self.path.with_suffix(".fresh")
        fresh.write_text(str(ahead_s), encoding="utf-8")
        fresh.replace(self.path)


def check_lag(plant: Plant) -> str:
    command = [sys.executable, "-m", "anlan", "check", "lag"]
    environment = {**os.environ, **plant.supervisor.config.environment()}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout


@pytest.mark.slow
@pytest.mark.case("A1")
@pytest.mark.parametrize("hours", [1, 8])
def test_while_our_clock_stands_ahead_and_afterwards_every_alarm_is_that_of_the_samples(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    host = HostClock(tmp_path / "shift")
    monkeypatch.setenv("ANLAN_TEST_SHIFT", str(host.path))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "shifted"))
    with Plant(tmp_path / "data", database_url, ROLES, enterprises=2, points=2) as plant:
        feed = Feed(plant, period_s=0.2)
        feed.start()

        def packets_more(number: int) -> None:
            before = feed.ledger.packets
            until(
                lambda: feed.ledger.packets >= before + number, 240, lambda: f"{feed.ledger.packets}, {feed.failures}"
            )

        packets_more(60)
        host.set(3600 * hours)
        until(lambda: "多半快了" in check_lag(plant), 240, lambda: check_lag(plant))
        packets_more(60)
        host.set(0)
        packets_more(120)
        ledger = feed.stop()
        compare(plant, ledger)
        told = check_lag(plant)
        assert "拨了" in told
        assert "在未来" not in told
        assert "多半快了" not in told
