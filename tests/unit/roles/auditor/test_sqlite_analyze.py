"""SQLite is told how its tables are filled, and nobody who writes is held up by it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest

from anlan.roles.auditor import sqlite_analyze


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "records.sqlite3"
    records = SimpleNamespace(vendor="sqlite", settings_dict={"NAME": path})
    monkeypatch.setattr(sqlite_analyze, "connections", {"default": records})
    return path


def filled(database: Path) -> sqlite3.Connection:
    writer = sqlite3.connect(database, isolation_level=None)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute('CREATE TABLE "of two" (kind TEXT, number INTEGER)')
    writer.execute('CREATE INDEX by_kind ON "of two" (kind)')
    writer.execute('CREATE INDEX by_number ON "of two" (number)')
    rows = ((str(number % 2), number) for number in range(5_000))
    writer.executemany('INSERT INTO "of two" VALUES (?, ?)', rows)
    return writer


def test_what_is_known_of_an_index_decides_the_plan(database: Path) -> None:
    filled(database).close()
    question = "EXPLAIN QUERY PLAN SELECT 1 FROM \"of two\" WHERE kind = '1' AND number = 7"
    assert sqlite_analyze.gather()
    reader = sqlite3.connect(database)
    assert "by_number" in reader.execute(question).fetchone()[3]
    told = dict(reader.execute("SELECT idx, stat FROM sqlite_stat1"))
    reader.close()
    of_a_kind, of_a_number = (int(told[name].split()[1]) for name in ("by_kind", "by_number"))
    assert of_a_kind > 100 > of_a_number


def test_somebody_who_writes_is_left_alone_and_the_look_is_made_up_for(database: Path) -> None:
    writer = filled(database)
    writer.execute("BEGIN IMMEDIATE")
    assert not sqlite_analyze.gather()
    writer.execute("COMMIT")
    assert sqlite_analyze.gather()
    writer.close()


def test_a_table_that_takes_too_long_keeps_what_was_known(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = filled(database)
    assert sqlite_analyze.gather()
    writer.execute('DELETE FROM "of two" WHERE number > 3999')
    known = writer.execute("SELECT * FROM sqlite_stat1 ORDER BY idx").fetchall()
    monkeypatch.setattr(sqlite_analyze, "STEPS", 1_000)
    assert sqlite_analyze.gather()
    assert writer.execute("SELECT * FROM sqlite_stat1 ORDER BY idx").fetchall() == known
    writer.close()


def test_no_database_yet_is_nothing_to_look_at(database: Path) -> None:
    assert sqlite_analyze.gather()
    assert not database.exists()
