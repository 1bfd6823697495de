"""Clocks under load: thousands of open warnings whose steps fall due at once, and very many of which none is due.

Run: `./run bench clocks [--episodes 10000] [--spread-seconds 0] [--clocks 2] [--idle 100000] [--raises 200] [--json]`.

Printed: how late steps were committed (the last one, and the percentiles with ``--spread-seconds``, which spreads the
due times over so many seconds), the longest transaction, the processor time of the clocks; what the clocks take of a
core while ``--idle`` warnings are open and nothing is due; how long a raise takes until the rows of all its recipients
are committed. ``ANLAN_DATABASE_URL`` chooses the database, which must be empty; without it SQLite in a throw-away
folder. The load average of the machine is printed beside: figures of a busy machine say little.

The clocks are the role itself (`anlan.roles.clock.work`) in processes of their own. The world is written by
`bench._warnings_world`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from typing import Any

RED = timedelta(minutes=30)
"""After which the first step of a red warning is due."""
WARM = 50
"""Steps that fall due five seconds before the others: what the clocks load at their first step is loaded by then."""
QUIET_S = 3.0
"""A clock that fired nothing for so long after the last due time is done."""


def start() -> None:
    """Django with the database of the environment."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anlan.site.settings")
    import django

    django.setup()


def clock(name: str, until: datetime) -> None:
    """A clock process: the role, until ``until`` and then until nothing is due any more. Prints its looks as JSON."""
    start()
    from anlan import config
    from anlan.now import SystemClock
    from anlan.roles import clock as role

    looks: list[tuple[list[str], str, int]] = []
    plain = role.look

    class Hands(SystemClock):
        """Remembers what it told: a step bears one of the instants that were read during its look."""

        def __init__(self) -> None:
            self.told: list[datetime] = []

        def now(self) -> datetime:
            self.told.append(super().now())
            return self.told[-1]

    hands = Hands()

    def look(*arguments: Any) -> int | None:
        hands.told.clear()
        fired = plain(*arguments)
        read = [moment.isoformat() for moment in hands.told]
        if fired:
            looks.append((read, hands.now().isoformat(), fired))
        return fired

    class Leaving:
        """Asks the role to leave when its work is done."""

        def wait(self, seconds: float) -> bool:
            time.sleep(seconds)
            now = datetime.now(UTC)
            last = datetime.fromisoformat(looks[-1][1]) if looks else until
            return now > max(until, last) + timedelta(seconds=QUIET_S)

        def __bool__(self) -> bool:
            return False

    role.look = look
    role.announce = lambda *_, **__: print("ready", flush=True)
    role.settle_memory()
    began = time.process_time()
    role.work(config.load(), Leaving(), hands, name)  # type: ignore[arg-type]
    print(json.dumps({"looks": looks, "cpu_s": time.process_time() - began}), flush=True)


def clocks(count: int, until: datetime) -> list[dict[str, Any]]:
    """Let ``count`` clocks work until ``until`` and beyond; what each printed."""
    names = ["clock", *(f"clock-{number}" for number in range(2, count + 1))]
    command = [sys.executable, "-m", "bench.clocks", "--until", until.isoformat(), "--name"]
    processes = [subprocess.Popen([*command, name], stdout=subprocess.PIPE) for name in names]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    return [json.loads(process.communicate()[0]) for process in processes]


def burst(arguments: argparse.Namespace, sources: list[Any]) -> dict[str, Any]:
    """Warnings whose first steps fall due at one instant, or spread over some seconds."""
    from bench._warnings_world import open_warnings

    from anlan.apps.delivery.models import Notice

    if not sources:
        return {}
    due = datetime.now(UTC) + timedelta(seconds=arguments.lead_seconds or 15 + len(sources) / 300)
    spread = timedelta(seconds=arguments.spread_seconds)
    first, sources = sources[:WARM], sources[WARM:]
    open_warnings(first, due - RED - timedelta(seconds=5), due - RED - timedelta(seconds=5))
    open_warnings(sources, due - RED, due - RED + spread)
    if datetime.now(UTC) > due - timedelta(seconds=8):
        raise SystemExit("the steps fell due before the clocks were ready: give more --lead-seconds")
    load = os.getloadavg()[0]
    told = clocks(arguments.clocks, due + spread)
    committed = {
        moment: datetime.fromisoformat(end) for each in told for read, end, _ in each["looks"] for moment in read
    }
    sent = Notice.objects.by_the_machine().filter(kind="notice", due_at__gte=due, due_at__lte=due + spread)
    late = sorted(
        (committed[sent_at.isoformat()] - due_at).total_seconds()
        for due_at, sent_at in sent.values_list("due_at", "sent_at")
    )
    looks = [
        (datetime.fromisoformat(end) - datetime.fromisoformat(read[0])).total_seconds()
        for each in told
        for read, end, _ in each["looks"]
        if datetime.fromisoformat(read[0]) >= due
    ]
    return {
        "episodes": len(sources),
        "clocks": arguments.clocks,
        "spread_s": arguments.spread_seconds,
        "sent": len(late),
        "late_p50_s": round(late[len(late) // 2], 3),
        "late_p99_s": round(late[int(len(late) * 0.99)], 3),
        "late_max_s": round(late[-1], 3),
        "longest_look_s": round(max(looks), 3),
        "cpu_s_of_clocks": [round(each["cpu_s"], 2) for each in told],
        "load_average_before": round(load, 2),
    }


def idle(arguments: argparse.Namespace, sources: list[Any]) -> dict[str, Any]:
    """Very many open warnings, nothing due: what the clocks take of a core."""
    from bench._warnings_world import open_warnings

    if not sources:
        return {}
    now = datetime.now(UTC)
    begin = time.perf_counter()
    open_warnings(sources, now, now)
    made = time.perf_counter() - begin
    seconds = 20.0
    began = time.time()
    load = os.getloadavg()[0]
    told = clocks(arguments.clocks, datetime.now(UTC) + timedelta(seconds=seconds))
    return {
        "idle_open": len(sources),
        "idle_made_in_s": round(made, 1),
        "idle_share_of_a_core_by_clock": [round(each["cpu_s"] / (time.time() - began), 4) for each in told],
        "idle_load_average_before": round(load, 2),
    }


def raises(sources: list[Any]) -> dict[str, Any]:
    """Raise each to red through the real service, one at a time; how long each took until it was committed."""
    from anlan.apps.warnings import services as warnings

    took = []
    load = os.getloadavg()[0]
    for source in sources:
        begin = time.perf_counter()
        warnings.set_level(source, "red", at=datetime.now(UTC))
        took.append((time.perf_counter() - begin) * 1000)
    if not took:
        return {}
    took.sort()
    return {
        "raises": len(took),
        "raise_p50_ms": round(took[len(took) // 2], 1),
        "raise_p99_ms": round(took[int(len(took) * 0.99)], 1),
        "raise_load_average_before": round(load, 2),
    }


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    start()
    from bench._warnings_world import make_sources
    from django.db import connection

    from anlan.process.migrating import migrate

    migrate()
    counts = (arguments.idle, arguments.raises, arguments.episodes + WARM if arguments.episodes else 0)
    sources = make_sources(sum(counts), arguments.per_enterprise, datetime.now(UTC))
    parts = [[sources.pop() for _ in range(count)] for count in counts]
    found: dict[str, Any] = {"database": connection.vendor, "sources_per_enterprise": arguments.per_enterprise}
    found |= idle(arguments, parts[0])
    found |= raises(parts[1])
    found |= burst(arguments, parts[2])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=10_000)
    parser.add_argument("--spread-seconds", type=float, default=0.0)
    parser.add_argument(
        "--lead-seconds", type=float, default=0.0, help="time for writing the world before steps are due"
    )
    parser.add_argument("--clocks", type=int, default=2)
    parser.add_argument("--idle", type=int, default=2_000)
    parser.add_argument("--raises", type=int, default=200)
    parser.add_argument("--per-enterprise", type=int, default=4)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--name", default="", help=argparse.SUPPRESS)
    parser.add_argument("--until", default="", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.name:
        clock(arguments.name, datetime.fromisoformat(arguments.until))
        return
    with tempfile.TemporaryDirectory(prefix="anlan-bench-") as folder:
        os.environ["ANLAN_DATA_DIR"] = folder
        found = measure(arguments)
    if arguments.json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        for name, value in found.items():
            print(f"{name:32} {value}")


if __name__ == "__main__":
    main()
