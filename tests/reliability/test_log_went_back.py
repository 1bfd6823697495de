"""The log comes back as an older copy, or without its tail: what is acknowledged afterwards is neither passed over nor
doubled, and operators are told in words."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.reliability.plant import Feed, Ledger, Plant, compare, until

ROLES = ["engine", "historian", "intake", "clock"]


def fed(plant: Plant, ledger: Ledger, packets: int) -> None:
    """Feed so many packets more, and see that all that was ever acknowledged is there."""
    feed = Feed(plant, period_s=0.05)
    feed.start()
    until(lambda: feed.ledger.packets >= packets, 240, lambda: f"{feed.ledger.packets} packets, {feed.failures}")
    for gateway, entries in feed.stop().entries.items():
        ledger.entries.setdefault(gateway, []).extend(entries)
    compare(plant, ledger)


def check_lag(plant: Plant) -> str:
    command = [sys.executable, "-m", "anlan", "check", "lag"]
    environment = {**os.environ, **plant.supervisor.config.environment()}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout


def without_its_tail(log: Path) -> None:
    """The newest segment ends in its middle; what only speeds up an opening is gone."""
    newest = max(log.rglob("*.blk"), key=lambda path: int(path.stem))
    with newest.open("r+b") as file:
        file.truncate(newest.stat().st_size // 2)
    for path in log.rglob("index.db"):
        path.unlink()


@pytest.mark.slow
@pytest.mark.case("A2")
@pytest.mark.parametrize("how", ["an older copy", "its tail cut off"])
def test_a_log_that_went_back_loses_nothing_that_is_acknowledged_afterwards(
    tmp_path: Path, database_url: str, how: str
) -> None:
    folder, ledger = tmp_path / "data", Ledger()

    def running(fresh: bool) -> Plant:
        return Plant(folder, database_url, ROLES, enterprises=2, points=2, fresh=fresh)

    with running(fresh=True) as plant:
        fed(plant, ledger, 30)
    shutil.copytree(folder / "nats", tmp_path / "copy")
    with running(fresh=False) as plant:
        fed(plant, ledger, 30)
    if how == "an older copy":
        shutil.rmtree(folder / "nats")
        shutil.copytree(tmp_path / "copy", folder / "nats")
    else:
        without_its_tail(folder / "nats")
    with running(fresh=False) as plant:
        fed(plant, ledger, 20)
        told = check_lag(plant)
        assert "报警引擎已读到日志第" in told
        assert "历史已读到日志第" in told
        assert "较旧的副本" in told
        assert "起于 20" in told
    with running(fresh=False) as plant:
        fed(plant, ledger, 10)
        assert "较旧的副本" in check_lag(plant), "told for a day, whatever is restarted"
