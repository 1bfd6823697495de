"""`./run test`: the suite on SQLite, then what touches the database again on PostgreSQL when one is reachable.

The fast set leaves out tests marked ``slow``; ``--all`` takes everything. Anything else goes to pytest as it is, and
``--database sqlite`` or ``postgresql`` leaves out the other of the two runs.
With ``ANLAN_CI=1`` a missing PostgreSQL, Chromium, Node or ``../shared`` is a failure, never a skip.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import environment
import frontend

ROOT = Path(__file__).resolve().parent.parent
USUAL = "postgresql://postgres@127.0.0.1:5432/postgres"
PROBE = """
import sys, psycopg
with psycopg.connect(sys.argv[1], connect_timeout=3) as connection:
    print(connection.execute("show server_version").fetchone()[0])
"""
DROP = """
import sys, psycopg
from psycopg import sql
with psycopg.connect(sys.argv[1], connect_timeout=3, autocommit=True) as connection:
    found = connection.execute("select datname from pg_database where starts_with(datname, %s)", [sys.argv[2]])
    for (name,) in found.fetchall():
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
"""


def run(arguments: list[str]) -> int:
    environment.ensure("dev")
    frontend.ensure(tests=True)
    parser = argparse.ArgumentParser(prog="./run test", add_help=False, allow_abbrev=False)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--database", choices=("sqlite", "postgresql"))
    chosen, rest = parser.parse_known_args(arguments)
    in_ci = os.environ.get("ANLAN_CI") == "1"
    if in_ci and (missing := _missing()):
        print(f"ANLAN_CI=1: missing on this machine: {', '.join(missing)}", file=sys.stderr)
        return 1
    choice = [] if chosen.all else ["-m", "not slow"]
    first = second = 0
    if chosen.database != "postgresql":
        print("== SQLite ==", flush=True)
        first = pytest([*choice, *rest], {"ANLAN_DATABASE_URL": "", "ANLAN_HISTORY_DATABASE_URL": ""})
    if chosen.database == "sqlite":
        return first
    if address := postgresql():
        print("== PostgreSQL ==", flush=True)
        second = on_postgresql(address, [*choice, "--only-database", *rest])
    elif in_ci or chosen.database:
        print("no PostgreSQL is reachable", file=sys.stderr)
        second = 1
    else:
        print("== PostgreSQL：没有可用的服务，略过 / none reachable, left out ==", flush=True)
    return first or (0 if second == 5 and rest else second)  # 5: the chosen tests touch no database


def pytest(arguments: list[str], extra: dict[str, str]) -> int:
    """Run pytest on two processes unless the caller says otherwise; returns its exit code."""
    parallel = [] if any(argument.startswith("-n") for argument in arguments) else ["-n", "2", "--dist", "loadgroup"]
    command = [environment.program("python"), "-m", "pytest", *parallel, *arguments]
    return subprocess.call(command, cwd=ROOT, env=environment.variables() | extra)


def on_postgresql(address: str, arguments: list[str]) -> int:
    """Run on databases named after this process, and drop what a broken run left of them."""
    name = f"anlan_{os.getpid()}"
    parts = urlsplit(address)
    mine = parts._replace(path=f"/{name}").geturl()
    try:
        return pytest(arguments, {"ANLAN_DATABASE_URL": mine, "ANLAN_HISTORY_DATABASE_URL": ""})
    finally:
        command = [environment.program("python"), "-c", DROP, address, f"test_{name}_"]
        subprocess.call(command, env=environment.variables())


def postgresql() -> str:
    """Address of a PostgreSQL where databases may be made: ANLAN_TEST_POSTGRES, else the usual port; empty if none."""
    address = os.environ.get("ANLAN_TEST_POSTGRES") or USUAL
    command = [environment.program("python"), "-c", PROBE, address]
    probe = subprocess.run(command, capture_output=True, text=True, env=environment.variables())
    if probe.returncode == 0:
        return address
    if os.environ.get("ANLAN_TEST_POSTGRES"):
        print(f"ANLAN_TEST_POSTGRES: {probe.stderr.strip().splitlines()[-1]}", file=sys.stderr)
    return ""


def _missing() -> list[str]:
    shared = Path(os.environ.get("ANLAN_TEST_SHARED") or ROOT.parent / "shared")
    found = {
        "../shared": shared.is_dir(),
        "Chromium": any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")),
        "Node.js": shutil.which("node") is not None,
    }
    return [name for name, there in found.items() if not there]
