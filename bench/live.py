"""Thousands of streams to browsers: memory and processor of the web role, how soon a hint and a value arrive, and what
frozen readers do to the others.

Run: `./run bench live [--streams 2000] [--frozen 100] [--seconds 20] [--hints 5] [--ticks 20] [--users 100] [--json]`.

The web role itself (``anlan web``) on SQLite in a throw-away folder, its own nats-server, and readers over loopback
in this process: each a log-in of one of ``--users`` officers, most of a county, every twentieth of the ministry. Every
reader watches one point. ``--frozen`` of the readers never read. Hints and values are told on the bus with the time
in them; printed are the percentiles from telling to reading, what was told again by `resync`, the streams that still
stand, and what the role takes. Readers and teller share the machine with it: the load average is printed beside.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

WARM_S = 60.0
ENTERPRISES = 40


def start(users: int) -> tuple[list[str], list[tuple[str, str]]]:
    """Write the world; returns a session for each of the users, and (enterprise, point) by number."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anlan.site.settings")
    import django

    django.setup()
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from django.core.management import call_command

    from anlan.apps.accounts.models import Grant, User
    from anlan.apps.accounts.services import begin_visit
    from anlan.apps.org.models import Agency, AgencyLevel, Role
    from anlan.apps.registry.models import Point
    from anlan.testing import small_world

    call_command("migrate", verbosity=0)
    now = datetime.now(UTC)
    small_world.build(now, enterprises=ENTERPRISES, points=4)
    county = Agency.objects.by_the_machine().get(level=AgencyLevel.COUNTY)
    keys = []
    for number in range(users):
        user = User(username=f"bench-{number}", is_superuser=number % 20 == 0)
        user.set_unusable_password()
        user.save()
        Grant.objects.create(user=user, role=Role.DUTY_OFFICER, agency=county, valid_from=now - timedelta(days=1))
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        begin_visit(user, str(session.session_key), now, "127.0.0.1")
        keys.append(str(session.session_key))
    points = Point.objects.by_the_machine().order_by("code").values_list("enterprise__code", "code")
    return keys, list(points)


class Readers:
    """The browsers: sockets, what each has heard, and how late."""

    def __init__(self, port: int, keys: list[str], points: list[tuple[str, str]]) -> None:
        self.port, self.keys, self.points = port, keys, points
        self.open = self.refused = self.ended = self.resyncs = 0
        self.hint_ms: list[float] = []
        self.value_ms: list[float] = []
        self.frozen: list[asyncio.StreamWriter] = []

    async def reader(self, number: int) -> None:
        """One browser that reads until the end."""
        stream, writer = await self._ask(number)
        try:
            head = await stream.readuntil(b"\r\n\r\n")
            if b" 200 " not in head[:16]:
                self.refused += 1
                return
            self.open += 1
            name = b""
            while line := await stream.readline():
                if line.startswith(b"event: "):
                    name = line[7:].strip()
                    self.resyncs += name == b"resync"
                elif line.startswith(b"data: "):
                    self._heard(name, line[6:])
            self.open -= 1
            self.ended += 1
        except (asyncio.IncompleteReadError, ConnectionError):
            self.ended += 1
        finally:
            writer.close()

    def _heard(self, name: bytes, data: bytes) -> None:
        now = time.time()
        if name == b"alarm":
            self.hint_ms.append((now - json.loads(data)["at"]) * 1000)
        elif name == b"live":
            self.value_ms += [(now - row[3] / 1e6) * 1000 for row in json.loads(data)]

    async def freeze(self, number: int) -> None:
        """One browser that asks and never reads: its window closes."""
        _stream, writer = await self._ask(number)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        self.frozen.append(writer)

    async def _ask(self, number: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        stream, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=64 * 1024)
        key, (_enterprise, point) = self.keys[number % len(self.keys)], self.points[number % len(self.points)]
        writer.write(
            f"GET /events?points={point} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: sessionid={key}\r\n\r\n".encode()
        )
        await writer.drain()
        return stream, writer


def taken(pid: int) -> dict[str, float]:
    """Resident memory, threads, open files and processor time of a process."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return {
        "rss_mb": int(status["VmRSS"].split()[0]) / 1024,
        "threads": int(status["Threads"]),
        "files": len(list(Path(f"/proc/{pid}/fd").iterdir())),
        "cpu_s": (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"),
    }


async def measure(arguments: argparse.Namespace, port: int, pid: int, nats: str, keys: Any, points: Any) -> Any:
    from nats.aio.client import Client

    readers = Readers(port, keys, points)
    before = taken(pid)
    load = os.getloadavg()[0]
    tasks = []
    began = time.perf_counter()
    for number in range(arguments.streams):
        if number < arguments.frozen:
            await readers.freeze(number)
        else:
            tasks.append(asyncio.create_task(readers.reader(number)))
        if number % 50 == 49:
            await asyncio.sleep(0.01)
    wanted = arguments.streams - arguments.frozen
    patience = WARM_S + arguments.streams / 20
    while readers.open + readers.refused < wanted and time.perf_counter() - began < patience:  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    opened_in = time.perf_counter() - began
    standing = taken(pid)
    bus = Client()
    await bus.connect(nats)
    readers.resyncs = 0
    told_hints = told_values = 0
    begin, until = time.time(), time.time() + arguments.seconds
    turn = 0
    while time.time() < until:
        enterprise, _point = points[turn % len(points)]
        if turn % max(1, round(arguments.ticks / max(arguments.hints, 1e-9))) == 0:
            said = {"at": time.time(), "pad": "示" * arguments.padding}
            await bus.publish(f"ui.alarm.{enterprise}", json.dumps(said).encode())
            told_hints += 1
        rows = [[code, 50.0, 0, int(time.time() * 1e6), 0] for owner, code in points if owner == enterprise]
        await bus.publish(f"live.tick.{enterprise}", json.dumps(rows).encode())
        told_values += len(rows)
        turn += 1
        await asyncio.sleep(max(0.0, begin + turn / arguments.ticks - time.time()))
    await asyncio.sleep(2.0)
    took = time.time() - begin
    after = taken(pid)
    await bus.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for writer in readers.frozen:
        writer.close()
    return {
        "streams": arguments.streams,
        "frozen_readers": arguments.frozen,
        "opened": readers.open,
        "refused": readers.refused,
        "ended_by_the_server": readers.ended,
        "opened_in_s": round(opened_in, 1),
        "threads": after["threads"],
        "open_files": after["files"],
        "rss_before_mb": round(before["rss_mb"], 1),
        "rss_after_mb": round(after["rss_mb"], 1),
        "kb_a_stream": round((after["rss_mb"] - before["rss_mb"]) * 1024 / max(1, arguments.streams), 1),
        "rss_while_open_mb": round(standing["rss_mb"], 1),
        "cores": round((after["cpu_s"] - standing["cpu_s"]) / took, 3),
        "hints_told": told_hints,
        "values_told": told_values,
        "hints_read": len(readers.hint_ms),
        "values_read": len(readers.value_ms),
        "resyncs_read": readers.resyncs,
        **percentiles("hint", readers.hint_ms),
        **percentiles("value", readers.value_ms),
        "load_average_before": round(load, 2),
    }


def percentiles(name: str, found: list[float]) -> dict[str, float | None]:
    found = sorted(found)
    return {
        f"{name}_{word}_ms": round(found[min(len(found) - 1, int(len(found) * share))], 1) if found else None
        for word, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))
    }


def serving_at(web: subprocess.Popen[bytes]) -> int:
    """The port that the web role has announced; waits for it."""
    from anlan import config
    from anlan.process.places import announced

    while web.poll() is None:
        if found := announced(config.load(), "web", web.pid):
            return int(found["url"].rstrip("/").rsplit(":", 1)[1])
        time.sleep(0.1)
    raise RuntimeError(f"the web role ended with {web.returncode}")


def run(arguments: argparse.Namespace, folder: Path) -> Any:
    from anlan.stream.natsd import NatsServer

    keys, points = start(arguments.users)
    with contextlib.ExitStack() as stack:
        server = NatsServer(folder / "nats")
        server.start()
        stack.callback(server.stop)
        server.wait_ready()
        environment = {**os.environ, "ANLAN_NATS_URL": server.url}
        command = [sys.executable, "-m", "anlan.cli", "web", "--host", "127.0.0.1", "--web-port", "0"]
        web = subprocess.Popen(command, env=environment, stdout=sys.stderr)
        stack.callback(web.wait)
        stack.callback(web.terminate)
        port = serving_at(web)
        urllib.request.urlopen(f"http://127.0.0.1:{port}/login/", timeout=60).read()
        found = asyncio.run(measure(arguments, port, web.pid, server.url, keys, points))
        begin = time.perf_counter()
        web.terminate()
        web.wait(30)
        found["left_in_s"] = round(time.perf_counter() - begin, 2)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=2_000)
    parser.add_argument("--frozen", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--hints", type=float, default=5.0, help="hints a second")
    parser.add_argument("--ticks", type=float, default=20.0, help="enterprises whose values are told, a second")
    parser.add_argument("--padding", type=int, default=0, help="characters that make each hint longer")
    parser.add_argument("--users", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit[1], 3 * arguments.streams + 1_000), limit[1]))
    with tempfile.TemporaryDirectory(prefix="anlan-bench-") as folder:
        os.environ["ANLAN_DATA_DIR"] = folder
        os.environ["ANLAN_DATABASE_URL"] = ""
        found = run(arguments, Path(folder))
    if arguments.json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        for name, value in found.items():
            print(f"{name:24} {value}")


if __name__ == "__main__":
    main()
