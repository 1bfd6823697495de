"""What must be true of the checkout as a whole: locks, the one command, the licence, what git carries."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tools"))

import frontend  # noqa: E402
import lock  # noqa: E402

PINNED = re.compile(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==(\S+)", re.M)


def pins(name: str) -> set[tuple[str, str]]:
    return set(PINNED.findall((ROOT / name).read_text()))


def test_every_locked_package_carries_a_hash() -> None:
    for path in [*ROOT.glob("requirements*.lock"), *(ROOT / "tools" / "locks").glob("*.txt")]:
        entries = re.split(r"^(?=[a-z0-9])", path.read_text(), flags=re.M)
        assert all("--hash=sha256:" in entry for entry in entries if entry.strip()), path.name


def test_each_lock_is_part_of_the_next_wider_one() -> None:
    assert pins("requirements.lock") <= pins("requirements-full.lock") <= pins("requirements-dev.lock")
    assert {"numba", "llvmlite", "pyarrow"} == {
        name for name, _ in pins("requirements-full.lock") - pins("requirements.lock")
    }
    assert not {"pytest", "hypothesis", "playwright", "ruff"} & {name for name, _ in pins("requirements.lock")}


def test_every_declared_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    names = {re.split(r"[\[<>=; ]", line)[0].lower() for line in wanted} - {"anlan"}
    assert names <= {name for name, _ in pins("requirements-dev.lock")}


def test_the_front_end_lock_has_hashes_and_the_exact_versions_asked_for() -> None:
    asked = json.loads((ROOT / "package.json").read_text())["dependencies"]
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert {name: packages[f"node_modules/{name}"]["version"] for name in asked} == asked
    assert all("integrity" in package for path, package in packages.items() if path)


def test_relocking_strips_what_names_a_registry(tmp_path: Path) -> None:
    file = tmp_path / "package-lock.json"
    package = {"version": "1.0.0", "integrity": "sha512-x", "resolved": "somewhere", "funding": {"url": "x"}}
    file.write_text(json.dumps({"packages": {"": {}, "node_modules/a": package}}))
    lock.strip_addresses(file)
    assert json.loads(file.read_text())["packages"]["node_modules/a"] == {"version": "1.0.0", "integrity": "sha512-x"}


def test_only_packages_of_the_front_end_lock_are_copied() -> None:
    asked = set(json.loads((ROOT / "package.json").read_text())["dependencies"])
    used = {re.match(r"(@[^/]+/)?[^/]+", source).group(0) for source in frontend.FILES}  # type: ignore[union-attr]
    assert used == asked == set(frontend.LICENSES)


def test_the_one_command_is_executable_and_names_its_verbs() -> None:
    assert os.access(ROOT / "run", os.X_OK)
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    shown = subprocess.run([ROOT / "run", "help"], capture_output=True, text=True, check=True).stdout
    for verb in ("demo", "test", "check", "conformance", "bench", "serve", "manage", "anlan", "lock"):
        assert re.search(rf"^  {verb}\b", shown, re.M), verb


def test_a_wrong_verb_is_refused_in_both_languages() -> None:
    done = subprocess.run([ROOT / "run", "nonsense"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "没有这个动词" in done.stderr
    assert "no such verb" in done.stderr


def test_without_a_suitable_python_the_command_says_what_to_install(tmp_path: Path) -> None:
    script = tmp_path / "run"
    script.write_bytes((ROOT / "run").read_bytes())
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "dirname", "cat"):
        (tools / name).symlink_to(f"/bin/{name}" if Path(f"/bin/{name}").exists() else f"/usr/bin/{name}")
    done = subprocess.run(["/bin/sh", str(script), "demo"], env={"PATH": str(tools)}, capture_output=True, text=True)
    assert done.returncode == 1
    assert "Python 3.11" in done.stderr
    assert "apt-get install python3 python3-venv" in done.stderr


def test_the_licence_is_apache_2_0() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text


def test_git_carries_no_generated_file() -> None:
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    tracked = done.stdout.splitlines()
    assert not [name for name in tracked if re.search(r"(^|/)(node_modules|__pycache__|build|\.venv|vendor)/", name)]


def test_the_requirement_list_is_a_clean_table() -> None:
    with (ROOT / "docs" / "reference" / "requirements.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.reader(handle))
    assert rows[0] == ["id", "tier", "title"]
    assert len({row[0] for row in rows}) == len(rows)


@pytest.mark.slow
def test_a_wheel_carries_screens_rules_and_front_end_files(tmp_path: Path) -> None:
    import zipfile

    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    vendored = {f"anlan/site/static/vendor/{place}" for place in frontend.FILES.values()}
    assert vendored <= inside
    assert "anlan/cli.py" in inside or "anlan/cli/__init__.py" in inside
    source = ROOT / "src"
    for pattern in ("**/templates/**/*.html", "**/*.toml", "**/migrations/*.py", "**/static/**/*.css"):
        carried = {str(path.relative_to(source)) for path in source.glob(pattern) if "vendor" not in path.parts}
        assert carried <= inside, pattern
