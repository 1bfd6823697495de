"""What history costs and how fast it answers, on SQLite and on PostgreSQL.

Run: `./run bench history [--gateways 4] [--hours 24] [--repeat 9] [--only sqlite|postgresql] [--json]`.

Gateways of 72 tags at one frame every 5 s (mean-reverting walks with sensor noise rounded to 2 or 3 decimals, a quarter
of the channels static) are written minute by minute through `history.services.write`, compacted hour by hour, and read
back through the product's own selectors. PostgreSQL is ``ANLAN_TEST_POSTGRES`` (else 127.0.0.1:5432): a database of the
run's own, dropped at the end. Bytes are what the tables and their indexes take, roll-ups counted by themselves.
"Latest of 500 000" is answered by the engine's memory, as the screens ask it. Must: 1.2 B a sample, 30 ms for 24 h of
one tag in 600 points. Each reading is also told in processor time, that of this process and that of PostgreSQL's own:
on a busy machine it says more than the clock. CPU-seconds of writing are of this process alone.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

TAGS, EVERY_S, LATEST = 72, 5, 500_000
MUST = {"bytes_per_sample": 1.2, "day_of_one_tag_ms": 30.0}
START = datetime(2026, 3, 1, 16, 0, tzinfo=UTC)
SERVER = os.environ.get("ANLAN_TEST_POSTGRES") or "postgresql://postgres@127.0.0.1:5432/postgres"


def signals(frames: int, decimals: np.ndarray, seed: int) -> np.ndarray:
    """f8[frames, tags]."""
    rng = np.random.default_rng(seed)
    middle = rng.uniform(1, 200, len(decimals))
    walk, state = np.empty((frames, len(decimals))), np.zeros(len(decimals))
    for number in range(frames):
        state = 0.98 * state + rng.normal(0, 0.004, len(decimals))
        walk[number] = state
    value = middle * (1 + walk) + rng.normal(0, 0.0005, walk.shape) * middle
    value[:, rng.random(len(decimals)) < 0.25] = middle[0]
    return np.round(value * 10.0**decimals) / 10.0**decimals


def median_ms(work: Any, repeat: int) -> float:
    costs = []
    for _ in range(repeat):
        begun = time.perf_counter()
        work()
        costs.append((time.perf_counter() - begun) * 1e3)
    return round(sorted(costs)[len(costs) // 2], 2)


def told(name: str, work: Any, repeat: int, connection: Any) -> dict[str, float]:
    """Median time on the clock, and processor time a reading: of this process and of the database's own."""
    work()
    theirs, ours = backend_s(connection), time.process_time()
    clock = median_ms(work, repeat)
    ours, theirs = time.process_time() - ours, backend_s(connection) - theirs
    found = {f"{name}_ms": clock, f"{name}_cpu_ms": round(ours / repeat * 1e3, 2)}
    return found | ({f"{name}_postgresql_cpu_ms": round(theirs / repeat * 1e3, 2)} if theirs else {})


def backend_s(connection: Any) -> float:
    """Processor time that PostgreSQL's process of this connection has taken; 0 where that cannot be seen."""
    if connection.vendor != "postgresql":
        return 0.0
    connection.ensure_connection()
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{connection.connection.info.backend_pid}/schedstat").read_text().split()[0]) / 1e9
    return 0.0


def measure(gateways: int, hours: int, repeat: int) -> dict[str, Any]:
    """One database, from empty to answered. Runs in a process of its own."""
    from anlan.process import django

    django.start()
    from django.db import connections, transaction

    from anlan.apps.alarms.selectors import point_specs
    from anlan.apps.history import selectors
    from anlan.apps.history.services import Batch, Piece, compact_hour, hours_to_compact, write
    from anlan.apps.registry.models import Point
    from anlan.process.migrating import migrate
    from anlan.stream.blocks import encode
    from anlan.stream.frame import Frame
    from anlan.stream.points import PointTable
    from anlan.testing.small_world import build

    migrate()
    sites = build(START, enterprises=gateways, points=TAGS)
    table = PointTable(point_specs())
    rng = np.random.default_rng(1)
    per_minute = 60 // EVERY_S
    start = round(START.timestamp() * 1e6)
    worlds = []
    for number, site in enumerate(sites):
        values = signals(hours * 60 * per_minute, np.where(rng.random(TAGS) < 0.6, 2, 3), number)
        worlds.append((site, table.rows_of(site.gateway), values))
    samples = gateways * TAGS * hours * 60 * per_minute
    good = np.zeros(TAGS, np.uint8)
    cpu, encoding = time.process_time(), 0.0
    for minute in range(hours * 60):
        pieces = []
        begun = time.process_time()
        for site, rows, values in worlds:
            frames = []
            for n in range(minute * per_minute, (minute + 1) * per_minute):
                at = start + n * EVERY_S * 1_000_000
                sampled = np.full(TAGS, at)
                frames.append(Frame(site.gateway, at, at + 900_000, rows, values[n], good, sampled, [], 0, True))
            body = encode(site.gateway, frames, table)
            at_us = start + minute * 60_000_000
            pieces.append(Piece(site.gateway, site.enterprise, at_us, minute + 1, per_minute * TAGS, body))
        encoding += time.process_time() - begun
        write(Batch(pieces), lambda: None)
    written = time.process_time() - cpu
    cpu = time.process_time()
    end = START + timedelta(hours=hours)
    while found := hours_to_compact(round(end.timestamp() * 1e6), 1000):
        for hour in found:
            compact_hour(*hour)
    compacted = time.process_time() - cpu
    connection = connections["history"]
    blocks, rollups = bytes_of(connection, "history_block"), bytes_of(connection, "history_rollup")
    point = Point.objects.select_related("gateway", "enterprise").get(code=sites[0].points[5])
    day = (max(START, end - timedelta(days=1)), end)
    many = list(Point.objects.select_related("gateway", "enterprise").filter(enterprise=point.enterprise))
    curve = selectors.trend(point, *day, 600).curve
    assert len(curve.count) <= 600
    assert int(curve.count.sum()) == min(hours, 24) * 60 * per_minute
    with transaction.atomic(using="history"):
        counted = selectors.samples_count(*day, enterprise=sites[0].enterprise)
    assert counted == min(hours, 24) * 60 * per_minute * TAGS
    figures: dict[str, Any] = {
        "samples": samples,
        "bytes_per_sample": round(blocks / samples, 3),
        "rollup_bytes_per_sample": round(rollups / samples, 3),
        "encode_msamples_per_cpu_s": round(samples / encoding / 1e6, 2),
        "encode_write_msamples_per_cpu_s": round(samples / written / 1e6, 2),
        "compact_msamples_per_cpu_s": round(samples / compacted / 1e6, 2),
    }
    readings = {
        "day_of_one_tag": lambda: selectors.trend(point, *day, 600),
        "day_of_one_tag_all_samples": lambda: selectors.raw(point, *day),
        f"day_of_{TAGS}_tags": lambda: selectors.trends(many, *day, 600),
        "count_of_enterprise_and_day": lambda: selectors.samples_count(*day, enterprise=sites[0].enterprise),
    }
    for name, work in readings.items():
        figures |= told(name, work, repeat, connection)
    connections.close_all()
    return figures


def bytes_of(connection: Any, table: str) -> int:
    """What a table takes with its indexes and its large values."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # a copy of the rows: a vacuum keeps the dead ones while anybody on the server has an old transaction
            cursor.execute(f"CREATE TABLE size_of_{table} (LIKE {table} INCLUDING ALL)")
            cursor.execute(f"INSERT INTO size_of_{table} SELECT * FROM {table}")
            cursor.execute(f"SELECT pg_total_relation_size('size_of_{table}'::regclass)")
            size = int(cursor.fetchone()[0])
            cursor.execute(f"DROP TABLE size_of_{table}")
            return size
        cursor.execute(f"SELECT sum(length(body)) FROM {table}")
        bodies = int(cursor.fetchone()[0])
        cursor.execute(f"SELECT count(*) FROM {table}")
        rows = int(cursor.fetchone()[0])
        # SQLite does not say what one table takes: its rows' other columns and index entries, generously
        return bodies + 400 * rows


def latest(repeat: int) -> dict[str, Any]:
    """Newest values and alarm bits of half a million points out of the engine's memory."""
    from anlan.stream.kernel import Kernel
    from anlan.stream.points import PointSpec, PointTable

    specs = [PointSpec(code=f"p{n}", enterprise=f"e{n // 66}", gateway=f"g{n // 66}", h=80.0) for n in range(LATEST)]
    kernel = Kernel(PointTable(specs))
    rows = np.arange(LATEST, dtype=np.int32)
    return {"latest_of_500000_ms": median_ms(lambda: kernel.latest(rows), repeat)}


def run(database_url: str, arguments: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="anlan-bench-") as folder:
        environment = os.environ | {"ANLAN_DATA_DIR": folder, "ANLAN_DATABASE_URL": database_url}
        environment.pop("ANLAN_HISTORY_DATABASE_URL", None)
        command = [sys.executable, "-m", "bench.history", "--child"]
        command += [f"--{name}={getattr(arguments, name)}" for name in ("gateways", "hours", "repeat")]
        answer = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
        return dict(json.loads(answer.stdout.splitlines()[-1]))


def on_postgresql(arguments: argparse.Namespace) -> dict[str, Any]:
    import psycopg
    from psycopg import sql

    name = f"bench_{uuid.uuid4().hex[:10]}"
    try:
        server = psycopg.connect(SERVER, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as error:
        return {"left_out": f"no PostgreSQL: {error}".splitlines()[0]}
    with server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            return run(f"{SERVER.rpartition('/')[0]}/{name}", arguments)
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gateways", type=int, default=4)
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--repeat", type=int, default=9)
    parser.add_argument("--only", choices=["sqlite", "postgresql"], default="")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(measure(arguments.gateways, arguments.hours, arguments.repeat)))
        return
    result: dict[str, Any] = {"load_average": os.getloadavg()[0], **latest(arguments.repeat)}
    if arguments.only != "postgresql":
        result["sqlite"] = run("", arguments)
    if arguments.only != "sqlite":
        result["postgresql"] = on_postgresql(arguments)
    if arguments.json:
        print(json.dumps(result, indent=1))
        return
    print(f"load average {result['load_average']:.1f}; latest of 500 000: {result['latest_of_500000_ms']} ms")
    for name in ("sqlite", "postgresql"):
        for key, value in result.get(name, {}).items():
            must = f"  (must ≤ {MUST[key]})" if key in MUST else ""
            print(f"{name:<11}{key.replace('_', ' '):<36}{value}{must}")


if __name__ == "__main__":
    main()
