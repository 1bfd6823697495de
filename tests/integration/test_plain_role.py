"""PostgreSQL with a log-in that is no superuser: what it may not is said in one line, what it may is enough."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from anlan.process.migrating import HISTORY_FAILED, UNUSABLE

pytestmark = [pytest.mark.postgres]


@dataclass
class Plain:
    """A database of somebody else, and a log-in that may connect and nothing more."""

    server: str
    database: str
    name: str

    def grant(self, *statements: str) -> None:
        """By the owner of the database; ``{}`` is the log-in."""
        with psycopg.connect(f"{self.server}/{self.database}", autocommit=True) as connection:
            for each in statements:
                connection.execute(sql.SQL(each).format(sql.Identifier(self.name)))

    def run(self, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        host = self.server.rpartition("@")[2].removeprefix("postgresql://")
        url = f"postgresql://{self.name}:plain@{host}/{self.database}"
        environment = {**os.environ, "ANLAN_DATA_DIR": str(folder), "ANLAN_DATABASE_URL": url}
        environment["ANLAN_HISTORY_DATABASE_URL"] = ""
        command = [sys.executable, "-m", "anlan", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def plain(database_url: str) -> Iterator[Plain]:
    server, _, database = database_url.rpartition("/")
    made = Plain(server, database, f"plain_{uuid.uuid4().hex[:10]}")
    made.grant("CREATE ROLE {} LOGIN PASSWORD 'plain' NOSUPERUSER NOCREATEDB NOCREATEROLE")
    yield made
    made.grant("REASSIGN OWNED BY {} TO CURRENT_USER", "DROP OWNED BY {}", "DROP ROLE {}")


@pytest.mark.case("G11")
def test_a_log_in_that_may_make_no_tables_is_told_what_it_lacks_in_one_line(plain: Plain, tmp_path: Path) -> None:
    done = plain.run(tmp_path, "manage", "migrate")
    assert done.returncode == UNUSABLE
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith(f"数据库 {plain.database} 不能使用：登录名 {plain.name} 在库 {plain.database} 里不能建表")
    assert f"GRANT USAGE, CREATE ON SCHEMA public TO {plain.name}" in line


@pytest.mark.case("G11")
@pytest.mark.slow
def test_each_right_that_is_missing_is_named_and_those_of_an_owner_are_enough(plain: Plain, tmp_path: Path) -> None:
    plain.grant("GRANT USAGE, CREATE ON SCHEMA public TO {}")
    done = plain.run(tmp_path, "manage", "migrate")
    assert done.returncode == HISTORY_FAILED
    assert done.stderr.strip().splitlines()[-1].startswith("历史库不能使用：登录名 ")
    plain.grant("CREATE SCHEMA history AUTHORIZATION {}")  # by the owner beforehand: no right to make one is needed
    assert plain.run(tmp_path, "manage", "migrate").returncode == 0
    backups = tmp_path / "backups"
    made = plain.run(tmp_path, "backup", str(backups))
    assert made.returncode == 0, made.stderr
    checked = plain.run(tmp_path, "restore", str(backups), "--check")
    assert checked.returncode == 1
    assert f"ALTER ROLE {plain.name} CREATEDB" in checked.stderr
    plain.grant("ALTER ROLE {} CREATEDB")
    checked = plain.run(tmp_path, "restore", str(backups), "--check")
    assert (checked.returncode, checked.stdout.strip().splitlines()[-1]) == (0, "核对无误"), checked.stderr
