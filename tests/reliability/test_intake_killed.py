"""Scenario 1: the intake dies again and again while batches come; a batch is kept whole or not at all."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.reliability.cluster import Cluster
from tests.reliability.plant import HIGHER, NORMAL, Ledger, Plant, micros, until

from anlan.testing.sender import Sender, packet
from anlan.testing.sites import Site

ROLES = ["engine", "historian", "intake"]
GATEWAYS, POINTS, BATCHES, PACKETS, KILLS = 5, 3, 1000, 4, 6


@dataclass
class _Sent:
    """One gateway's batches in the order sent: [(collect time in µs, value) of each packet, acknowledged]."""

    batches: list[tuple[list[tuple[int, float]], bool]] = field(default_factory=list)


class _Batches:
    """A thread a gateway. A batch without an answer is repeated until it has one, or, by dice, given up for ever (never
    two in a row)."""

    def __init__(self, plant: Plant, seed: int) -> None:
        self.sent = {site.gateway: _Sent() for site in plant.sites}
        self.unanswered = 0
        self.done = 0
        self.faults: list[str] = []
        self._plant = plant
        self._threads = [
            threading.Thread(target=self._run, args=(site, random.Random(seed + number)), daemon=True)
            for number, site in enumerate(plant.sites)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(400)
            assert not thread.is_alive(), "a sender never got its acknowledgement"
        assert not self.faults, self.faults

    def _run(self, site: Site, dice: random.Random) -> None:
        with Sender(self._plant.supervisor.intake_url, site.gateway, site.key) as sender:
            last = 0
            for number in range(BATCHES // GATEWAYS):
                # a back-fill of its own milliseconds each: no collect time comes twice
                start = max(last + 1, round(time.time() * 1000) - PACKETS)
                last = start + PACKETS - 1
                times = [datetime.fromtimestamp(ms / 1000, UTC) for ms in range(start, last + 1)]
                # raised by the first packet of every tenth batch, cleared by its last
                values = [HIGHER if number % 10 == 5 and place < PACKETS - 1 else NORMAL for place in range(PACKETS)]
                batch = [
                    packet(site.enterprise, site.gateway, at, dict.fromkeys(site.points, value))
                    for at, value in zip(times, values, strict=True)
                ]
                before = self.sent[site.gateway].batches[-1:]
                patient = dice.random() < 0.5 or bool(before and not before[0][1])
                taken = self._send(sender, batch, patient)
                rows = [(micros(at), value) for at, value in zip(times, values, strict=True)]
                self.sent[site.gateway].batches.append((rows, taken))
                self.done += 1
                time.sleep(dice.uniform(0, 0.02))

    def _send(self, sender: Sender, batch: list[dict[str, Any]], patient: bool) -> bool:
        while True:
            reply = sender.send(batch)
            if reply.status == 200 and reply.accepted + reply.duplicates == len(batch):
                return True
            if reply.status not in (0, 429, 503):
                self.faults.append(f"{reply.status} {reply.body}")
                return False
            self.unanswered += 1
            if not patient:
                return False
            time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.reliability(1)
def test_an_intake_killed_during_a_thousand_batches_keeps_each_whole_or_not_at_all(
    tmp_path: Path, database_url: str, cluster: Cluster | None
) -> None:
    seed = random.Random().randrange(1 << 30)
    print(f"seed {seed}")
    dice = random.Random(seed)
    with Plant(tmp_path / "data", database_url, ROLES, enterprises=GATEWAYS, points=POINTS, cluster=cluster) as plant:
        feed = _Batches(plant, seed)
        feed.start()
        for kill in range(KILLS):
            wanted = (kill + 1) * BATCHES // (KILLS + 1)
            until(lambda wanted=wanted: feed.done >= wanted or bool(feed.faults), 240, lambda: "no batch gets through")
            time.sleep(dice.uniform(0, 0.05))
            plant.kill("intake")
        feed.join()
        assert plant.supervisor.children["intake"].starts > KILLS
        acknowledged = sum(taken for sent in feed.sent.values() for _, taken in sent.batches)
        print(f"{acknowledged} of {feed.done} batches acknowledged, {feed.unanswered} attempts without an answer")
        assert feed.done == BATCHES
        assert BATCHES * 0.9 < acknowledged < BATCHES
        _compare(plant, feed)


def _compare(plant: Plant, feed: _Batches) -> None:
    """History holds every acknowledged batch and of the others some, each whole; alarms are those of just that."""
    state: dict[str, Any] = {}

    def wrong() -> list[str]:
        faults = []
        for site in plant.sites:
            batches = feed.sent[site.gateway].batches
            for point in site.points:
                found = [(at, value) for at, value in state["history"].get(point, [])]
                there = set(found)
                faults += [
                    f"{point}: acknowledged, not there: {rows}" for rows, ok in batches if ok and not there >= {*rows}
                ]
                faults += [
                    f"{point}: half a batch: {rows}" for rows, _ in batches if 0 < len(there & {*rows}) < len(rows)
                ]
                kept = [row for rows, _ in batches for row in rows if row in there]
                if kept != found:
                    faults.append(f"{point}: {len(found)} samples, of which {len(kept)} were sent")
                expected = [list(alarm) for alarm in Ledger({site.gateway: kept}).alarms(site.gateway)]
                if state["alarms"].get(point, []) != expected:
                    faults.append(f"alarms of {point}: {state['alarms'].get(point, [])}, not {expected}")
        return faults

    def complete() -> bool:
        state.update(plant.ask("dump"))
        return not wrong()

    until(complete, 240, lambda: "\n".join(wrong()[:20]))
