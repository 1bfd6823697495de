"""The whole way of a sample with the real processes at national scale, the load on the same machine.

Run: `./run bench national [--seconds 60] [--shape national|dense] [--rate SAMPLES] [--json]`.

- `national`: 7 600 gateways of 66 points, 96 000 samples a second in real packets, a connection each.
- `dense`: 200 gateways of 500 points; 1 000 000 samples a second unless `--rate` says otherwise.

Every packet is authenticated, zstd-compressed, durable in the log before it is answered, evaluated by the kernel and
put into history. Printed are samples/s, cores of each process (after `--warm-up` seconds), sample→event (from sending a
packet of a gateway of its own, whose point jumps over its limit, to hearing that the alarm is committed), what was lost
or doubled (acknowledged samples against the engine's count, against history, and alarms against the jumps), bytes a
sample, samples per CPU-second beside simdjson's bare parse of the same bytes, and how long the engine takes to be live
again after kill -9 under load. Progress goes to standard error.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import platform
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import zstandard
from bench.load import Source, bodies_of

HZ = os.sysconf("SC_CLK_TCK")
SHAPES = {
    # enterprises, points of each, samples a second, connections (0: one for each gateway), prepared bodies for each
    "national": (7_600, 66, 96_000, 0, 3),
    "dense": (200, 500, 1_000_000, 0, 16),
}
RESTART_LOAD_S = 15.0
FAULTS = ("lost", "doubled", "evaluated_lost", "evaluated_doubled", "alarms_lost", "alarms_doubled")
"""Figures that are nought in a run without fault."""


def say(text: str) -> None:
    print(f"· {text}", file=sys.stderr, flush=True)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process with all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / HZ


def machine() -> str:
    """What this runs on: figures of different machines must not be compared."""
    names = re.findall(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return f"{len(names)} x {names[0]}" if names else platform.machine()


def round_of(every_s: float) -> int:
    """Points that the probe needs for a round of more than a minute."""
    return math.ceil(75 / every_s)


class Sender:
    """The load in its own process."""

    def __init__(self, orders: dict[str, Any]) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "bench.load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._tell(orders)
        if self._hear() != "ready":
            raise SystemExit("the load could not be started")

    def begin(self, seconds: float, rate: float) -> None:
        self._tell({"seconds": seconds, "rate": rate})

    def result(self) -> dict[str, Any]:
        return dict(json.loads(self._hear()))

    @property
    def pid(self) -> int:
        return self._child.pid

    def end(self) -> None:
        self._child.kill()
        self._child.communicate()

    def _tell(self, orders: dict[str, Any]) -> None:
        assert self._child.stdin
        self._child.stdin.write(json.dumps(orders) + "\n")
        self._child.stdin.flush()

    def _hear(self) -> str:
        assert self._child.stdout
        return self._child.stdout.readline().strip()


class Probe(threading.Thread):
    """Gateways of their own whose points jump over their limit and, a round later, back, one jump at a time.

    A jump is over when `ui.alarm` says that the change is committed. A round over all points takes more than a minute,
    or an alarm that comes and goes so often would be held. Every packet carries all points of its gateway, or those
    that are never sent would be missed.
    """

    def __init__(self, intake_url: str, nats_url: str, sites: list[Any], tops: list[float], every_s: float) -> None:
        super().__init__(daemon=True)
        from anlan.stream.bus import Bus
        from anlan.testing.sender import Sender as Gateway

        self.enterprises = [site.enterprise for site in sites]
        gateways = [(site, Gateway(intake_url, site.gateway, site.key)) for site in sites]
        self._values = {code: 0.5 * tops[n % len(tops)] for site in sites for n, code in enumerate(site.points)}
        self._spots = [(site, gateway, code) for site, gateway in gateways for code in site.points][: round_of(every_s)]
        self._every_s = every_s
        self._heard = threading.Event()
        self._bus = Bus(nats_url, "bench-probe")
        self._bus.subscribe("ui.alarm.*", lambda subject, payload: self._heard.set())
        self.leave = threading.Event()
        self.jumps: list[tuple[float, float]] = []
        """When each was sent and when it was heard of, by the steady clock."""
        self.missing = 0

    def run(self) -> None:
        from anlan.testing.sender import packet

        turn = 0
        while not self.leave.wait(self._every_s):
            rounds, place = divmod(turn, len(self._spots))
            site, gateway, code = self._spots[place]
            turn += 1
            self._values[code] *= 1.7 if rounds % 2 == 0 else 1 / 1.7
            values = {each: round(self._values[each], 3) for each in site.points}
            self._heard.clear()
            begin = time.perf_counter()
            reply = gateway.send(packet(site.enterprise, site.gateway, datetime.now(UTC), values))
            if not reply.accepted:
                say(f"a packet of the probe was not taken: {reply}")
            elif self._heard.wait(60):
                self.jumps.append((begin, time.perf_counter()))
                continue
            self.missing += 1
        self._bus.close()

    def latencies(self, since: float, until: float) -> list[float]:
        """Milliseconds of the jumps sent in that stretch, sorted."""
        return sorted(1000 * (heard - sent) for sent, heard in list(self.jumps) if since <= sent < until)


def share(ordered: list[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else float("nan")


def parse_rate(points: int, tops: list[float]) -> dict[str, float]:
    """Samples per CPU-second of other people's bare parse of the same bytes, nothing extracted.

    ``zstd_simdjson`` begins where the pipeline does, with the compressed body as sent; the others with the plain text.
    """
    from anlan.testing.sites import sites

    site = next(sites(1, points))
    source = Source(site, bodies_of(site, 16, tops, random.Random(7)))
    packets = [source.packet(1.7e9 + number) for number in range(64)]
    parsers: dict[str, Any] = {"json.loads": json.loads}
    with contextlib.suppress(ImportError):
        import simdjson

        parse_plain, unpack = simdjson.Parser().parse, zstandard.ZstdDecompressor().decompress
        parsers |= {"simdjson": parse_plain, "zstd_simdjson": lambda sent: parse_plain(unpack(sent))}
    compress = zstandard.ZstdCompressor(level=1).compress
    sent = [compress(content) for content in packets]
    found = {}
    for name, parse in parsers.items():
        rounds, begin = 0, time.process_time()
        while time.process_time() - begin < 0.7:
            for content in sent if name == "zstd_simdjson" else packets:
                parse(content)
            rounds += 1
        found[name] = rounds * len(packets) * points / (time.process_time() - begin)
    return found


class Run:
    """The processes, the load and the probe of one measurement."""

    def __init__(self, arguments: argparse.Namespace, data_dir: Path) -> None:
        from anlan import config
        from anlan.roles.supervisor import Supervisor

        self.arguments = arguments
        roles = ["intake", "engine"] if arguments.no_history else ["intake", "engine", "historian"]
        settings = config.Config(
            data_dir=data_dir, database_url=arguments.database, web_port=0, intake_port=0, log_max_gib=6
        )
        self.supervisor = Supervisor(settings, roles)
        self.acknowledged = self.probed = 0
        self.trouble: dict[str, int] = {}

    def pids(self) -> dict[str, int]:
        pids = {role: child.pid for role, child in self.supervisor.children.items()}
        return {role: pid for role, pid in {**pids, "log": self.supervisor.nats_pid}.items() if pid}

    def figure(self, role: str, name: str) -> float:
        """One number of a role's `/metrics`; NaN while it does not answer."""
        from anlan.process.places import announced

        child = self.supervisor.children[role]
        told = announced(self.supervisor.config, role, child.pid) if child.pid else None
        if told is None:
            return float("nan")
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://{told['metrics']}/metrics", timeout=5) as got,
        ):
            for line in got.read().decode().splitlines():
                if found := re.match(rf"anlan_{name}(?:{{[^}}]*}})? (\S+)", line):
                    return float(found[1])
        return float("nan")

    def drain(self, expected: float, count: Any, seconds: float = 180.0) -> float:
        """Wait until ``count()`` reaches ``expected``; returns what it counts at the end."""
        deadline = time.monotonic() + seconds
        while (found := count()) < expected and time.monotonic() < deadline:
            time.sleep(0.5)
        return float(found)

    def add(self, result: dict[str, Any], points: int) -> None:
        self.acknowledged += result["accepted"] * points
        for name in ("refused", "unavailable", "unanswered"):
            self.trouble[name] = self.trouble.get(name, 0) + result[name]


def measure(run: Run, sites: list[Any], tops: list[float]) -> dict[str, Any]:
    arguments, supervisor = run.arguments, run.supervisor
    points, probed = arguments.points, sites[arguments.enterprises :]
    orders = {
        "host": "127.0.0.1",
        "port": supervisor.config.intake_port,
        "connections": arguments.connections,
        "enterprises": arguments.enterprises,
        "points": points,
        "bodies": arguments.bodies,
        "tops": tops,
    }
    say("the load prepares its packets")
    sender = Sender(orders)
    if arguments.takeover:
        from bench import _takeover

        try:
            return _takeover.measure(run, probed, tops, sender)
        finally:
            sender.end()
    probe = Probe(supervisor.intake_url, supervisor.nats_url, probed, tops, arguments.probe_every)
    try:
        return _measure(run, sender, probe, points)
    finally:
        probe.leave.set()
        sender.end()


def _measure(run: Run, sender: Sender, probe: Probe, points: int) -> dict[str, Any]:
    arguments = run.arguments
    since = datetime.now(UTC) - timedelta(hours=1)
    rate = arguments.rate / points
    say(f"{arguments.rate:,.0f} samples/s for {arguments.warm_up:.0f} + {arguments.seconds:.0f} s")
    probe.start()
    sender.begin(arguments.warm_up + arguments.seconds, rate)
    time.sleep(arguments.warm_up)
    begin, before = time.perf_counter(), {role: cpu_seconds(pid) for role, pid in run.pids().items()}
    load_before, counted = cpu_seconds(sender.pid), run.figure("engine", "engine_samples_total")
    while (left := arguments.seconds - (time.perf_counter() - begin)) > 0:
        window = time.perf_counter()
        time.sleep(min(10.0, left))
        heard, lately = probe.latencies(begin, time.perf_counter()), probe.latencies(window, time.perf_counter())
        say(
            f"{time.perf_counter() - begin:5.0f} s  sample→event p50 {share(heard, 0.5):.0f} ms, "
            f"p99 {share(heard, 0.99):.0f} ms, longest of the last stretch {share(lately, 1):.0f} ms, "
            f"evaluated {run.figure('engine', 'engine_samples_total'):,.0f}"
        )
    took = time.perf_counter() - begin
    cores = {role: (cpu_seconds(pid) - before[role]) / took for role, pid in run.pids().items()}
    cores["load"] = (cpu_seconds(sender.pid) - load_before) / took
    counted = run.figure("engine", "engine_samples_total") - counted
    latencies = probe.latencies(begin, begin + took)
    result = sender.result()
    run.add(result, points)
    say("waiting until everything that was acknowledged is evaluated")
    expected = run.acknowledged + len(probe.jumps) * points
    evaluated = run.drain(expected, lambda: run.figure("engine", "engine_samples_total"))
    surplus = evaluated - run.acknowledged - len(probe.jumps) * points  # the probe may be one packet further
    restart = _restart(run, sender, probe, rate) if arguments.restart else {}
    probe.leave.set()
    probe.join(70)
    figures = {
        "machine": machine(),
        "shape": arguments.shape,
        "points": arguments.enterprises * points,
        "gateways": arguments.enterprises,
        "points_per_packet": points,
        "seconds": took,
        "samples_per_second": counted / took,
        "offered_per_second": arguments.rate,
        "cores": cores,
        "cores_intake_engine_log": sum(cores[role] for role in ("intake", "engine", "log")),
        "cores_total": sum(cores.values()),
        "ack_p50_ms": result["ack_p50_ms"],
        "ack_p99_ms": result["ack_p99_ms"],
        "event_p50_ms": share(latencies, 0.5),
        "event_p99_ms": share(latencies, 0.99),
        "events_timed": len(latencies),
        "plain_bytes_per_sample": result["bytes_plain"] / max(1, result["accepted"] * points),
        "sent_bytes_per_sample": result["bytes_sent"] / max(1, result["accepted"] * points),
        "evaluated_lost": max(-surplus, 0),
        "evaluated_doubled": max(surplus - points, 0),
    }
    figures |= _ledger(run, probe, since) | restart
    figures |= {f"{name}_packets": count for name, count in run.trouble.items()}
    per_cpu = figures["samples_per_second"] / figures["cores_intake_engine_log"]
    parsed = parse_rate(points, [100.0])
    figures |= {"samples_per_cpu_second": per_cpu}
    figures |= {f"{name}_per_cpu_second": rate for name, rate in parsed.items()}
    figures |= {f"ratio_to_{name}": per_cpu / rate for name, rate in parsed.items()}
    return figures


def _restart(run: Run, sender: Sender, probe: Probe, rate: float) -> dict[str, float]:
    """kill -9 of the engine under load: until it says ready, and until an alarm sent afterwards is committed."""
    say("kill -9 of the engine under load")
    sender.begin(RESTART_LOAD_S, rate)
    time.sleep(RESTART_LOAD_S / 3)
    heard = len(probe.jumps)
    child = run.supervisor.children["engine"]
    killed_at, pid = time.perf_counter(), child.pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    ready = live = float("nan")
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and live != live:
        if ready != ready and child.pid not in (None, pid) and run.supervisor.is_ready("engine"):
            ready = time.perf_counter() - killed_at
        new = [heard_at for sent, heard_at in list(probe.jumps)[heard:] if heard_at > killed_at + 0.2]
        if new:
            live = new[0] - killed_at
        time.sleep(0.02)
    run.add(sender.result(), run.arguments.points)
    return {"restart_ready_s": ready, "restart_live_s": live}


def _ledger(run: Run, probe: Probe, since: datetime) -> dict[str, float]:
    """What was acknowledged against what stands in the databases at the end."""
    from anlan.apps.alarms.models import AlarmEvent
    from anlan.apps.history.selectors import samples_count

    def stored() -> int:
        until = datetime.now(UTC) + timedelta(hours=1)
        own = sum(samples_count(since, until, enterprise=code) for code in probe.enterprises)
        return int(samples_count(since, until) - own)

    found: dict[str, float] = {"acknowledged": run.acknowledged}
    if not run.arguments.no_history:
        say("waiting until everything that was acknowledged is in history")
        begin = time.monotonic()
        count = run.drain(run.acknowledged, stored, seconds=600)
        found |= {
            "history_behind_s": time.monotonic() - begin,
            "lost": max(0, run.acknowledged - count),
            "doubled": max(0, count - run.acknowledged),
            "history_bytes_per_sample": _history_bytes() / max(1.0, count),
        }
    events = AlarmEvent.objects.by_the_machine().filter(enterprise__code__in=probe.enterprises)
    jumps = len(probe.jumps) + probe.missing
    return found | {
        "alarm_events": events.count(),
        "alarm_events_expected": jumps,
        "alarm_events_missing": probe.missing,
    }


def _history_bytes() -> int:
    """Blocks as they stand, without roll-ups and indexes. The load repeats its values: `bench history` does not."""
    from django.db.models import Sum
    from django.db.models.functions import Length

    from anlan.apps.history.models import Block

    return int(Block.objects.aggregate(bytes=Sum(Length("body")))["bytes"] or 0)


def work(arguments: argparse.Namespace, data_dir: Path) -> dict[str, Any]:
    os.environ |= {
        "ANLAN_DATA_DIR": str(data_dir),
        "ANLAN_CONFIG": os.devnull,
        "ANLAN_DATABASE_URL": arguments.database,
    }
    from anlan import now
    from anlan.process import django
    from anlan.process.migrating import migrate

    django.start()
    migrate()
    from anlan.testing import national
    from anlan.testing.national.registry import MEASURED
    from anlan.testing.sites import sites

    begin = time.monotonic()
    if arguments.takeover:
        from bench import _takeover

        probed = len(_takeover.probes(arguments.enterprises, arguments.points))
    else:
        probed = math.ceil(round_of(arguments.probe_every) / arguments.points)
    count = arguments.enterprises + probed
    size = national.Size(
        provinces=4,
        cities=4,
        counties=8,
        enterprises=count,
        points=arguments.points,
        sources=round(count * 2.6),
        cameras=0,
    )
    national.registry(now.now(), size)
    say(f"registry of {count * arguments.points:,} points written in {time.monotonic() - begin:.0f} s")
    run = Run(arguments, data_dir)
    run.supervisor.start(migrate=False)
    try:
        begin = time.monotonic()
        run.supervisor.wait_ready(180)
        say(f"all processes ready in {time.monotonic() - begin:.1f} s")
        return measure(run, list(sites(count, arguments.points)), [top for *_, top in MEASURED])
    finally:
        if arguments.keep_logs:
            for path in sorted((data_dir / "log").glob("*.log")):
                sys.stderr.write(f"--- {path.name}\n{path.read_text()[-3000:]}\n")
        run.supervisor.stop()


def _known(figures: dict[str, Any]) -> dict[str, Any]:
    """Figures for JSON: what could not be measured is null."""
    return {
        name: _known(value) if isinstance(value, dict) else None if value != value else value
        for name, value in figures.items()
    }


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench national")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--warm-up", type=float, default=12, help="seconds under load before the measuring begins")
    parser.add_argument("--shape", choices=list(SHAPES), default="national")
    parser.add_argument("--rate", type=float, help="offered samples a second; 0: as fast as answers come")
    parser.add_argument("--enterprises", type=int)
    parser.add_argument("--points", type=int, help="points of each enterprise, all in one packet")
    parser.add_argument("--connections", type=int, help="0: one for each gateway")
    parser.add_argument("--database", default="", help="ANLAN_DATABASE_URL, empty database; else SQLite, thrown away")
    parser.add_argument("--no-history", action="store_true", help="leave the historian out")
    parser.add_argument("--no-restart", dest="restart", action="store_false", help="leave the kill -9 out")
    parser.add_argument(
        "--takeover",
        choices=["kill", "freeze"],
        help="end one of two engines under load instead, and time the other (PostgreSQL: see `bench._takeover`)",
    )
    parser.add_argument(
        "--probe-every",
        type=float,
        default=0.4,
        help="pause between two timed alarms, each a warning of its own, seconds",
    )
    parser.add_argument("--keep-logs", action="store_true", help="print the ends of the processes' logs")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.takeover and not arguments.database:
        parser.error("two engines need PostgreSQL: --database postgresql://…")
    names = ("enterprises", "points", "rate", "connections", "bodies")
    for name, usual in zip(names, SHAPES[arguments.shape], strict=True):
        if getattr(arguments, name, None) is None:
            setattr(arguments, name, usual)
    return arguments


def main() -> int:
    arguments = parsed()
    with tempfile.TemporaryDirectory(prefix="anlan-bench-") as folder:
        result = work(arguments, Path(folder))
    if arguments.json:
        print(json.dumps(_known(result), ensure_ascii=False))
    else:
        for name, value in result.items():
            if isinstance(value, dict):
                value = "  ".join(f"{key} {part:.2f}" for key, part in value.items())
            print(f"{name:28} {value:,.2f}" if isinstance(value, float) else f"{name:28} {value}")
    clean = all(result.get(name, 0) == 0 for name in FAULTS)
    return 0 if clean and result["alarm_events"] == result["alarm_events_expected"] else 1


if __name__ == "__main__":
    sys.exit(main())
