"""The national benchmark runs on a small world, balances its own ledger and leaves nothing behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SMALL = ["--enterprises", "12", "--points", "20", "--rate", "2000", "--seconds", "4", "--warm-up", "3", "--json"]


@pytest.mark.slow
@pytest.mark.parametrize("numba", ["1", "0"])
def test_the_national_bench_loses_and_doubles_nothing(numba: str, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANLAN_")}
    environment |= {"ANLAN_NUMBA": numba, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "bench.national", *SMALL], capture_output=True, text=True, env=environment, timeout=600
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert found["acknowledged"] > 0
    assert [found[name] for name in ("lost", "doubled", "evaluated_lost", "evaluated_doubled")] == [0, 0, 0, 0]
    assert found["alarm_events"] == found["alarm_events_expected"] > 0
    assert found["samples_per_second"] > 0
    assert found["restart_live_s"] > 0
    assert set(found["cores"]) == {"intake", "engine", "historian", "log", "load"}
    assert [path.name for path in tmp_path.glob("anlan-bench-*")] == []
