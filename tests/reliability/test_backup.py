"""Scenario 43: a backup is made under load and restored into an empty place; what was acknowledged before is there."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import new_database
from tests.reliability.plant import Feed, Plant, compare_beginning, until

from anlan.config import Config

ROLES = ["engine", "historian", "intake", "clock", "delivery"]
WORLD: dict[str, Any] = {"enterprises": 3, "points": 4, "quiet": 3}


def anlan(config: Config, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One command of the product in a process of its own."""
    command = [sys.executable, "-m", "anlan", *arguments]
    environment = {**os.environ, **config.environment()}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def _starts(plant: Plant) -> dict[str, int]:
    return {role: child.starts for role, child in plant.supervisor.children.items()}


@pytest.mark.slow
@pytest.mark.reliability(43)
def test_a_backup_under_load_restores_what_was_acknowledged_and_the_clocks_go_on(
    tmp_path: Path, database_url: str
) -> None:
    backups = tmp_path / "backups"
    with Plant(tmp_path / "data", database_url, ROLES, **WORLD) as plant:
        plant.ask("staff", "1000000000")
        feed = Feed(plant, period_s=0.05)
        feed.start()
        until(lambda: feed.ledger.packets > 100, 240, lambda: "the feed does not flow")
        plant.burn()
        before = {gateway: len(entries) for gateway, entries in feed.ledger.entries.items()}
        running, starts = plant.supervisor.config, _starts(plant)
        made = anlan(running, "backup", str(backups), "--with-secrets")
        assert made.returncode == 0, made.stderr
        packets = feed.ledger.packets
        until(lambda: feed.ledger.packets > packets + 30, 240, lambda: "the feed was stopped by the backup")
        ledger = feed.stop()
        assert _starts(plant) == starts
        refused = anlan(running, "restore", str(backups))
        assert refused.returncode == 1
        assert "另一个安澜实例" in refused.stderr
        notices = plant.notices
    with new_database() as empty:
        proved = anlan(running, "restore", str(backups), "--check")
        assert proved.returncode == 0, proved.stdout + proved.stderr
        assert "核对无误" in proved.stdout
        place = dataclasses.replace(running, data_dir=tmp_path / "new", database_url=empty)
        restored = anlan(place, "restore", str(backups))
        assert restored.returncode == 0, restored.stdout + restored.stderr
        assert (place.data_dir / "secret.key").read_text() == running.secret
        with Plant(place.data_dir, empty, ROLES, fresh=False, **WORLD) as again:
            again.notices = notices
            compare_beginning(again, ledger, before)
            assert again.ask("fired")["broken"] == []


@pytest.mark.slow
def test_with_the_old_log_what_came_after_the_backup_is_read_again(tmp_path: Path, database_url: str) -> None:
    backups = tmp_path / "backups"
    # while history has not begun to read, the log keeps everything
    with Plant(tmp_path / "data", database_url, ["engine", "intake"], **WORLD) as plant:
        feed = Feed(plant, period_s=0.05)
        feed.start()
        until(lambda: feed.ledger.packets > 50, 240, lambda: "the feed does not flow")
        running = plant.supervisor.config
        made = anlan(running, "backup", str(backups))
        assert made.returncode == 0, made.stderr
        packets = feed.ledger.packets
        until(lambda: feed.ledger.packets > packets + 60, 240, lambda: "the feed does not flow")
        ledger = feed.stop()
    with new_database() as empty:
        place = dataclasses.replace(running, data_dir=tmp_path / "new", database_url=empty)
        restored = anlan(place, "restore", str(backups), "--log", str(running.data_dir / "nats"))
        assert restored.returncode == 0, restored.stdout + restored.stderr
        with Plant(place.data_dir, empty, ROLES, fresh=False, **WORLD) as again:
            compare_beginning(again, ledger, {gateway: len(entries) for gateway, entries in ledger.entries.items()})


@pytest.mark.slow
def test_backups_one_after_the_other_and_one_that_was_killed(tmp_path: Path, database_url: str) -> None:
    backups = tmp_path / "backups"
    with Plant(tmp_path / "data", database_url, ["engine", "historian", "intake"], **WORLD) as plant:
        running = plant.supervisor.config
        process = subprocess.Popen(
            [sys.executable, "-m", "anlan", "backup", str(backups)], env={**os.environ, **running.environment()}
        )
        until(
            lambda: any(backups.glob(".partial-*")) or any(backups.glob("anlan-*")), 240, lambda: "nothing is written"
        )
        process.kill()
        process.wait(30)
        for _ in range(3):
            made = anlan(running, "backup", str(backups), "--keep", "2")
            assert made.returncode == 0, made.stderr
            time.sleep(1.1)  # the names of backups tell them apart by the second
        kept = sorted(path.name for path in backups.iterdir() if path.name != ".lock")
        assert len(kept) == 2
        assert all(name.startswith("anlan-") for name in kept)
        assert anlan(running, "check", "backup").returncode == 0
