"""An empty database gets its tables from the models; migrations lead to the very same tables."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from tests.conftest import new_database

CONSTRAINTS = """
SELECT rel.relname, con.conname, pg_get_constraintdef(con.oid) FROM pg_constraint con
JOIN pg_class rel ON rel.oid = con.conrelid JOIN pg_namespace space ON space.oid = rel.relnamespace
WHERE space.nspname = %s
"""
COLUMNS = """
SELECT table_name, column_name, data_type, character_maximum_length::text, is_nullable, column_default, is_identity
FROM information_schema.columns WHERE table_schema = %s
"""


@pytest.mark.case("F17")
@pytest.mark.usefixtures("database_url")
def test_tables_from_the_models_are_those_that_migrations_lead_to(tmp_path: Path) -> None:
    with _installation(tmp_path / "models") as made, _installation(tmp_path / "migrations") as migrated:
        _manage(made, "migrate")
        if made["ANLAN_DATABASE_URL"]:
            with psycopg.connect(migrated["ANLAN_DATABASE_URL"]) as connection:
                connection.execute("CREATE SCHEMA history")
        _manage(migrated, "migrate", "history", "--database", "history", "-v0")
        _manage(migrated, "migrate", "--database", "default", "-v0")
        for database in ("history", "default"):
            tables, migrations = _shape(made, database)
            assert tables == _shape(migrated, database)[0]
            played = _shape(migrated, database)[1]
            # its own app alone migrates a history; that the others are recorded there keeps them from ever running
            own = migrations if database == "default" else {each for each in migrations if each[0] == "history"}
            assert played == own
            assert len(migrations) > 14


@pytest.mark.case("F17")
@pytest.mark.usefixtures("database_url")
def test_an_empty_database_is_made_once_and_migrated_from_then_on(tmp_path: Path) -> None:
    with _installation(tmp_path) as place:
        _manage(place, "migrate")
        first = {database: _shape(place, database) for database in ("history", "default")}
        _manage(place, "migrate")
        assert {database: _shape(place, database) for database in ("history", "default")} == first


@contextmanager
def _installation(folder: Path) -> Iterator[dict[str, str]]:
    with new_database() as url:
        yield {"ANLAN_DATA_DIR": str(folder), "ANLAN_DATABASE_URL": url, "ANLAN_HISTORY_DATABASE_URL": ""}


def _manage(place: dict[str, str], *arguments: str) -> None:
    command = [sys.executable, "-m", "anlan", "manage", *arguments]
    done = subprocess.run(command, env={**os.environ, **place}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def _shape(place: dict[str, str], database: str) -> tuple[set[tuple[str, ...]], set[tuple[str, ...]]]:
    """Every column, constraint and index of a database, and its recorded migrations."""
    if url := place["ANLAN_DATABASE_URL"]:
        schema = "history" if database == "history" else "public"
        with psycopg.connect(url) as connection:
            found = {row for query in (COLUMNS, CONSTRAINTS) for row in connection.execute(query, [schema])}
            indexes = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = %s"
            found |= set(connection.execute(indexes, [schema]))
            applied = set(connection.execute(f"SELECT app, name FROM {schema}.django_migrations"))
        return found, applied
    name = "history.sqlite3" if database == "history" else "anlan.sqlite3"
    with closing(sqlite3.connect(Path(place["ANLAN_DATA_DIR"]) / name)) as connection:
        found = set()
        query = "SELECT type, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
        for kind, table, text in connection.execute(query):
            found |= {(table, part) for part in (_parts(text) if kind == "table" else [text])}
        return found, set(connection.execute("SELECT app, name FROM django_migrations"))


def _parts(statement: str) -> Iterator[str]:
    """The columns and constraints of a CREATE TABLE; their order is no part of a table's shape."""
    depth, quoted, part = 0, "", ""
    for sign in statement[statement.index("(") + 1 : statement.rindex(")")]:
        if quoted:
            quoted = "" if sign == quoted else quoted
        elif sign in "'\"":
            quoted = sign
        elif sign in "()":
            depth += 1 if sign == "(" else -1
        if sign == "," and not depth and not quoted:
            yield part.strip()
            part = ""
        else:
            part += sign
    yield part.strip()
