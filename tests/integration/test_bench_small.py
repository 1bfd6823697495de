"""Every benchmark runs, on a world so small that it says nothing about speed: a figure that cannot be printed is found
here and not on the day when somebody needs it."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
ELSEWHERE = {
    "national": "test_bench_national.py",
    "load": "the load of `national`, no benchmark of its own",
    "peers": "needs programs that only --install fetches",
}
SMALL: dict[str, tuple[list[str], list[str]]] = {
    "blocks": ([], []),
    "clocks": (
        ["--episodes", "40", "--idle", "10", "--raises", "3", "--lead-seconds", "30", "--json"],
        ["sent", "late_max_s", "longest_look_s", "raise_p50_ms", "idle_share_of_a_core_by_clock"],
    ),
    "decode": ([], []),
    "growth": (["--gateways", "2", "--frames", "3", "--repeat", "1", "--json"], []),
    "history": (["--gateways", "1", "--hours", "2", "--repeat", "1", "--only", "sqlite", "--json"], []),
    "kernel": (["2000"], []),
    "live": (
        ["--streams", "20", "--frozen", "2", "--seconds", "3", "--users", "3", "--json"], [],
    ),
    "pages": (
        ["--enterprises", "12", "--sources", "24", "--points", "4", "--alarms", "300", "--open", "10", "--closed", "20",
         "--share", "0.001", "--who", "county", "--repeat", "1", "--json"], ["pages", "slowest_ms"],
    ),
    "pipeline": (
        ["--enterprises", "6", "--points", "20", "--rate", "1000", "--seconds", "4", "--warm-up", "3", "--json"],
        ["samples_per_second", "lost", "doubled"],
    ),
    "quality": (
        ["--enterprises", "6", "--points", "8", "--changes", "2", "--json"], ["next_round_s", "change_s", "findings"],
    ),
}  # fmt: skip
"""Options and, where it prints JSON, names that must be told."""


def bench(name: str, options: list[str], folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANLAN_")}
    environment |= {"PYTHONPATH": str(ROOT), "TMPDIR": str(folder)}
    command = [sys.executable, "-m", f"bench.{name}", *options]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def numbers(found: Any) -> list[float]:
    if isinstance(found, dict):
        return [each for value in found.values() for each in numbers(value)]
    if isinstance(found, list):
        return [each for value in found for each in numbers(value)]
    return [found] if isinstance(found, int | float) and not isinstance(found, bool) else []


@pytest.mark.slow
@pytest.mark.sqlite
@pytest.mark.case("A16")
@pytest.mark.parametrize("name", SMALL)
def test_a_benchmark_runs_on_a_small_world_and_prints_its_figures(name: str, tmp_path: Path) -> None:
    options, told = SMALL[name]
    said = bench(name, options, tmp_path)
    assert said.strip()
    if "--json" in options:
        found = json.loads(said[said.index("{") :])
        assert set(told) <= set(found)
        assert numbers(found)
        assert all(math.isfinite(each) for each in numbers(found))
    assert [path.name for path in tmp_path.glob("anlan-bench-*")] == []


@pytest.mark.case("A16")
def test_no_benchmark_is_left_out() -> None:
    names = {path.stem for path in (ROOT / "bench").glob("[a-z]*.py")}
    assert names == SMALL.keys() | ELSEWHERE.keys()
