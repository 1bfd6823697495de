"""`docs/tutorial/subsystem.md` as a newcomer follows it: its files go into a copy of the house, and it holds."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "tutorial" / "subsystem.md"
NEW_FILE = re.compile(r"新建 `([\w/.]+)`.*?```python\n(.*?)```", re.DOTALL)


def test_one_file_makes_a_ledger_that_is_everywhere(tmp_path: Path) -> None:
    files = dict(NEW_FILE.findall(PAGE.read_text(encoding="utf-8")))
    assert len(files) <= 5
    for folder in ("src", "tests", "tools", "docs"):
        leave = shutil.ignore_patterns("__pycache__", "vendor", "node_modules", "*.png")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=leave)
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, tmp_path / name)
    for name, content in files.items():
        place = tmp_path / name
        assert not place.exists(), f"{name} is there already"
        place.write_text(content, encoding="utf-8")
    _run(tmp_path, "-m", "ruff", "check", *files)
    _run(tmp_path, "tools/permissions.py")
    own = [name for name in files if name.startswith("tests/")]
    suite = [
        "tests/conformance/test_acts.py",
        "tests/docs/test_permissions_page.py",
        "tests/unit/pages/test_ledgers.py",
    ]
    said = _run(tmp_path, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", *own, *suite)
    assert re.search(r"\d+ passed", said), said
    assert "emergency_kit" in _run(tmp_path, "-m", "pytest", "-q", "-n0", "--collect-only", *suite)


def _run(place: Path, *command: str) -> str:
    """What a command of the copy prints; it must succeed."""
    env = os.environ | {"PYTHONPATH": str(place / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, *command], cwd=place, env=env, capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return done.stdout
