"""`./run conformance`: every row of the requirement matrix with the tests that execute its check, and their results.

Runs the tests marked ``req`` (``--group`` selects), slow ones included, and prints a table or, with ``--json``, a list
of ``{id, tier, tests, passed}``: passed is true when every test of the row ran and passed, null when there is none.
A row counts only when its test reaches product code by way of a service, a page, the API, the command line or a role;
tests of the rules alone are listed and do not count. A row that waits for a subsystem is named in
``docs/reference/requirements-open.toml`` and shown as ``open: needs …``. Below the table stand the rules that no
product code reaches.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import environment
import frontend
import unused_rules

ROOT = Path(__file__).resolve().parent.parent
MATRIX = ROOT / "docs" / "reference" / "requirements.csv"
OPEN = ROOT / "docs" / "reference" / "requirements-open.toml"
ALONE = "rules alone"
"""Outcome of a test that passed and reached no service, page, API, command line or role."""
SIGNS = {True: "met", False: "FAILED", None: "—"}


def run(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./run conformance", description=__doc__.splitlines()[0])
    parser.add_argument("--group", default="", help="groups or rows, e.g. WRN,GEN or WRN-09")
    parser.add_argument("--json", action="store_true", help="a JSON list instead of the table")
    parser.add_argument("--database", default="", metavar="URL", help="run on this database instead of SQLite")
    options = parser.parse_args(arguments)
    environment.ensure("dev")
    frontend.ensure(tests=True)
    status, outcomes = _execute(options.group, options.database)
    rows = [summary(row, outcomes.get(row["id"], {})) for row in matrix() if _wanted(row["id"], options.group)]
    if options.json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        _table(rows)
    failed = any(row["passed"] is False for row in rows)
    return 1 if failed or status not in (0, 5) else 0  # 5: no test is marked with any of these rows


def matrix() -> list[dict[str, str]]:
    """Rows of the matrix in its order: id, tier, title."""
    with MATRIX.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def summary(row: dict[str, str], outcomes: dict[str, str]) -> dict[str, object]:
    """One row as it is printed; an outcome that is not "passed" (a skip too) leaves the row unmet.

    Tests of the rules alone neither meet a row nor leave it unmet: a row that has no others is as one without a test.
    """
    counted = [outcome for outcome in outcomes.values() if outcome != ALONE]
    passed = all(outcome == "passed" for outcome in counted) if counted else None
    result: dict[str, object] = {"id": row["id"], "tier": row["tier"], "tests": sorted(outcomes), "passed": passed}
    if outcomes and not counted:
        result |= {"open": "its tests reach the rules alone"}
    if reason := _open_rows().get(row["id"]):
        # its rule is tested, its check as written is not: never counted as met
        result |= {"open": reason, "passed": None if passed else passed}
    return result


def _open_rows() -> dict[str, str]:
    return {name: str(reason) for name, reason in tomllib.loads(OPEN.read_text(encoding="utf-8")).items()}


def _wanted(row: str, groups: str) -> bool:
    chosen = [name.strip() for name in groups.split(",") if name.strip()]
    return not chosen or row in chosen or row.split("-")[0] in chosen


def _execute(groups: str, database: str) -> tuple[int, dict[str, dict[str, str]]]:
    with tempfile.TemporaryDirectory(prefix="anlan-conformance-") as folder:
        file = Path(folder) / "results.json"
        command = [environment.program("python"), "-m", "pytest", "-m", "req", "-q", "-n", "2", "--dist", "loadgroup"]
        if groups:
            command += ["--req-group", groups]
        env = environment.variables() | {"ANLAN_TEST_CONFORMANCE": str(file), "ANLAN_DATABASE_URL": database}
        done = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)
        if done.returncode not in (0, 5):
            print(done.stdout, file=sys.stderr)
        return done.returncode, json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def _table(rows: list[dict[str, object]]) -> None:
    titles = {row["id"]: row["title"] for row in matrix()}
    for row in rows:
        tests = row["tests"]
        assert isinstance(tests, list)
        state = f"open: {row['open']}" if "open" in row else SIGNS[row["passed"]]  # type: ignore[index]
        print(f"{row['id']}  {row['tier']}  {state:<8}  {titles[str(row['id'])]}")
        for test in tests:
            print(f"            {test.removeprefix('tests/')}")
    met = [row for row in rows if row["passed"]]
    print(f"\n{len(rows)} rows, {len(met)} met, {sum(row['passed'] is False for row in rows)} failed, "
          f"{sum(row['passed'] is None for row in rows)} without a test")  # fmt: skip
    if unused := unused_rules.unreached(ROOT / "src" / "anlan"):
        print(f"\n{len(unused)} names of the rules that no product code reaches (by imports and names):")
        for name in unused:
            print(f"  {name}")
        print()
    for tier in "ABC":
        of_tier = [row for row in rows if row["tier"] == tier]
        print(f"  tier {tier}: {sum(bool(row['passed']) for row in of_tier)} of {len(of_tier)}")
