"""The gateway says how it stands: to Prometheus, to whoever reads its folder, and line by line in its log."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from tests.unit.edge.intake_double import running_intake

from anlan.now import monotonic

GATEWAY = """
[local]
store_dir = "store"
status_s = 0.1
log_format = "json"
[intake]
url = "{url}"
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
"""


def eventually(true: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = monotonic() + seconds
    while not true():
        assert monotonic() < deadline, "did not happen in time"
        time.sleep(0.05)


def get(address: str, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def figures(address: str) -> dict[str, float]:
    lines = get(address, "/metrics")[1].splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}


def of(name: str) -> str:
    return f'anlan_gateway_{name}{{gateway="54017000701"}}'


def test_a_gateway_serves_its_figures_and_writes_its_log_as_told(tmp_path: Path) -> None:
    (tmp_path / "recording.csv").write_text("t,x\n" + "".join(f"{row},{row}.0\n" for row in range(5000)))
    with running_intake() as intake, (tmp_path / "log").open("wb") as log:
        (tmp_path / "gateway.toml").write_text(GATEWAY.format(url=intake.url), encoding="utf-8")
        command = [sys.executable, "-m", "anlan", "gateway", "--config", str(tmp_path / "gateway.toml")]
        process = subprocess.Popen(command, stderr=log)
        try:
            targets = tmp_path / "store" / "metrics.json"
            eventually(targets.exists)
            (target,) = json.loads(targets.read_text(encoding="utf-8"))
            address = target["targets"][0]
            assert target["labels"] == {"role": "gateway"}
            eventually(lambda: figures(address)[of("packets_settled_total")] > 5)
            found = figures(address)
            assert found[of("uplink_ok")] == found[of("connected")] == 1
            assert found[of("packets_written_total")] >= found[of("packets_settled_total")]
            assert found["anlan_process_threads"] >= 1
            assert get(address, "/ready") == (200, "ready\n")
            intake.mode = "503"
            eventually(lambda: figures(address)[of("buffer_packets")] > 5)
            eventually(lambda: figures(address)[of("uplink_ok")] == 0)
            eventually(lambda: figures(address).get(of("buffer_oldest_seconds"), 0) > 0)  # as of another look
        finally:
            process.terminate()
            process.wait()
    told = [json.loads(line) for line in (tmp_path / "log").read_text(encoding="utf-8").splitlines()]
    assert {line["role"] for line in told} == {"gateway"}
    assert any("网关已启动" in line["message"] for line in told)
