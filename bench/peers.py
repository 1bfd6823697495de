"""The same alarm work on three engines: our kernel, Prometheus' rules, FUXA's alarm manager; ratios in one run.

Run: `./run bench peers [--install] [--tags N] [--json]`. The work: N tags, each with its own LL, L, H and HH, a value
every five seconds, an alarm when a value stays beyond a limit for ten seconds. All engines get the same limits and
values, and each must end with as many standing alarms as the work holds, else its figure is not printed.

What is not the same, and favours whom: our kernel also keeps deadband, off-delay, quality and flatline. Prometheus
evaluates a general query language over series that it stored before (scraping and storing are taken off: the run
without rules is subtracted). FUXA's manager is called directly, with its storage replaced by nothing. Rates are samples
per CPU-second of the process that does the work.

``--install`` fetches what is missing: Prometheus as the Debian package (needs root), FUXA as the npm package into
``build/peers``. Without it a missing peer is named and left out.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "build" / "peers"
FUXA = "@frangoteam/fuxa@1.3.4"
STEP_S = 5
DELAY_S = 10
PASSES = 12
LIMITS = (("ll", "<", -2.0), ("l", "<", -1.0), ("h", ">", 1.0), ("hh", ">", 2.0))
"""Name, side, and distance from the middle in units of the tag's span."""
WARM_S, MEASURE_S = 40, 20


@dataclass(frozen=True)
class Work:
    """Middles and spans [N]. One tag in 200 stands beyond H, one in 400 beyond HH; others leave for one pass."""

    tags: int

    @cached_property
    def middle(self) -> NDArray[np.float64]:
        return np.round(np.random.default_rng(1).uniform(10, 200, self.tags), 2)

    @property
    def span(self) -> NDArray[np.float64]:
        return np.round(self.middle * 0.03, 4)

    def limit(self, distance: float) -> NDArray[np.float64]:
        return self.middle + distance * self.span

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """[PASSES, N], three decimals."""
        dice = np.random.default_rng(2)
        away = dice.normal(0, 0.15, (PASSES, self.tags)).clip(-0.8, 0.8)
        away += np.where(dice.random(away.shape) < 0.01, 1.9, 0.0)
        away[:, ::200] = 1.5
        away[:, 1::400] = 2.5
        # nobody leaves twice in a row by chance: what stands is what was put there
        once = away[1:] > 1
        again = once & (away[:-1] > 1)
        again[:, ::200] = again[:, 1::400] = False
        away[1:][again] = 0.0
        return np.round(self.middle + away * self.span, 3)

    @property
    def standing(self) -> dict[str, int]:
        """How many tags end beyond each limit."""
        hh = len(range(1, self.tags, 400))
        return {"ll": 0, "l": 0, "h": len(range(0, self.tags, 200)) + hh, "hh": hh}


# -- ours -------------------------------------------------------------------------------------------------------------


def ours(work: Work, numba: bool) -> dict[str, Any]:
    """The kernel in a process of its own, with or without numba."""
    command = [sys.executable, "-m", "bench.peers", "--kernel", "--tags", str(work.tags)]
    told = subprocess.run(command, env=os.environ | {"ANLAN_NUMBA": "1" if numba else "0"}, capture_output=True)
    if told.returncode:
        return {"absent": told.stderr.decode(errors="replace").strip().splitlines()[-1]}
    found: dict[str, Any] = json.loads(told.stdout)
    return found


def kernel_alone(work: Work) -> dict[str, Any]:
    from anlan.stream.frame import Frame
    from anlan.stream.kernel import Kernel
    from anlan.stream.points import PointSpec, PointTable

    limits = [work.limit(distance) for _, _, distance in LIMITS]
    specs = [
        PointSpec(
            code=f"T{row}", enterprise="E", gateway=f"G{row // 500}", on_delay_s=DELAY_S,
            ll=limits[0][row], l=limits[1][row], h=limits[2][row], hh=limits[3][row],
        )
        for row in range(work.tags)
    ]  # fmt: skip
    table = PointTable(specs)
    kernel = Kernel(table)

    def scan(number: int) -> list[Frame]:
        at = (1_700_000_000 + STEP_S * number) * 1_000_000
        return [
            Frame(
                gateway=gateway, collected_at_us=at, received_at_us=at, index=rows, value=work.values[number][rows],
                quality=np.zeros(len(rows), np.uint8), sampled_at_us=np.full(len(rows), at, np.int64), unknown=[],
                unique=True,
            )
            for gateway in table.gateways
            for rows in [table.rows_of(gateway)]
        ]  # fmt: skip

    scans = [scan(number) for number in range(PASSES)]
    spent = []
    for frames in scans:
        begin = time.process_time()
        kernel.apply_many(frames)
        spent.append(time.process_time() - begin)
    bits = kernel.bits
    from anlan.stream.alarm import BIT_H, BIT_HH, BIT_L, BIT_LL

    sides = {"ll": BIT_LL, "l": BIT_L, "h": BIT_H, "hh": BIT_HH}
    return {
        "standing": {name: int(((bits & bit) != 0).sum()) for name, bit in sides.items()},
        # the first passes compile and fill empty columns
        "cpu_s_a_pass": float(np.median(spent[3:])),
    }


# -- Prometheus -------------------------------------------------------------------------------------------------------


class Target:
    """What Prometheus scrapes: the values, one pass a scrape, and the limits."""

    def __init__(self, work: Work) -> None:
        rows = range(work.tags)
        self._bodies = [
            "".join(f'tag_value{{tag="T{row}"}} {value:.3f}\n' for row, value in zip(rows, one, strict=True)).encode()
            for one in work.values
        ]
        self._limits = "".join(
            f'tag_{name}{{tag="T{row}"}} {value:.5f}\n'
            for name, _, distance in LIMITS
            for row, value in zip(rows, work.limit(distance), strict=True)
        ).encode()
        self._scrapes = 0
        target = self

        class Answer(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = target.body(self.path)
                self.send_response(200)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: Any) -> None:
                """Nothing: the bench prints its own lines."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def body(self, path: str) -> bytes:
        if path == "/limits":
            return self._limits
        self._scrapes += 1
        return self._bodies[self._scrapes % PASSES]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def prometheus(work: Work) -> dict[str, Any]:
    program = shutil.which("prometheus")
    if program is None:
        return {"absent": "prometheus is not installed (--install)"}
    target = Target(work)
    try:
        with tempfile.TemporaryDirectory(prefix="anlan-peers-") as folder:
            idle = _prometheus_run(program, Path(folder) / "idle", target.address, rules=False)
            busy = _prometheus_run(program, Path(folder) / "busy", target.address, rules=True)
    finally:
        target.close()
    version = subprocess.run([program, "--version"], capture_output=True, text=True)
    text = (version.stdout or version.stderr).split()
    return {
        "version": text[2] if len(text) > 2 else "",
        "standing": busy["standing"],
        "cpu_s_a_pass": (busy["cores"] - idle["cores"]) * STEP_S,
        "group_seconds": busy["group_seconds"],
        "peak_mb": busy["peak_mb"],
    }


def _prometheus_run(program: str, folder: Path, target: str, *, rules: bool) -> dict[str, Any]:
    folder.mkdir()
    group = [
        {"alert": name, "expr": f"tag_value {side} on(tag) tag_{name}", "for": f"{DELAY_S}s"}
        for name, side, _ in LIMITS
    ]
    groups = [{"name": "limits", "interval": f"{STEP_S}s", "rules": group}] if rules else []
    (folder / "rules.yml").write_text(json.dumps({"groups": groups}))  # JSON is YAML
    jobs = [
        {"job_name": "values", "scrape_interval": f"{STEP_S}s", "static_configs": [{"targets": [target]}]},
        {
            "job_name": "limits", "metrics_path": "/limits", "scrape_interval": "20s", "scrape_timeout": "15s",
            "static_configs": [{"targets": [target]}],
        },
    ]  # fmt: skip
    config = {
        "global": {"scrape_interval": f"{STEP_S}s", "scrape_timeout": f"{STEP_S}s"},
        "rule_files": ["rules.yml"],
        "scrape_configs": jobs,
    }
    (folder / "prometheus.yml").write_text(json.dumps(config))
    port = _free_port()
    command = [
        program, f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        time.sleep(WARM_S)
        if process.poll() is not None:
            raise RuntimeError((folder / "log").read_text()[-500:])
        begin, before = time.perf_counter(), _cpu(process.pid)
        time.sleep(MEASURE_S)
        cores = (_cpu(process.pid) - before) / (time.perf_counter() - begin)
        found: dict[str, Any] = {"cores": cores, "peak_mb": _peak_mb(process.pid)}
        if rules:
            found["standing"] = {name: 0 for name, _, _ in LIMITS}
            query = 'count by (alertname) (ALERTS{alertstate="firing"})'
            for row in _ask(port, f"/api/v1/query?query={urllib.parse.quote(query)}")["data"]["result"]:
                found["standing"][row["metric"]["alertname"]] = int(row["value"][1])
            told = _ask(port, "/api/v1/rules")["data"]["groups"][0]
            found["group_seconds"] = round(told["evaluationTime"], 3)
        return found
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ask(port: int, path: str) -> dict[str, Any]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak_mb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))


# -- FUXA -------------------------------------------------------------------------------------------------------------


def fuxa(work: Work) -> dict[str, Any]:
    package, node = PEERS / "node_modules" / "@frangoteam" / "fuxa", shutil.which("node")
    if node is None or not package.is_dir():
        return {"absent": "FUXA is not installed (--install)" if node else "Node.js is missing"}
    with tempfile.TemporaryDirectory(prefix="anlan-peers-") as folder:
        file = Path(folder) / "work.bin"
        limits = [work.limit(distance) for _, _, distance in LIMITS]
        file.write_bytes(np.concatenate([np.stack(limits), work.values]).astype("<f8").tobytes())
        command = [node, str(Path(__file__).with_name("peers_fuxa.js")), str(package), str(file)]
        command += [str(number) for number in (work.tags, PASSES, STEP_S, DELAY_S)]
        told = subprocess.run(command, capture_output=True, timeout=600)
    if told.returncode:
        return {"absent": told.stderr.decode(errors="replace").strip()[-300:]}
    version = json.loads((package / "package.json").read_text())["version"]
    found: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    return {"version": version, **found}


# -- the run ----------------------------------------------------------------------------------------------------------


def install() -> None:
    if shutil.which("prometheus") is None:
        if os.geteuid() != 0 or shutil.which("apt-get") is None:
            sys.stderr.write("Prometheus: needs root and apt-get, left out\n")
        else:
            env = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
            subprocess.run(["apt-get", "update", "-qq"], env=env, stdout=sys.stderr)
            subprocess.run(
                ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "prometheus"],
                env=env, stdout=sys.stderr,
            )  # fmt: skip
    if (npm := shutil.which("npm")) is None:
        sys.stderr.write("FUXA: needs npm, left out\n")
    elif not (PEERS / "node_modules" / "@frangoteam" / "fuxa").is_dir():
        PEERS.mkdir(parents=True, exist_ok=True)
        (PEERS / "package.json").write_text('{"private": true}\n')
        command = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", FUXA]
        subprocess.run(command, cwd=PEERS, stdout=sys.stderr)


def checked(name: str, work: Work, found: dict[str, Any]) -> dict[str, Any]:
    """With the rate; an engine that did not find the standing alarms has none, and says so."""
    if "absent" in found:
        return found
    if found["standing"] != work.standing:
        return {**found, "wrong": f"{name} stands at {found['standing']}, the work at {work.standing}"}
    return {**found, "rate": work.tags / max(found["cpu_s_a_pass"], 1e-9)}


def line(name: str, found: dict[str, Any], base: float) -> str:
    if "rate" not in found:
        return f"{name:28} {found.get('absent') or found['wrong']}"
    faster = base / found["rate"]
    version = found.get("version", "")
    return f"{name + ' ' + version:28} {found['rate'] / 1e6:9.3f} M samples/CPU-s   ours is {faster:9.1f} x"


def main() -> None:
    parser = argparse.ArgumentParser(prog="./run bench peers", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--install", action="store_true", help="fetch the peers that are missing")
    parser.add_argument("--tags", type=int, default=20_000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--kernel", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    work = Work(asked.tags)
    if asked.kernel:
        print(json.dumps(kernel_alone(work)))
        return
    if asked.install:
        install()
    found = {
        "anlan": checked("anlan", work, ours(work, numba=True)),
        "anlan, numpy only": checked("anlan", work, ours(work, numba=False)),
        "prometheus": checked("prometheus", work, prometheus(work)),
        "fuxa": checked("fuxa", work, fuxa(work)),
    }
    base = found["anlan"].get("rate") or found["anlan, numpy only"].get("rate") or float("nan")
    if asked.json:
        ratios = {name: base / one["rate"] for name, one in found.items() if one.get("rate")}
        print(json.dumps({"tags": work.tags, "standing": work.standing, "engines": found, "ratios": ratios}))
        return
    print(f"{work.tags} tags, four limits, {DELAY_S} s delay, a value every {STEP_S} s; standing: {work.standing}")
    for name, one in found.items():
        print(line(name, one, base))


if __name__ == "__main__":
    main()
