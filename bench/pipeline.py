"""The whole way of a sample with the real processes: intake, log, engine, historian, and a load on the same machine.

Run: `./run bench pipeline [--seconds 60] [--rate 300000] [--json]`. `--rate` is offered samples a second, 0 means as
fast as answers come. Every sample is durable in the log before its packet is answered, evaluated by the kernel, and in
history at the end; "lost" compares what was acknowledged with what history holds. Sample→event is measured with a
gateway of its own whose point jumps over its limit and back: from sending the packet to hearing that the alarm is
committed. The ratio compares the pipeline's samples per CPU-second with `json.loads` of the same bytes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.load import Load, packet

POINTS = 500
HZ = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process with all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / HZ


class Probe(threading.Thread):
    """One gateway whose first point jumps over the limit and back; hears `ui.alarm` when the change is committed."""

    def __init__(self, intake_url: str, nats_url: str, site: Any, every_s: float = 0.2) -> None:
        super().__init__(daemon=True)
        from anlan.stream.bus import Bus
        from anlan.testing.sender import Sender

        self._sender, self._site, self._every_s = Sender(intake_url, site.gateway, site.key), site, every_s
        self._heard = threading.Event()
        self._bus = Bus(nats_url, "bench-probe")
        self._bus.subscribe(f"ui.alarm.{site.enterprise}", lambda subject, payload: self._heard.set())
        self.leave = threading.Event()
        self.latencies: list[float] = []
        self.missing = 0

    def run(self) -> None:
        from anlan.testing.sender import packet as made

        high = True
        while not self.leave.wait(self._every_s):
            at = datetime.now(UTC)
            self._heard.clear()
            begin = time.perf_counter()
            values = dict.fromkeys(self._site.points[:1], 85.0 if high else 50.0)
            self._sender.send(made(self._site.enterprise, self._site.gateway, at, values))
            if self._heard.wait(10):
                self.latencies.append(time.perf_counter() - begin)
            else:
                self.missing += 1
            high = not high
        self._bus.close()


def json_rate(samples: int = POINTS) -> float:
    """Samples per CPU-second of `json.loads` on packets of the load."""
    load = Load({"host": "", "port": 0, "rate": 0, "seconds": 0, "connections": 1, "enterprises": 1, "points": samples})
    site = load.sites[0]
    packets = [packet(site, 1.7e9 + n, body) for n, body in enumerate(load.bodies[site.gateway])]
    rounds, begin = 0, time.process_time()
    while time.process_time() - begin < 1.0:
        for content in packets:
            json.loads(content)
        rounds += 1
    return rounds * len(packets) * samples / (time.process_time() - begin)


def run(arguments: argparse.Namespace, data_dir: Path) -> dict[str, Any]:
    os.environ |= {
        "ANLAN_DATA_DIR": str(data_dir),
        "ANLAN_CONFIG": os.devnull,
        "ANLAN_DATABASE_URL": arguments.database,
    }
    from anlan import config, now
    from anlan.roles import django
    from anlan.roles.manage import migrate
    from anlan.roles.supervisor import Supervisor

    settings = config.Config(data_dir=data_dir, database_url=arguments.database, web_port=0, intake_port=0)
    django.start()
    migrate()
    from anlan.testing.small_world import build

    sites = build(now.now(), enterprises=arguments.gateways + 1, points=POINTS)
    supervisor = Supervisor(settings, ["intake", "engine", "historian"])
    supervisor.start(migrate=False)
    try:
        supervisor.wait_ready(180)
        return measure(arguments, supervisor, sites)
    finally:
        supervisor.stop()


def measure(arguments: argparse.Namespace, supervisor: Any, sites: list[Any]) -> dict[str, Any]:
    from anlan.apps.history.selectors import samples_count
    from anlan.apps.monitoring.models import AlarmEvent

    orders = {
        "host": "127.0.0.1",
        "port": supervisor.config.intake_port,
        "rate": arguments.rate / POINTS,
        "seconds": arguments.seconds,
        "connections": arguments.connections,
        "enterprises": arguments.gateways,
        "points": POINTS,
    }
    loader = subprocess.Popen(
        [sys.executable, "-m", "bench.load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert loader.stdin
    assert loader.stdout
    loader.stdin.write(json.dumps(orders) + "\n")
    loader.stdin.flush()
    loader.stdout.readline()
    probe = Probe(supervisor.intake_url, supervisor.nats_url, sites[-1])
    pids = {role: child.pid for role, child in supervisor.children.items()} | {"log": supervisor.nats_pid}
    time.sleep(1.0)
    before = {role: cpu_seconds(pid) for role, pid in pids.items()}
    since = datetime.now(UTC) - timedelta(hours=1)
    probe.start()
    begin = time.perf_counter()
    loader.stdin.write("go\n")
    loader.stdin.flush()
    result = json.loads(loader.stdout.readline())
    loader.wait()
    probe.leave.set()
    probe.join()
    acknowledged = result["accepted"] * POINTS
    deadline = time.monotonic() + 120
    stored = 0
    codes = [site.enterprise for site in sites[:-1]]
    while time.monotonic() < deadline:
        until = datetime.now(UTC) + timedelta(hours=1)
        stored = samples_count(since, until) - samples_count(since, until, enterprise=sites[-1].enterprise)
        if stored >= acknowledged:
            break
        time.sleep(0.2)
    drained = time.perf_counter() - begin
    used = {role: cpu_seconds(pid) - before[role] for role, pid in pids.items()}
    events = AlarmEvent.objects.by_the_machine().filter(enterprise__code=sites[-1].enterprise).count()
    latencies = sorted(probe.latencies)
    plain = json_rate()
    per_cpu = acknowledged / sum(used.values())
    assert len(codes) == arguments.gateways
    return {
        "points": POINTS * arguments.gateways,
        "samples_per_second": acknowledged / result["seconds"],
        "samples_per_second_until_stored": acknowledged / drained,
        "seconds": result["seconds"],
        "acknowledged": acknowledged,
        "lost": max(0, acknowledged - stored),
        "doubled": max(0, stored - acknowledged),
        "refused_packets": result["refused"],
        "unavailable_packets": result["unavailable"],
        "ack_p50_ms": result["ack_p50_ms"],
        "ack_p99_ms": result["ack_p99_ms"],
        "event_p50_ms": 1000 * statistics.median(latencies),
        "event_p99_ms": 1000 * latencies[int(len(latencies) * 0.99)],
        "events": events,
        "events_expected": len(latencies) + probe.missing,
        "cores": {role: used[role] / result["seconds"] for role in used}
        | {"load": result["cpu_seconds"] / result["seconds"]},
        "samples_per_cpu_second": per_cpu,
        "json_loads_per_cpu_second": plain,
        "ratio_to_json_loads": per_cpu / plain,
        "plain_bytes_per_sample": result["bytes_plain"] / max(1, acknowledged),
        "sent_bytes_per_sample": result["bytes_sent"] / max(1, acknowledged),
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run bench pipeline")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=float, default=300_000, help="offered samples a second; 0: as fast as possible")
    parser.add_argument("--gateways", type=int, default=200)
    parser.add_argument("--connections", type=int, default=48)
    parser.add_argument("--database", default="", help="ANLAN_DATABASE_URL; empty: SQLite in a throw-away folder")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="anlan-bench-") as folder:
        result = run(arguments, Path(folder))
    if arguments.json:
        print(json.dumps(result, ensure_ascii=False))
        return 0
    for name, value in result.items():
        if isinstance(value, dict):
            value = "  ".join(f"{key} {part:.2f}" for key, part in value.items())
        print(f"{name:32} {value:,.2f}" if isinstance(value, float) else f"{name:32} {value}")
    return 1 if result["lost"] else 0


if __name__ == "__main__":
    sys.exit(main())
