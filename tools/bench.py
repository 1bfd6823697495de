"""`./run bench NAME`: runs `bench/<name>.py` in the development environment.

A benchmark prints ratios measured in one run on one machine; absolute figures are for the reader, never for a test.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import environment
import frontend

ROOT = Path(__file__).resolve().parent.parent


def names() -> list[str]:
    return sorted(path.stem for path in (ROOT / "bench").glob("[a-z]*.py"))


def run(arguments: list[str]) -> int:
    known = names()
    if not arguments or arguments[0] not in known:
        print(f"用法 / usage: ./run bench NAME\n可选 / names: {', '.join(known) or '—'}", file=sys.stderr)
        return 2
    environment.ensure("dev")
    frontend.ensure()
    env = environment.variables()
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), env.get("PYTHONPATH", "")]))
    command = [environment.program("python"), "-m", f"bench.{arguments[0]}", *arguments[1:]]
    return subprocess.call(command, env=env)
