"""The gateway may be killed at any instant: what reached its log reaches the centre, and only repeats are added."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import nats
import pytest
from tests.unit.edge.intake_double import IntakeDouble, running_intake

from anlan.edge.buffer import Buffer
from anlan.now import monotonic
from anlan.stream.natsd import NatsServer

CHILD = Path(__file__).with_name("edge_uplink_child.py")


def start_uplink(server: NatsServer, intake: IntakeDouble, folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, str(CHILD), server.url, intake.url, "kill"], cwd=folder)


async def fill(server: NatsServer, count: int) -> list[str]:
    client = await nats.connect(server.url)
    buffer = Buffer(client, "kill", 1 << 26, lambda gap: None)
    await buffer.ensure()
    ids = [f"packet-{number:04d}" for number in range(count)]
    for data_id in ids:
        report = {"dataId": data_id, "collectTime": data_id, "datas": []}
        await buffer.put(json.dumps({"report": report}).encode(), data_id, 1)
    await client.close()
    return ids


def test_an_uplink_killed_again_and_again_loses_nothing_and_keeps_the_order(tmp_path):
    rng = random.Random(7)
    server = NatsServer(tmp_path / "log")
    server.start()
    try:
        server.wait_ready()
        written = asyncio.run(fill(server, 800))
        with running_intake() as intake:
            modes = ["ok", "500", "hang", "ok", "slam", "ok"]
            for mode in modes:
                child = start_uplink(server, intake, tmp_path)
                before = intake.requests
                deadline = monotonic() + 60
                while intake.requests < before + rng.randint(2, 12) and monotonic() < deadline:
                    intake.mode = mode if intake.requests > before else "ok"
                    time.sleep(0.001)
                child.kill()
                child.wait()
            intake.mode = "ok"
            intake.release.set()
            child = start_uplink(server, intake, tmp_path)
            deadline = monotonic() + 90
            while len(intake.accepted) < len(written) and monotonic() < deadline:
                time.sleep(0.02)
            child.kill()
            child.wait()
            assert intake.order == written
    finally:
        server.stop()


def running_gateway(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "anlan.edge", "--config", str(folder / "gateway.toml")])


@pytest.fixture
def configured(tmp_path: Path):
    with running_intake() as intake:
        rows = "\n".join(f"{number},{number}" for number in range(100_000))
        (tmp_path / "recording.csv").write_text("t,x\n" + rows, encoding="utf-8")
        (tmp_path / "gateway.toml").write_text(
            f"""
[local]
store_dir = "store"
status_s = 0.2
[intake]
url = "{intake.url}"
timeout_s = 1
[[gateway]]
code = "54017000701"
enterprise = "540170007"
key = "secret-key"
period_s = 0.1
[gateway.driver]
kind = "replay"
file = "recording.csv"
row_seconds = 1
speed = 50
[gateway.driver.columns]
"540170007002G0001YW001" = "x"
""",
            encoding="utf-8",
        )
        yield tmp_path, intake


def eventually(true, seconds: float = 60.0) -> None:
    deadline = monotonic() + seconds
    while not true():
        assert monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


def test_a_gateway_killed_while_the_centre_is_away_sends_its_buffer_after_the_restart(configured):
    folder, intake = configured
    process = running_gateway(folder)
    try:
        eventually(lambda: len(intake.accepted) > 20)
        intake.mode = "503"
        status = folder / "store" / "status.json"
        eventually(lambda: buffered(status) > 30)
        process.kill()
        process.wait()
        waiting = buffered(status)
        received = len(intake.accepted)
        process = running_gateway(folder)
        intake.mode = "ok"
        # The replay starts anew after the kill, with row 0; before that no row is missing.
        eventually(lambda: 0.0 in shown(intake)[1:])
        values = shown(intake)
        first_run = values[: values.index(0.0, 1)]
        assert first_run == [float(number) for number in range(len(first_run))]
        assert len(first_run) >= received + waiting
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert not nats_left(folder)


def shown(intake: IntakeDouble) -> list[float]:
    return [float(packet["report"]["datas"][0]["value"]) for packet in list(intake.accepted.values())]


def buffered(status: Path) -> int:
    if not status.exists():
        return 0
    gateway = json.loads(status.read_text())["gateways"]["54017000701"]
    return gateway["buffer"]["packets"] if gateway["buffer"] else 0


def nats_left(folder: Path) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir() if os.path.isdir("/proc") else []:
        try:
            command = (entry / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if "nats-server" in command and str(folder) in command:
            found.append(command)
    return found


def test_a_second_gateway_on_the_same_store_is_refused(configured):
    folder, intake = configured
    process = running_gateway(folder)
    try:
        eventually(lambda: len(intake.accepted) > 0)
        second = subprocess.run(
            [sys.executable, "-m", "anlan.edge", "--config", str(folder / "gateway.toml")],
            capture_output=True, timeout=60, check=False,
        )  # fmt: skip
        assert second.returncode == 3
        assert "正被另一个进程使用" in second.stderr.decode()
    finally:
        process.terminate()
        process.wait(60)
