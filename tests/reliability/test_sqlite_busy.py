"""Scenario 36: SQLite with two writers, a long reader and a growing write-ahead log: nobody is ever locked out."""

from __future__ import annotations

import re
import sqlite3
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from tests.reliability.limits import figure
from tests.reliability.plant import Feed, Plant, compare, until

ROLES = ["engine", "historian", "intake", "clock", "auditor"]
MIB = 1024**2


def words_of(plant: Plant) -> str:
    folder = plant.supervisor.config.data_dir / "log"
    return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in folder.glob("*.log"))


class Writer(threading.Thread):
    """A second writer beside the roles, as a command line or an import is one: short IMMEDIATE transactions."""

    def __init__(self, path: Path) -> None:
        super().__init__(daemon=True)
        self._path, self._leave = path, threading.Event()
        self.written = 0
        self.errors: list[str] = []

    def run(self) -> None:
        connection = sqlite3.connect(self._path, timeout=20, isolation_level=None)
        connection.execute("CREATE TABLE IF NOT EXISTS ballast (id INTEGER PRIMARY KEY, body BLOB)")
        while not self._leave.is_set():
            try:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("INSERT OR REPLACE INTO ballast VALUES (?, randomblob(40000))", (self.written % 50,))
                connection.execute("COMMIT")
                self.written += 1
            except sqlite3.Error as error:
                self.errors.append(str(error))
            time.sleep(0.01)
        connection.close()

    def end(self) -> None:
        self._leave.set()
        self.join(60)


@pytest.mark.slow
@pytest.mark.sqlite
@pytest.mark.reliability(36)
def test_two_writers_and_a_long_reader_lock_nobody_out_and_the_log_of_writes_stays_bounded(
    tmp_path: Path, database_url: str
) -> None:
    with Plant(tmp_path / "data", database_url, ROLES, enterprises=3, points=4, quiet=3) as plant:
        records = plant.supervisor.config.data_dir / "anlan.sqlite3"
        log_of_writes = records.with_name("anlan.sqlite3-wal")
        feed, writer = Feed(plant, period_s=0.1), Writer(records)
        feed.start()
        writer.start()
        reader = sqlite3.connect(records, isolation_level=None)
        reader.execute("BEGIN")
        seen = reader.execute("SELECT count(*) FROM gateways_gatewaylink").fetchone()
        plant.burn()
        until(lambda: log_of_writes.stat().st_size > 24 * MIB, 120, lambda: f"{log_of_writes.stat().st_size}")
        grown = log_of_writes.stat().st_size
        until(lambda: (figure(plant, "auditor", "auditor_wal_bytes") or 0) > 16 * MIB, 240, lambda: "nobody sees it")
        assert reader.execute("SELECT count(*) FROM gateways_gatewaylink").fetchone() == seen
        until(lambda: plant.ask("dump")["notices"] == plant.notices, 120, lambda: "the notices do not come")
        reader.execute("COMMIT")
        reader.close()
        sizes: list[int] = []

        def short_again() -> bool:
            sizes.append(log_of_writes.stat().st_size)
            return sizes[-1] <= 16 * MIB  # what it is cut to; it grows no further while nobody reads for long

        until(short_again, 120, lambda: f"the write-ahead log stays at {sizes[-1]} of {grown}, while writes go on")
        writer.end()
        compare(plant, feed.stop(), seconds=240)
        assert writer.written > 200
        assert writer.errors == []
        told: Any = [line for line in words_of(plant).splitlines() if "locked" in line]
        assert told == []


@pytest.mark.sqlite
@pytest.mark.case("A13")
def test_a_log_in_while_another_process_holds_the_database_is_answered_in_words_and_works_afterwards(
    tmp_path: Path, database_url: str
) -> None:
    with Plant(tmp_path / "data", database_url, ["web"], enterprises=1, points=1) as plant:
        address = f"{plant.supervisor.web_url}login/"
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())

        def log_in() -> tuple[int, str]:
            form = browser.open(address, timeout=60).read().decode()
            token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
            assert token is not None
            fields = {"csrfmiddlewaretoken": token[1], "username": "nobody", "password": "x"}
            try:
                answer = browser.open(address, urllib.parse.urlencode(fields).encode(), timeout=60)
            except urllib.error.HTTPError as error:
                return error.code, error.read().decode()
            return answer.status, answer.read().decode()

        holder = sqlite3.connect(plant.supervisor.config.data_dir / "anlan.sqlite3", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        try:
            status, said = log_in()
        finally:
            holder.execute("ROLLBACK")
            holder.close()
        assert status == 503
        assert "数据库现在不应答" in said
        status, said = log_in()
        assert status == 200
        assert "数据库现在不应答" not in said
