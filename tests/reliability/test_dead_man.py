"""Scenario 42: whoever stops, clock, auditor or engine, an outside observer notices; a running one is left in peace."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.contract.channels.server import ChannelServer
from tests.reliability.plant import Feed, Plant, until

ROLES = ["engine", "historian", "intake", "clock", "auditor"]
WITHIN_S = 30
"""The observer's limit here: six audits, which pass every 5 s. Three would be few on a machine with many times its
work, where one audit that waits for its turn already looks like silence."""
STATED_S = 60 + WITHIN_S + 10
"""What `docs/reference/reliability.md` states: the auditor's own limit, then the observer's, then its next look."""
SLOW_MACHINE_S = 240


@contextmanager
def observer(target: str, told: Path) -> Iterator[Callable[[], list[str]]]:
    """`anlan watch` in a process of its own; its command writes lost and back into a file."""
    command = [
        sys.executable, "-m", "anlan", "watch", target, "--stay", "--within", f"{WITHIN_S}s", "--every", "1s",
        "--run", f'echo "$ANLAN_WATCH_STATE" >> {told}',
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield lambda: told.read_text().split() if told.exists() else []
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.slow
@pytest.mark.reliability(42)
def test_an_outside_observer_notices_who_stops_and_sees_them_come_back(tmp_path: Path, database_url: str) -> None:
    with (
        ChannelServer() as receiver,
        Plant(
            tmp_path / "data", database_url, ROLES, enterprises=1, points=2, dead_man_url=f"{receiver.url}/ping"
        ) as plant,
    ):
        feed = Feed(plant)
        feed.start()
        alive = plant.supervisor.config.data_dir / "alive"
        until(lambda: alive.exists() and bool(receiver.got), 240, lambda: "no audit ever passed")
        with observer(str(alive), tmp_path / "told") as told:
            for rounds, stopped in enumerate((["clock", "auditor"], ["auditor"], ["clock"], ["engine"])):
                _stop_and_go_on(plant, stopped, told, ["lost", "back"] * rounds, receiver)
            assert told() == ["lost", "back"] * 4, "whoever runs is left in peace"
        feed.stop()


def _stop_and_go_on(
    plant: Plant, roles: list[str], told: Callable[[], list[str]], before: list[str], receiver: ChannelServer
) -> None:
    """Freeze roles until the observer has told of it, let them go on until it has told of that."""
    for role in roles:
        plant.signal(role, signal.SIGSTOP)
    try:
        lost = [*before, "lost"]
        until(lambda: told() == lost, STATED_S + SLOW_MACHINE_S, lambda: f"{roles} stopped, told {told()}")
        calls = len(receiver.got)
    finally:
        for role in roles:
            plant.signal(role, signal.SIGCONT)
    until(lambda: told() == [*lost, "back"], SLOW_MACHINE_S, lambda: f"{roles} go on, told {told()}")
    until(lambda: len(receiver.got) > calls, SLOW_MACHINE_S, lambda: "the address is not called again")
