"""Scenario 13: the line breaks at every instant of a gateway's send cycle; nothing is missing, nothing doubled."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from tests.reliability.gateway import EdgeGateway, compare_gateway
from tests.reliability.lossy_link import LossyLink
from tests.reliability.plant import Plant, until

ROLES = ["engine", "historian", "intake"]
MILLISECONDS = [*range(12), *range(12, 60, 4)]
"""From the request's last byte on: the intake bundles for up to 20 ms, the log answers, the answer comes."""
ANSWER_BYTES = [0, 1, 9, 40, 90, 140, 180, 220]
"""So much of the answer still comes: half a status line, half the headers, half the body."""


class _Breaks:
    """Cuts the line at the next offset of the list, once a request; a request in between passes, so that each break
    meets a line that works."""

    def __init__(self) -> None:
        self.left = [("ms", offset) for offset in MILLISECONDS] + [("bytes", offset) for offset in ANSWER_BYTES]
        self.done = 0
        self._turn = 0

    def __call__(self, link: LossyLink) -> None:
        self._turn += 1
        if self._turn % 2 or not self.left:
            return
        kind, offset = self.left.pop(0)
        if kind == "bytes":
            link.answer_bytes = offset
        else:
            threading.Thread(target=link.cut_after, args=(offset / 1000,), daemon=True).start()
        self.done += 1


@pytest.mark.slow
@pytest.mark.reliability(13)
def test_a_line_broken_at_every_millisecond_of_the_send_cycle_leaves_no_gap(tmp_path: Path, database_url: str) -> None:
    breaks = _Breaks()
    with Plant(tmp_path / "data", database_url, ROLES, enterprises=1, points=2) as plant:
        (site,) = plant.sites
        with LossyLink(plant.supervisor.config.intake_port, breaks) as link:
            url = f"http://127.0.0.1:{link.port}"
            with EdgeGateway(tmp_path / "edge", url, site, period_s=0.05, timeout_s=1) as gateway:
                until(lambda: not breaks.left, 300, lambda: f"{breaks.left} left, {gateway.status}")
                settled = gateway.settled
                until(
                    lambda: gateway.settled > settled + 20,
                    240,
                    lambda: f"the line does not come back: {gateway.status}",
                )
        print(f"{link.cuts} breaks, {gateway.settled} packets")
        assert link.cuts >= len(MILLISECONDS)
        compare_gateway(plant, gateway)
        assert plant.ask("refused") == []
