"""The enterprise side as it runs in the demonstration: plant process, gateway process, an intake that keeps books."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.unit.edge.intake_double import IntakeDouble, running_intake

from anlan.now import monotonic

AMMONIA_TANK = "990121001001G0001"
SCRIPT = f"""
[[incident]]
at_s = 6
kind = "comm_loss"
target = "{AMMONIA_TANK}"
duration_s = 4
"""


def eventually(true: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = monotonic() + seconds
    while not true():
        assert monotonic() < deadline, "did not happen in time"
        time.sleep(0.05)


class Site:
    """One plant process and one gateway process serving two of its enterprises."""

    def __init__(self, folder: Path, intake: IntakeDouble) -> None:
        self.folder = folder
        self.intake = intake
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        folder, intake = self.folder, self.intake
        (folder / "script.toml").write_text(SCRIPT, encoding="utf-8")
        ports = folder / "plants.json"
        arguments = ["--port-file", str(ports), "--script", str(folder / "script.toml"), "--with-parent"]
        self.plant = subprocess.Popen(
            [sys.executable, "-m", "anlan.testing.plant", *arguments], stdout=subprocess.DEVNULL
        )
        self.processes.append(self.plant)
        eventually(ports.exists, 120)
        self.plants = json.loads(ports.read_text())["plants"]
        sections = "".join(
            f"""
[[gateway]]
code = "{plant["gateway"]}"
enterprise = "{plant["enterprise"]}"
key = "secret-key"
[gateway.driver]
kind = "opcua"
url = "{plant["url"]}"
browse = "{plant["browse"]}"
timeout_s = 1.5
retry_most_s = 1
"""
            for plant in self.plants[:2]
        )
        (folder / "gateway.toml").write_text(
            f'[local]\nstore_dir = "store"\nstatus_s = 0.5\n[intake]\nurl = "{intake.url}"\n{sections}',
            encoding="utf-8",
        )
        self.gateway = subprocess.Popen([sys.executable, "-m", "anlan.edge", "--config", str(folder / "gateway.toml")])
        self.processes.insert(0, self.gateway)

    def packets(self, gateway: str) -> list[dict]:
        reports = [packet["report"] for packet in list(self.intake.accepted.values())]
        return [report for report in reports if report["gatewayId"] == gateway]

    def stop(self) -> list[int]:
        """End the gateway, then the plant; their exit codes."""
        for process in self.processes:
            process.send_signal(signal.SIGCONT)
            process.send_signal(signal.SIGTERM)
        return [process.wait(60) for process in self.processes]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with running_intake() as intake:
        site = Site(tmp_path, intake)
        try:
            site.start()
            yield site
        finally:
            site.stop()


def test_a_plant_is_read_whole_its_losses_show_and_a_frozen_server_is_noticed(site):
    first, second = (plant["gateway"] for plant in site.plants[:2])
    points = {plant["gateway"]: plant["points"] for plant in site.plants}
    for gateway in (first, second):
        eventually(lambda gateway=gateway: any(len(r["datas"]) == points[gateway] for r in site.packets(gateway)))
    assert all(report["enterpriseId"] == report["gatewayId"][:9] for report in site.packets(first))

    def tank(report: dict) -> list[dict]:
        return [data for data in report["datas"] if data["quotaId"].startswith(AMMONIA_TANK)]

    # An instrument that the control system lost is bad in the packet; its neighbours are not.
    def shows_the_loss(report: dict) -> bool:
        bad = {data["quotaId"] for data in report["datas"] if data.get("isValid") == "0"}
        return bad == {data["quotaId"] for data in tank(report)} and report["isConnectDataSource"] == "true"

    eventually(lambda: any(shows_the_loss(report) for report in site.packets(first)))
    eventually(lambda: "isValid" not in tank(site.packets(first)[-1])[0])

    # A peer that is frozen, not closed, answers nothing and refuses nothing: it must still count as lost.
    os.kill(site.plant.pid, signal.SIGSTOP)
    eventually(lambda: site.packets(first)[-1]["isConnectDataSource"] == "false")
    lost = site.packets(first)[-1]
    assert {data["value"] for data in lost["datas"]} == {""}
    os.kill(site.plant.pid, signal.SIGCONT)
    eventually(lambda: site.packets(first)[-1]["isConnectDataSource"] == "true")

    status = json.loads((site.folder / "store" / "status.json").read_text())["gateways"][first]
    assert (status["dropped"], status["refused"], status["uplink"]) == (0, 0, "ok")
    times = [report["collectTime"] for report in site.packets(first)]
    assert len(times) == len(set(times))
    assert site.stop() == [0, 0]
