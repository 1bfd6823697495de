"""Scenario 8: the power goes at a random instant. What lies on the disk opens, checks, and holds what was acknowledged.

The model: every process is frozen and the folder copied, so that the copy is one instant; then what no `fsync` had yet
asked for is damaged, as a disk may leave it: the ends of the write-ahead files and of the log's newest segment carry
half-written records, and the files that only speed up an opening are gone.
"""

from __future__ import annotations

import dataclasses
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.reliability.gateway import EdgeGateway
from tests.reliability.plant import Feed, Plant, compare_beginning, until
from tests.unit.edge.intake_double import IntakeDouble

from anlan.testing.sites import sites

ROLES = ["engine", "historian", "intake", "clock"]
COPIES = 3


@contextmanager
def frozen(pids: Iterable[int | None]) -> Iterator[None]:
    """All of these processes stand still."""
    standing = [pid for pid in pids if pid is not None]
    for pid in standing:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in standing:
            os.kill(pid, signal.SIGCONT)


def copy(source: Path, target: Path) -> None:
    """The folder as it stands."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.sock"))


def tear(folder: Path, dice: random.Random) -> list[str]:
    """Damage what was never synced; returns what was damaged."""
    torn = []
    for path in folder.rglob("*-shm"):
        path.unlink()
    for path in folder.rglob("index.db"):
        path.unlink()
    segments: dict[Path, list[Path]] = {}
    for path in folder.rglob("*.blk"):
        segments.setdefault(path.parent, []).append(path)
    newest = [max(found, key=lambda path: int(path.stem)) for found in segments.values()]
    for path in [*folder.rglob("*.sqlite3-wal"), *newest]:
        whole = path.read_bytes()
        if not whole:
            continue
        length = dice.randrange(1, 5000)
        # half of a former record, or the zeros of a block that was allocated but never written
        start = dice.randrange(len(whole))
        tail = dice.choice([bytes(length), dice.randbytes(length), whole[start : start + length]])
        with path.open("ab") as file:
            file.write(tail)
        torn.append(f"{path.relative_to(folder)} +{len(tail)}")
    return torn


@pytest.mark.slow
@pytest.mark.sqlite
@pytest.mark.reliability(8)
def test_a_node_that_lost_power_opens_and_holds_everything_acknowledged(tmp_path: Path, database_url: str) -> None:
    seed = random.Random().randrange(1 << 30)
    print(f"seed {seed}")
    dice = random.Random(seed)
    before: list[dict[str, int]] = []
    with Plant(tmp_path / "data", database_url, ROLES, enterprises=3, points=3) as plant:
        feed = Feed(plant, period_s=0.05)
        feed.start()
        until(lambda: feed.ledger.packets > 60, 240, lambda: "the feed does not flow")
        for number in range(COPIES):
            time.sleep(dice.uniform(0.5, 4.0))
            acknowledged = {gateway: len(entries) for gateway, entries in feed.ledger.entries.items()}
            children = [child.pid for child in plant.supervisor.children.values()]
            with frozen([*children, plant.supervisor.nats_pid]):
                copy(plant.supervisor.config.data_dir, tmp_path / f"copy{number}")
            before.append(acknowledged)
        packets = feed.ledger.packets
        until(lambda: feed.ledger.packets > packets + 20, 240, lambda: "the feed does not go on")
        ledger = feed.stop()
        running = plant.supervisor.config
    for number in range(COPIES):
        folder = tmp_path / f"copy{number}"
        if number:  # the first copy stays as a mere loss of processes leaves it
            print(tear(folder, dice))
        for path in sorted(folder.glob("*.sqlite3")):
            with sqlite3.connect(path) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            connection.close()
        place = dataclasses.replace(running, data_dir=folder)
        for what in ("journal", "records"):
            _check(place.environment(), what)
        if number == 0:
            continue
        with Plant(folder, database_url, ROLES, enterprises=3, points=3, fresh=False) as again:
            compare_beginning(again, ledger, before[number])


def _check(environment: dict[str, str], what: str) -> None:
    command = [sys.executable, "-m", "anlan", "check", what]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.reliability(8)
def test_a_gateway_that_lost_power_still_sends_everything_it_had_written(tmp_path: Path) -> None:
    seed = random.Random().randrange(1 << 30)
    print(f"seed {seed}")
    dice = random.Random(seed)
    intake = IntakeDouble()
    intake.start()
    try:
        (site,) = sites(1, 2)
        intake.key = site.key
        intake.mode = "503"
        with EdgeGateway(tmp_path / "edge", intake.url, site) as gateway:
            until(lambda: gateway.waiting > 60, 240, lambda: f"nothing is written: {gateway.status}")
            written = int(gateway.status["written"])
            with frozen([gateway.pid, *gateway.children]):
                copy(tmp_path / "edge", tmp_path / "copy")
            intake.mode = "ok"
            until(lambda: len(intake.accepted) > written, 240, lambda: "nothing arrives")
        first = sorted(packet["report"]["collectTime"] for packet in intake.accepted.values())[:written]
        intake.accepted.clear()
        print(tear(tmp_path / "copy", dice))
        with EdgeGateway(tmp_path / "copy", intake.url, site, fresh=False) as again:
            until(lambda: len(intake.accepted) >= written, 240, lambda: f"{len(intake.accepted)} of {written}")
            until(lambda: again.settled >= written, 240, lambda: f"{again.status}")
        arrived = sorted(packet["report"]["collectTime"] for packet in intake.accepted.values())
        assert arrived[:written] == first
    finally:
        intake.stop()
