"""Copies of the databases as they are at one instant, while everybody goes on writing; and such copies put back.

SQLite by its own backup interface, PostgreSQL by `pg_dump` and `pg_restore` of the machine. Nothing is stopped: readers
of a snapshot hold up no writer in either.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
from django.db import connections
from psycopg import sql

from anlan.config import Config
from anlan.database.addresses import HISTORY
from anlan.verbs.backup.manifest import BackupError

PARTS = {"records": "default", "history": HISTORY}
"""What has a database, and the name of its connection."""
SQLITE_FILES = {"records": "anlan.sqlite3", "history": "history.sqlite3"}
_DUMP = "pgdump"


@contextlib.contextmanager
def still() -> Iterator[str]:
    """Both databases as they are now, for every read of this thread until the end; yields PostgreSQL's name for it.

    Two databases are caught one after the other within milliseconds, the records first.
    """
    snapshot = ""
    records, history = (connections[alias] for alias in PARTS.values())
    try:
        for connection in (records, history):
            with connection.cursor() as cursor:
                if connection.vendor == "sqlite":
                    cursor.execute("BEGIN")
                    cursor.execute("SELECT count(*) FROM sqlite_master")
                    cursor.fetchall()
                    continue
                cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                if connection is history and shared():
                    cursor.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
                else:
                    cursor.execute("SELECT pg_export_snapshot()")
                    exported = cursor.fetchone()
                    snapshot = snapshot or str(exported[0] if exported else "")
        yield snapshot
    finally:
        for connection in (records, history):
            connection.close()  # ends its transaction in whatever state it is


def shared() -> bool:
    """Whether records and history lie in one PostgreSQL database."""
    ours, theirs = (connections[alias].settings_dict for alias in PARTS.values())
    same = all(ours[name] == theirs[name] for name in ("HOST", "PORT", "NAME"))
    return same and connections[HISTORY].vendor == "postgresql"


def copy(folder: Path, snapshot: str) -> dict[str, dict[str, str]]:
    """Write the databases into ``folder`` as `still` holds them; returns kind and file of each part."""
    made: dict[str, dict[str, str]] = {}
    for part, alias in PARTS.items():
        connection = connections[alias]
        if connection.vendor == "sqlite":
            made[part] = {"kind": "sqlite", "file": SQLITE_FILES[part]}
            connection.ensure_connection()
            with closing(sqlite3.connect(folder / SQLITE_FILES[part])) as target:
                connection.connection.backup(target)
        elif part == "history" and shared():
            made[part] = made["records"]
        else:
            made[part] = {"kind": "postgresql", "file": f"{part}.{_DUMP}"}
            told = connection.settings_dict
            variables = _variables(told["HOST"], told["PORT"], told["USER"], told["PASSWORD"], told["NAME"])
            named = snapshot if part == "records" else _own_snapshot(alias)
            target_file = str(folder / f"{part}.{_DUMP}")
            _run("pg_dump", variables, "--format=custom", "--no-owner", "--no-acl", f"--snapshot={named}",
                 f"--file={target_file}")  # fmt: skip
    return made


def put(folder: Path, made: dict[str, dict[str, str]], config: Config) -> None:
    """Put copies where ``config`` expects its databases; those must be new or empty. Raises `BackupError`."""
    done = set()
    for part, told in made.items():
        if told["file"] in done:
            continue
        done.add(told["file"])
        url = url_of(config, part)
        if told["kind"] == "sqlite":
            shutil.copyfile(folder / told["file"], config.data_dir / SQLITE_FILES[part])
        else:
            _run("pg_restore", variables_of(url), "--exit-on-error", "--single-transaction", "--no-owner", "--no-acl",
                 f"--dbname={urlsplit(url).path.lstrip('/')}", str(folder / told["file"]))  # fmt: skip


def url_of(config: Config, part: str) -> str:
    """The address of a part's database; empty for SQLite in the data directory."""
    return config.history_database_url or config.database_url if part == "history" else config.database_url


def fitting(made: dict[str, dict[str, str]], config: Config) -> None:
    """Refuse copies of another kind than the settings ask for, and PostgreSQL databases that hold tables."""
    for part, told in made.items():
        url = url_of(config, part)
        kind = "postgresql" if url.startswith("postgres") else "sqlite"
        if kind != told["kind"] or url.startswith("sqlite"):
            wanted = "数据目录中的 SQLite" if told["kind"] == "sqlite" else "PostgreSQL"
            raise BackupError(f"备份的{_WORDS[part]}须恢复到{wanted}，设置 database_url 指的是别处；两种数据库不能互换")
        if kind == "postgresql" and (tables := _tables(url)):
            raise BackupError(f"{_WORDS[part]}的数据库里已有 {tables} 张表；只恢复到空库，现有的没有动")


_WORDS = {"records": "业务记录", "history": "历史"}


@contextlib.contextmanager
def throw_away(config: Config, made: dict[str, dict[str, str]], data_dir: Path) -> Iterator[Config]:
    """Settings of an empty place beside everything real; its databases on a server are dropped afterwards."""
    urls = {"records": "", "history": ""}
    dropped: list[tuple[str, str]] = []
    try:
        for part, told in made.items():
            if told["kind"] != "postgresql" or (part == "history" and told["file"] == made["records"]["file"]):
                continue
            server = url_of(config, part)
            if not server.startswith("postgres"):
                raise BackupError("备份来自 PostgreSQL：请设置 database_url，核对时在同一服务器上建一个临时库")
            name = f"anlan_check_{os.getpid()}_{part}"
            _administer(server, "CREATE DATABASE {} TEMPLATE template0", name)
            dropped.append((server, name))
            urls[part] = urlsplit(server)._replace(path=f"/{name}").geturl()
        yield dataclasses.replace(
            config, data_dir=data_dir, database_url=urls["records"], history_database_url=urls["history"], nats_url=""
        )
    finally:
        for server, name in dropped:
            _administer(server, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def variables_of(url: str) -> dict[str, str]:
    """A ``postgresql://`` address as the environment of PostgreSQL's own programs; the password stands in no list."""
    parts = urlsplit(url)
    return _variables(
        parts.hostname or "", str(parts.port or ""), unquote(parts.username or ""), unquote(parts.password or ""),
        unquote(parts.path.lstrip("/")),
    )  # fmt: skip


def _variables(host: str, port: str, user: str, password: str, database: str) -> dict[str, str]:
    told = {"PGHOST": host, "PGPORT": port, "PGUSER": user, "PGPASSWORD": password, "PGDATABASE": database}
    return {name: str(value) for name, value in told.items() if value}


def _own_snapshot(alias: str) -> str:
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT pg_export_snapshot()")
        return str((cursor.fetchone() or [""])[0])


def _run(program: str, variables: dict[str, str], *arguments: str) -> None:
    if shutil.which(program) is None:
        raise BackupError(f"本机没有 {program}（PostgreSQL 的客户端程序，版本不低于服务器）；请安装后再试")
    done = subprocess.run(
        [program, *arguments], env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BackupError(f"{program} 失败：{done.stderr.strip()[-800:]}")


def _connect(url: str) -> Any:
    told = variables_of(url)
    try:
        return psycopg.connect(
            host=told.get("PGHOST"), port=told.get("PGPORT"), user=told.get("PGUSER"),
            password=told.get("PGPASSWORD"), dbname=told.get("PGDATABASE"), autocommit=True,
        )  # fmt: skip
    except psycopg.Error as error:
        raise BackupError(f"连不上数据库：{error}") from error


def _tables(url: str) -> int:
    with _connect(url) as connection:
        found = connection.execute(
            "SELECT count(*) FROM information_schema.tables"
            " WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
        )
        return int(found.fetchone()[0])


def _administer(url: str, statement: str, name: str) -> None:
    with _connect(url) as connection:
        try:
            connection.execute(sql.SQL(statement).format(sql.Identifier(name)))
        except psycopg.Error as error:
            told = variables_of(url)
            may = (
                "；核对要在同一台服务器上建一个临时库，登录名不必是超级用户："
                f"请由管理员执行 ALTER ROLE {told.get('PGUSER')} CREATEDB，或用 ANLAN_DATABASE_URL 指明可以建库的登录名"
            )
            lacks = isinstance(error, psycopg.errors.InsufficientPrivilege)
            raise BackupError(f"核对用的临时库 {name} 没能建立或删除：{error}{may if lacks else ''}") from error
