"""The national benchmark runs on a small world, balances its own ledger and leaves nothing behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SMALL = ["--enterprises", "12", "--points", "20", "--rate", "2000", "--seconds", "4", "--warm-up", "3", "--json"]


def bench(tmp_path: Path, *options: str, **settings: str) -> dict[str, Any]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANLAN_")}
    environment |= {"PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path), **settings}
    command = [sys.executable, "-m", "bench.national", *SMALL, *options]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads(done.stdout))


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.parametrize("how", ["kill", "freeze"])
def test_another_engine_takes_over_and_nothing_is_lost_or_doubled(how: str, tmp_path: Path, database_url: str) -> None:
    found = bench(tmp_path, "--takeover", how, "--database", database_url)
    assert found["acknowledged"] > 0
    assert found["alarm_events"] == found["alarm_events_expected"] > 64
    faults = ("lost", "doubled", "alarms_lost", "alarms_doubled")
    assert [found[name] for name in faults] == [0] * len(faults)
    assert found["takeover_live_s"] > found["takeover_leases_s"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("numba", ["1", "0"])
def test_the_national_bench_loses_and_doubles_nothing(numba: str, tmp_path: Path) -> None:
    found = bench(tmp_path, ANLAN_NUMBA=numba)
    assert found["acknowledged"] > 0
    assert [found[name] for name in ("lost", "doubled", "evaluated_lost", "evaluated_doubled")] == [0, 0, 0, 0]
    assert found["alarm_events"] == found["alarm_events_expected"] > 0
    assert found["samples_per_second"] > 0
    assert found["restart_live_s"] > 0
    assert set(found["cores"]) == {"intake", "engine", "historian", "log", "load"}
    assert [path.name for path in tmp_path.glob("anlan-bench-*")] == []
