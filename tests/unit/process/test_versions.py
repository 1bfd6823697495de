"""A database of another version is refused in one line and left as it is."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from anlan.process.migrating import UNUSABLE

pytestmark = pytest.mark.sqlite
BEFORE, NEWER = ("monitoring", "0001_initial"), ("alarms", "0999_of_the_future")


@pytest.fixture(params=[(BEFORE, "表结构合并以前"), (NEWER, "更新的版本")], ids=["before", "newer"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    """An installation whose records tell of a migration that this program does not have, and what must be said."""
    migration, words = request.param
    assert _run(tmp_path, "manage", "migrate").returncode == 0
    with closing(sqlite3.connect(tmp_path / "anlan.sqlite3")) as connection, connection:
        connection.execute("INSERT INTO django_migrations (app, name, applied) VALUES (?, ?, '2026-01-01')", migration)
    return tmp_path, words


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("manage", "migrate"), UNUSABLE),
        (("manage", "migrate", "alarms"), 2),
        (("serve",), None),
        (("user", "add", "root", "--generate"), 2),
        (("export-register", "book.xlsx"), 2),
        (("check",), None),
        (("repair", "history"), 2),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_nothing_uses_a_database_of_another_version(
    old: tuple[Path, str], command: tuple[str, ...], code: int | None
) -> None:
    place, words = old
    before = _content(place)
    done = _run(place, *command)
    assert done.returncode == code if code is not None else done.returncode != 0, done.stderr
    said = (done.stderr + done.stdout).strip()
    assert words in said
    assert "没有改动" in said
    assert "Traceback" not in said
    assert len([line for line in said.splitlines() if " INFO " not in line]) == 1, said
    assert _content(place) == before


def _run(place: Path, *command: str) -> subprocess.CompletedProcess[str]:
    settings = {"ANLAN_DATA_DIR": str(place), "ANLAN_DATABASE_URL": "", "ANLAN_HISTORY_DATABASE_URL": ""}
    return subprocess.run(
        [sys.executable, "-m", "anlan", *command], cwd=place, env=os.environ | settings, capture_output=True,
        text=True, check=False, timeout=300,
    )  # fmt: skip


def _content(place: Path) -> str:
    """Everything that the records hold, their schema included."""
    with closing(sqlite3.connect(place / "anlan.sqlite3")) as connection:
        return hashlib.sha256("\n".join(connection.iterdump()).encode()).hexdigest()
