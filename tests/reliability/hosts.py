"""Further hosts of an installation: roles of their own on the same database and the same log; and processes frozen at
the worst moment."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.reliability.plant import Plant

from anlan.config import Config
from anlan.roles.supervisor import Supervisor


@contextmanager
def second_host(config: Config, folder: Path, roles: Sequence[str]) -> Iterator[Supervisor]:
    """Another installation on the same database and the same log."""
    supervisor = Supervisor(replace(config, data_dir=folder, web_port=0, intake_port=0), roles)
    try:
        supervisor.start(migrate=False)
        supervisor.wait_ready(240)
        yield supervisor
    finally:
        supervisor.stop()


@contextmanager
def single(config: Config, folder: Path, name: str) -> Iterator[subprocess.Popen[bytes]]:
    """One process of a further host, which nobody starts again."""
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


def freeze_in_a_transaction(plant: Plant, role: str, seconds: float = 240) -> int:
    """SIGSTOP a role's process at an instant when the database waits for its next statement in a transaction that has
    written or locked something; returns its pid. PostgreSQL only."""
    dice = random.Random()
    deadline = time.monotonic() + seconds
    while True:
        pid = plant.signal(role, signal.SIGSTOP)
        time.sleep(0.1)  # the statement at hand ends
        if plant.ask("tests.reliability.hosts:holding", *map(str, _ports(pid))):
            return pid
        os.kill(pid, signal.SIGCONT)
        assert time.monotonic() < deadline, f"{role} was never met in a transaction"
        time.sleep(dice.uniform(0, 0.3))


def _ports(pid: int) -> set[int]:
    """Local ports of the connections that a process holds."""
    sockets = set()
    for each in Path(f"/proc/{pid}/fd").iterdir():
        target = os.readlink(each)
        if target.startswith("socket:["):
            sockets.add(target[8:-1])
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {int(row[1].rpartition(":")[2], 16) for row in rows if row[9] in sockets}


def holding(*ports: str) -> bool:
    """Whether one of the connections from these ports is idle in a transaction that holds a number of its own or a
    lock on a row."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND client_port = ANY(%s)"
            " AND state = 'idle in transaction' AND backend_xid IS NOT NULL",
            [[int(port) for port in ports]],
        )
        return bool(cursor.fetchone()[0])
