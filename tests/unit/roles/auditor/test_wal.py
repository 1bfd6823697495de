"""A write-ahead log that grew behind a long reader is cut as soon as the reader is gone, and not before."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest

from anlan.roles.auditor import wal


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "records.sqlite3"
    known = [
        SimpleNamespace(vendor="sqlite", settings_dict={"NAME": path}),
        SimpleNamespace(vendor="postgresql", settings_dict={"NAME": "x"}),
    ]
    monkeypatch.setattr(wal, "connections", SimpleNamespace(all=lambda: known))
    return path


def test_a_log_is_cut_when_nobody_reads_it_any_more(database: Path) -> None:
    writer = sqlite3.connect(database, isolation_level=None)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute("CREATE TABLE t (body BLOB)")
    reader = sqlite3.connect(database, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM t").fetchone()
    for _ in range(20):
        writer.execute("INSERT INTO t VALUES (randomblob(1000000))")
    assert wal.keep_short() > wal.LONG
    assert reader.execute("SELECT count(*) FROM t").fetchone() == (0,), "the reader still sees its moment"
    reader.execute("COMMIT")
    assert wal.keep_short() == 0
    assert writer.execute("SELECT count(*) FROM t").fetchone() == (20,)
    writer.close()
    reader.close()


def test_no_database_yet_is_nothing_to_cut(database: Path) -> None:
    assert wal.keep_short() == 0
