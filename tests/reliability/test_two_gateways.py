"""Scenario 16: a second gateway sends values for the points of a first: it is told so, and nothing is woven in."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.reliability.plant import HIGHER, Feed, Plant, compare, micros, until

from anlan.testing.sender import Sender, packet

ROLES = ["engine", "historian", "intake"]
KEY = "rival-key"
ROUNDS = 15


@pytest.mark.slow
@pytest.mark.reliability(16)
def test_a_second_gateway_for_a_point_is_refused_reported_and_never_woven_in(tmp_path: Path, database_url: str) -> None:
    """One rival in the same enterprise with a point of its own in the same packets, one in another enterprise; both
    send alarms. Also across a kill of the engine, whose memory of who owns what is made anew."""
    plant = Plant(tmp_path / "data", database_url, ROLES, enterprises=2, points=3)
    first, stranger = plant.sites
    rival = f"{first.enterprise}02"
    own = f"{first.source}G0009YW001"
    plant.ask("rival", rival, KEY, first.gateway, own)
    plant.sites = [first]
    with plant:
        feed = Feed(plant, period_s=0.1)
        feed.start()
        sent: dict[str, list[tuple[int, float]]] = {rival: [], stranger.gateway: []}

        def claim(rounds: int) -> None:
            for _ in range(rounds):
                for gateway, key, enterprise, points in (
                    (rival, KEY, first.enterprise, [own, *first.points]),
                    (stranger.gateway, stranger.key, stranger.enterprise, first.points),
                ):
                    at = datetime.now(UTC)
                    at = at.replace(microsecond=at.microsecond // 1000 * 1000)
                    message = packet(enterprise, gateway, at, dict.fromkeys(points, HIGHER))
                    with Sender(plant.supervisor.intake_url, gateway, key) as sender:
                        until(lambda s=sender, m=message: s.send(m).status == 200, 240, lambda: "nothing is taken")
                    sent[gateway].append((micros(at), HIGHER))
                time.sleep(0.1)

        claim(ROUNDS)
        plant.kill("engine")
        claim(ROUNDS)
        packets = feed.ledger.packets
        until(lambda: feed.ledger.packets > packets + 20, 240, lambda: "the feed does not flow")
        compare(plant, feed.stop(), seconds=240)
        found: list[Any] = []

        def told() -> bool:
            found[:] = plant.ask("seen_refusals", first.enterprise, "small-county")
            counted = dict.fromkeys(sent, 0)
            for gateway, reason, _, repeats in found[1]:
                if reason == "claimed":
                    counted[gateway] += repeats
            # what an engine had counted and not yet written dies with it; all that came afterwards is counted
            return all(count >= ROUNDS for count in counted.values())

        until(told, 240, lambda: f"{found}, sent {[(gateway, len(rows)) for gateway, rows in sent.items()]}")
        by_sender, by_operator = found
        assert {(gateway, reason) for gateway, reason, *_ in by_sender} == {(rival, "claimed")}
        assert {(gateway, reason) for gateway, reason, *_ in by_operator} == {
            (rival, "claimed"),
            (stranger.gateway, "claimed"),
        }
        assert all(first.points[0] in detail and own not in detail for _, _, detail, _ in by_operator)
        # what the rival sends beside them, its own point, is kept
        history = plant.ask("dump")["history"]
        assert history[own] == [list(row) for row in sent[rival]]
