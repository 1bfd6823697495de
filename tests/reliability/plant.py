"""The harness of the kill tests: real roles on a data directory of their own, a feed with a ledger, and the comparison.

The ledger is the rule for all: what was acknowledged to the sender must be found afterwards, exactly once; alarms are
compared with those that a plain model computes from the ledger.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.reliability.cluster import Cluster

from anlan.config import Config
from anlan.roles.supervisor import Supervisor
from anlan.testing.sender import Sender, packet
from anlan.testing.sites import Site, sites

NORMAL, HIGH, HIGHER = 50.0, 85.0, 95.0
MINUTE_US, RESTLESS = 60_000_000, 10


def micros(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


class Plant:
    """Roles under a supervisor, and a small world in their database.

    With a ``cluster`` the log lies on its three nodes, and ``nats`` is one of them after the other.
    ``quiet`` enterprises beyond those that are fed hold warnings whose steps fall due; ``notices`` are then expected.
    Without ``fresh`` the world is there already (a restored one).
    """

    def __init__(
        self,
        data_dir: Path,
        database_url: str,
        roles: Iterable[str],
        *,
        enterprises: int,
        points: int,
        quiet: int = 0,
        fresh: bool = True,
        cluster: Cluster | None = None,
        **settings: Any,
    ) -> None:
        self._cluster = cluster
        settings.setdefault("frozen_after_seconds", 0)  # whom a test freezes stays frozen
        if cluster is not None:
            settings |= {"nats_url": cluster.url, "nats_replicas": 3}
        self.config = Config(data_dir=data_dir, database_url=database_url, web_port=0, intake_port=0, **settings)
        everything = list(sites(enterprises + quiet, points))
        self.sites: list[Site] = everything[:enterprises]
        self.quiet: list[Site] = everything[enterprises:]
        self.notices: list[Any] = []
        self.supervisor = Supervisor(self.config, roles)
        self._records = subprocess.Popen(
            [sys.executable, "-m", "tests.reliability.records"],
            env={**os.environ, **self.supervisor.config.environment()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).resolve().parents[2],
        )
        if fresh:
            self.ask("build", str(enterprises + quiet), str(points))

    def __enter__(self) -> Plant:
        try:
            self.supervisor.start(migrate=False)
            self.supervisor.wait_ready(150)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.supervisor.stop()
        self._records.communicate(timeout=30)

    def ask(self, *question: str) -> Any:
        """Ask the process that reads this plant's databases."""
        assert self._records.stdin
        assert self._records.stdout
        self._records.stdin.write(json.dumps(question) + "\n")
        self._records.stdin.flush()
        answer = self._records.stdout.readline()
        assert answer, "the process that reads the records failed, see its output"
        return json.loads(answer)

    def burn(self) -> None:
        """Load a red, an orange and a yellow warning whose first notices fall due within seconds."""
        self.notices = self.ask("burn", *(site.source for site in self.quiet))

    def kill(self, role: str) -> int:
        """SIGKILL the present process of a role (or ``nats``), which is started again; returns the pid that died."""
        if role == "nats" and self._cluster is not None:
            return self._cluster.crash()
        return self.signal(role, signal.SIGKILL)

    def signal(self, role: str, number: signal.Signals) -> int:
        """Send a signal to the present process of a role (or ``nats``); returns its pid."""
        deadline = time.monotonic() + 20
        while True:
            pid = self.supervisor.nats_pid if role == "nats" else self.supervisor.children[role].pid
            if pid is not None:
                os.kill(pid, number)
                return pid
            assert time.monotonic() < deadline, f"{role} is not running"
            time.sleep(0.02)


def until(what: Callable[[], bool], seconds: float, message: Callable[[], str]) -> None:
    """Poll with a deadline."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, message()
        time.sleep(0.25)


@dataclass
class Ledger:
    """What was acknowledged: by gateway, (collect time in µs, value) in the order sent."""

    entries: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    attempts: int = 0
    packets: int = 0

    def alarms(self, gateway: str) -> list[tuple[int, str, list[str]]]:
        """(start, worst, changes) of every excursion of each of the gateway's points, by a plain model.

        A point that changed ten times within a minute keeps its level until it has been calm for a minute.
        """
        found: list[tuple[int, str, list[str]]] = []
        level, flips, since = 0, 0, -MINUTE_US
        lower: dict[int, int] = {}  # active level → since when the value has been below it
        for at, value in self.entries.get(gateway, []):
            reached = 2 if value >= 90 else 1 if value >= 80 else 0
            calm = at - since > MINUTE_US
            held = not calm and flips >= RESTLESS
            back = any(step <= reached for step in lower)
            lower = {step: lower.get(step, at) for step in range(1, level + 1) if step > reached}
            ended = [step for step, begun in lower.items() if at - begun >= (MINUTE_US if held else 0)]
            after = reached if reached > level else min(ended, default=level + 1) - 1
            if after != level or (held and back):
                flips = (0 if calm else flips) + (after != level)
                since = at if calm or held else since
            if level == 0 and after:
                found.append((at, "HH" if after == 2 else "H", ["raised"]))
            elif after > level:
                found[-1] = (found[-1][0], "HH", [*found[-1][2], "worsened"])
            elif after < level:
                found[-1][2].append("eased" if after else "cleared")
            lower = {step: begun for step, begun in lower.items() if step <= after}
            level = after
        return found


class Feed:
    """One thread a gateway; each sends a packet every ``period_s`` and repeats it until it is acknowledged.

    ``intakes``: addresses that the gateways share, each with one of them first and the next one when that does not
    answer, as behind a balancer; by default the plant's alone.
    """

    def __init__(
        self, plant: Plant, period_s: float = 0.2, excursion_every: int = 12, intakes: Sequence[str] = ()
    ) -> None:
        self.ledger = Ledger()
        self._intakes = list(intakes) or [plant.supervisor.intake_url]
        self._plant, self._period_s, self._every = plant, period_s, excursion_every
        self._leave = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(site,), daemon=True) for site in plant.sites]
        self.failures: list[str] = []

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wait_for(self, packets: int, patience_s: float = 120) -> None:
        """Wait until so many more packets have been acknowledged, however long it takes; fail when for ``patience_s``
        not one was."""
        goal, seen = self.ledger.packets + packets, self.ledger.packets
        heard = time.monotonic()
        while self.ledger.packets < goal:
            if self.ledger.packets != seen:
                seen, heard = self.ledger.packets, time.monotonic()
            assert time.monotonic() - heard < patience_s, f"no packet acknowledged for {patience_s} s"
            assert not self.failures, self.failures
            time.sleep(0.02)

    def stop(self) -> Ledger:
        """End after the packet at hand has been acknowledged."""
        self._leave.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive(), "a sender never got its acknowledgement"
        assert not self.failures, self.failures
        return self.ledger

    def _run(self, site: Site) -> None:
        senders = [Sender(intake, site.gateway, site.key) for intake in self._intakes]
        turn = self._plant.sites.index(site)
        entries = self.ledger.entries.setdefault(site.gateway, [])
        number = 0
        while not self._leave.is_set() or entries[-1][1] != NORMAL:
            now = datetime.now(UTC)
            at = now.replace(microsecond=now.microsecond // 1000 * 1000)
            step = number % self._every
            value = HIGH if step in (5, 8) else HIGHER if step in (6, 7) else NORMAL
            message = packet(site.enterprise, site.gateway, at, dict.fromkeys(site.points, value))
            while True:
                self.ledger.attempts += 1
                reply = senders[turn % len(senders)].send(message)
                if reply.status == 200 and reply.accepted + reply.duplicates == 1:
                    break
                if reply.status not in (0, 429, 503):
                    self.failures.append(f"{reply.status} {reply.body}")
                    return
                turn += 1
                time.sleep(0.05)
            entries.append((micros(at), value))
            self.ledger.packets += 1
            number += 1
            time.sleep(self._period_s)
        for sender in senders:
            sender.close()


def compare(plant: Plant, ledger: Ledger, seconds: float = 240) -> None:
    """Wait until the records hold everything that was acknowledged, then compare exactly."""
    state: dict[str, Any] = {}

    def complete() -> bool:
        state.update(plant.ask("dump"))
        return not differences(plant, ledger, state)

    until(complete, seconds, lambda: "\n".join(differences(plant, ledger, state)[:20]))


def differences(plant: Plant, ledger: Ledger, state: dict[str, Any]) -> list[str]:
    """Every way in which the records are not what the ledger says; empty when all is right."""
    wrong: list[str] = []
    if state["notices"] != plant.notices:
        wrong.append(f"notices {state['notices']} instead of {plant.notices}")
    for site in plant.sites:
        expected_history = [[at, value] for at, value in ledger.entries[site.gateway]]
        expected_alarms = [[start, worst, changes] for start, worst, changes in ledger.alarms(site.gateway)]
        for point in site.points:
            history = state["history"].get(point, [])
            if history != expected_history:
                missing = [row for row in expected_history if row not in history]
                wrong.append(f"history of {point}: {len(history)} of {len(expected_history)}, missing {missing[:3]}")
            alarms = state["alarms"].get(point, [])
            if alarms != expected_alarms:
                odd = [row for row in alarms if row not in expected_alarms]
                lost = [row for row in expected_alarms if row not in alarms]
                wrong.append(
                    f"alarms of {point}: {len(alarms)} of {len(expected_alarms)}, odd {odd[:2]}, lost {lost[:2]}"
                )
    return wrong


def compare_beginning(plant: Plant, ledger: Ledger, before: dict[str, int]) -> None:
    """Every gateway's history is what was acknowledged, in order and once, up to a moment not earlier than its first
    ``before`` packets; its alarms are those of a plain model over just that; each step that fell due was noticed
    once."""
    state: dict[str, Any] = {}

    def wrong() -> list[str]:
        faults = [] if state["notices"] == plant.notices else [f"notices {state['notices']}, not {plant.notices}"]
        for site in plant.sites:
            sent = ledger.entries[site.gateway]
            for point in site.points:
                found = state["history"].get(point, [])
                kept = Ledger({site.gateway: sent[: len(found)]})
                if len(found) < before[site.gateway] or found != [list(entry) for entry in sent[: len(found)]]:
                    faults.append(f"history of {point}: {len(found)}, acknowledged before {before[site.gateway]}")
                if state["alarms"].get(point, []) != [list(alarm) for alarm in kept.alarms(site.gateway)]:
                    faults.append(f"alarms of {point} are not those of its history")
        return faults

    def complete() -> bool:
        state.update(plant.ask("dump"))
        return not wrong()

    until(complete, 120, lambda: "\n".join(wrong()))
