"""Our list of requirement rows against the matrix itself, and the marks of the suite against our list."""

from __future__ import annotations

import csv
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
REFERENCE = ROOT / "docs" / "reference"
ROW = re.compile(r"\| ([A-Z]{2,3}-\d\d) \|.*\| ([ABC]) \|$")
MARK = re.compile(r"mark\.req\(([^)]*)\)")


def rows() -> dict[str, str]:
    with (REFERENCE / "requirements.csv").open(encoding="utf-8", newline="") as handle:
        return {row["id"]: row["tier"] for row in csv.DictReader(handle)}


def test_our_list_has_every_row_of_the_matrix_with_its_tier(shared: Path) -> None:
    lines = (shared / "requirements.md").read_text(encoding="utf-8").splitlines()
    matrix = [match.groups() for line in lines if (match := ROW.match(line.strip()))]
    assert len(matrix) == 307
    assert rows() == dict(matrix)


def test_every_row_has_a_title_of_its_own() -> None:
    with (REFERENCE / "requirements.csv").open(encoding="utf-8", newline="") as handle:
        titles = [row["title"] for row in csv.DictReader(handle)]
    assert all(titles)
    assert max(len(title) for title in titles) < 60


def test_marks_and_open_rows_name_rows_that_exist() -> None:
    known = set(rows())
    marked = {
        name.strip("\"' ")
        for path in (ROOT / "tests").rglob("test_*.py")
        if path != Path(__file__) and "tools" not in path.parts  # the tests of the marks themselves
        for arguments in MARK.findall(path.read_text(encoding="utf-8"))
        for name in arguments.split(",")
        if name.strip()
    }
    assert marked <= known
    waiting = tomllib.loads((REFERENCE / "requirements-open.toml").read_text(encoding="utf-8"))
    assert set(waiting) <= known
    assert all(reason.startswith("needs ") for reason in waiting.values())
