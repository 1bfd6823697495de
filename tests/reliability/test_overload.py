"""Scenario 26: ten times the normal rate for long, then a hundred times for a moment: refused in words, never lost."""

from __future__ import annotations

import base64
import os
import socket
import statistics
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.reliability.limits import resident_mib
from tests.reliability.plant import HIGH, NORMAL, Plant, micros, until

from anlan.testing.sender import Sender, packet
from anlan.testing.sites import Site

ROLES = ["engine", "historian", "intake"]
SITES, POINTS, PERIOD_S = 8, 100, 5.0
"""Normal: each gateway a packet of all its points every five seconds."""
TENFOLD_S, HUNDREDFOLD_S = (600.0, 10.0) if os.environ.get("ANLAN_TEST_LONG") == "1" else (30.0, 4.0)
"""The scenario's ten minutes and ten seconds, or made short; the rates stand to each other as it says."""
TRAFFIC_JAM = 40
"""Senders that at the height of it come with most of seven megabytes each: more than the intake will hold."""
MAY_GROW_MIB = {"intake": 450, "engine": 150, "historian": 250, "nats": 250}
"""What a process may hold more than before: the intake twice its bounds (128 + 64 MiB), the others their queues."""


def counts() -> dict[str, Any]:
    """Asked of the records: the collect times of each gateway, by its first point, and the alarms so far."""
    from anlan.apps.alarms.models import Alarm
    from anlan.apps.history.selectors import raw
    from anlan.apps.registry.models import Gateway, Point

    end, samples = datetime.now(UTC) + timedelta(minutes=10), {}
    for gateway in Gateway.objects.order_by("code"):
        point = Point.objects.filter(gateway=gateway).order_by("code")[0]
        samples[gateway.code] = raw(point, end - timedelta(hours=3), end).sampled_at_us.tolist()
    return {"samples": samples, "alarms": Alarm.objects.filter(side="high").count()}


class Gateway(threading.Thread):
    """Measures at a rate, sends what it has, keeps what is not taken. The ledger: collect times acknowledged."""

    def __init__(self, plant: Plant, site: Site) -> None:
        super().__init__(daemon=True)
        self.site, self._sender = site, Sender(plant.supervisor.intake_url, site.gateway, site.key, timeout=60)
        self.factor, self.leaving = 1.0, threading.Event()
        self.acknowledged: list[int] = []
        self.statuses: dict[int, int] = {}
        self.odd: list[str] = []
        self._due, self._last_us = time.monotonic(), 0
        self._kept: list[tuple[int, dict[str, Any]]] = []

    def run(self) -> None:
        while not self.leaving.is_set() or self._kept:
            self._measure()
            batch = self._kept[:100]
            if not batch:
                time.sleep(0.01)
                continue
            reply = self._sender.send([each for _, each in batch])
            self.statuses[reply.status] = self.statuses.get(reply.status, 0) + 1
            if reply.status == 200 and reply.accepted + reply.duplicates == len(batch):
                self.acknowledged += [at for at, _ in batch]
                del self._kept[: len(batch)]
            elif reply.status in (0, 429, 503):
                time.sleep(0.2)
            else:
                self.odd.append(f"{reply.status} {reply.body}")
                return
        self._sender.close()

    def _measure(self) -> None:
        while not self.leaving.is_set() and self._due <= time.monotonic():
            self._due += PERIOD_S / self.factor
            now = datetime.now(UTC)
            at_us = max(self._last_us + 1000, micros(now) // 1000 * 1000)
            self._last_us = at_us
            at = datetime.fromtimestamp(at_us // 1000 / 1000, UTC).replace(microsecond=at_us % 1_000_000)
            values = dict.fromkeys(self.site.points, NORMAL)
            self._kept.append((at_us, packet(self.site.enterprise, self.site.gateway, at, values)))


def probe(plant: Plant, site: Site, point: int) -> float:
    """Seconds from sending a value beyond its limit to its alarm being in the records."""
    before = plant.ask("tests.reliability.test_overload:counts")["alarms"]
    with Sender(plant.supervisor.intake_url, site.gateway, site.key, timeout=60) as sender:
        begun = time.monotonic()
        while True:
            now = datetime.now(UTC)
            at = now.replace(microsecond=now.microsecond // 1000 * 1000)
            reply = sender.send(packet(site.enterprise, site.gateway, at, {site.points[point]: HIGH}))
            if reply.status == 200:
                break
            assert reply.status in (0, 429, 503), reply
            time.sleep(0.1)
    until(lambda: plant.ask("tests.reliability.test_overload:counts")["alarms"] > before, 240, lambda: "no alarm came")
    return time.monotonic() - begun


def jam(plant: Plant, site: Site, answers: list[str]) -> None:
    """Most of seven megabytes, and then no more: a sender whose line has become slow."""
    config, token = plant.supervisor.config, base64.b64encode(f"{site.gateway}:{site.key}".encode()).decode()
    head = (
        f"POST /api/v1/packets HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {token}\r\nContent-Length: 7000000\r\n\r\n"
    )
    with socket.create_connection((config.host, config.intake_port), 60) as line, suppress(OSError):
        line.sendall(head.encode() + b"0" * 6_500_000)
        answers.append(line.recv(1000).decode())


@pytest.mark.slow
@pytest.mark.reliability(26)
def test_a_surge_is_refused_in_words_and_costs_neither_memory_nor_what_was_acknowledged(
    tmp_path: Path, database_url: str
) -> None:
    with Plant(tmp_path / "data", database_url, ROLES, enterprises=SITES, points=POINTS, quiet=2) as plant:
        gateways = [Gateway(plant, site) for site in plant.sites]
        watched, jammer = plant.quiet
        for each in gateways:
            each.start()
        time.sleep(3)
        before, peak, leave = held(plant), {}, threading.Event()
        watch = threading.Thread(target=keep_peak, args=(plant, peak, leave), daemon=True)
        watch.start()
        took = {"normal": [probe(plant, watched, 0)]}
        for each in gateways:
            each.factor = 10.0
        begun, took["tenfold"] = time.monotonic(), []
        while time.monotonic() - begun < TENFOLD_S or len(took["tenfold"]) < 5:
            took["tenfold"].append(probe(plant, watched, 1 + len(took["tenfold"])))
            time.sleep(TENFOLD_S / 60)  # a point of its own for each: there are enough for so many
        for each in gateways:
            each.factor = 100.0
        answers: list[str] = []
        crowd = [threading.Thread(target=jam, args=(plant, jammer, answers)) for _ in range(TRAFFIC_JAM)]
        for each_thread in crowd:
            each_thread.start()
        took["hundredfold"] = [probe(plant, watched, 80)]
        time.sleep(HUNDREDFOLD_S)
        for each_thread in crowd:
            each_thread.join(90)
        for each in gateways:
            each.leaving.set()
        for each in gateways:
            each.join(120)
        leave.set()
        watch.join(30)
        assert [each.odd for each in gateways if each.odd] == []
        assert any(each.startswith("HTTP/1.1 429") for each in answers), f"nobody was told: {answers}"
        whole(plant, gateways)
        report(gateways, took, before, peak)
        grown = {name: peak[name] - before[name] for name in peak}
        assert {name: more for name, more in grown.items() if more > MAY_GROW_MIB[name]} == {}


def held(plant: Plant) -> dict[str, float]:
    pids = {role: plant.supervisor.children[role].pid for role in ROLES} | {"nats": plant.supervisor.nats_pid}
    return {name: resident_mib(pid) for name, pid in pids.items() if pid}


def keep_peak(plant: Plant, peak: dict[str, float], leave: threading.Event) -> None:
    while not leave.wait(0.2):
        for name, size in held(plant).items():
            peak[name] = max(peak.get(name, 0.0), size)


def whole(plant: Plant, gateways: list[Gateway]) -> None:
    """Every packet that was acknowledged is in history, exactly once, and nothing else of these gateways."""
    wrong: dict[str, Any] = {}

    def complete() -> bool:
        there = plant.ask("tests.reliability.test_overload:counts")["samples"]
        wrong.clear()
        for each in gateways:
            code = each.site.gateway
            if there[code] != sorted(each.acknowledged):
                wrong[code] = (len(there[code]), len(each.acknowledged))
        return not wrong

    until(complete, 240, lambda: f"in history and acknowledged: {wrong}")


def report(
    gateways: list[Gateway], took: dict[str, list[float]], before: dict[str, float], peak: dict[str, float]
) -> None:
    packets = sum(len(each.acknowledged) for each in gateways)
    print(f"\n{packets} packets acknowledged, {packets * POINTS} samples, each once")
    for name, seconds in took.items():
        print(f"alarm after sending, {name}: p50 {statistics.median(seconds):.2f} s, worst {max(seconds):.2f} s")
    for name, most in peak.items():
        print(f"{name}: {before[name]:.0f} MiB before, {most:.0f} MiB at most")
