"""Django's management commands under our roof. ``migrate`` without a database name migrates both databases."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from anlan.config import ConfigError
from anlan.process import django

logger = logging.getLogger(__name__)
WHAT_TO_DO = "曲线与导出停用，其余照常，数据留在日志里；请换上备份里的历史库，或把这个文件移到别处（从日志重新建立）"
MIGRATING = 0x616E6C616E
"""The advisory lock of migrations on PostgreSQL."""


HISTORY_FAILED, UNUSABLE = 3, 4
"""Exit codes of ``anlan manage migrate``: the records are up to date, the history cannot be opened; the database of the
records cannot be used, which was said in one line."""
_RIGHTS = "42501"
_REASONS = {
    "3D000": "没有这个库，请先建立",
    "28P01": "口令不对",
    "28000": "这个登录名不能登录",
    _RIGHTS: (
        "登录名 {user} 在库 {name} 里不能建表。它不必是超级用户：由库的属主执行 "
        "GRANT CREATE ON DATABASE {name} TO {user}; GRANT USAGE, CREATE ON SCHEMA public TO {user}; "
        "或让它作库的属主，再启动"
    ),
}


class HistoryUnavailable(Exception):
    """The history database cannot be opened or migrated. The message is one Chinese line with the reason."""


def migrate(*, without_history: bool = False) -> None:
    """Bring the history and the records to the schema of this code; on PostgreSQL make the history schema first.

    An empty database gets its tables from the models (`tables.make`), one that has some is migrated. Records never wait
    for a history that cannot be opened: `HistoryUnavailable` is raised when they are done, or, with
    ``without_history``, only said in the log. Raises `ConfigError` for records of another version, untouched.
    """
    from django.core.management import call_command
    from django.db import DEFAULT_DB_ALIAS

    from anlan.process import tables, versions

    failed: HistoryUnavailable | None = None
    with _one_at_a_time():
        # history first: its schema must get a list of migrations of its own before there is one in "public" to be found
        try:
            _history()
        except HistoryUnavailable as error:
            failed = error
        if words := versions.foreign(DEFAULT_DB_ALIAS):
            raise ConfigError(words)
        if not tables.make(DEFAULT_DB_ALIAS):
            call_command("migrate", database=DEFAULT_DB_ALIAS, interactive=False, verbosity=0)
    if failed is not None and not without_history:
        raise failed
    if failed is not None:
        logger.error("%s", failed)


def migrate_history() -> None:
    """Bring the history alone to the schema of this code. Raises `HistoryUnavailable`."""
    with _one_at_a_time():
        _history()


def _history() -> None:
    from django.core.management import call_command
    from django.db import DatabaseError, InterfaceError, connections

    from anlan.database.addresses import HISTORY
    from anlan.process import tables, versions

    connection = connections[HISTORY]
    try:
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                # one that is there is not made again: that would ask for the right to make one
                cursor.execute("SELECT 1 FROM pg_namespace WHERE nspname = 'history'")
                if cursor.fetchone() is None:
                    cursor.execute("CREATE SCHEMA IF NOT EXISTS history")
        if words := versions.foreign(HISTORY):
            raise HistoryUnavailable(f"历史库不能使用：{words}")
        if not tables.make(HISTORY):
            call_command("migrate", HISTORY, database=HISTORY, interactive=False, verbosity=0)
    except (DatabaseError, InterfaceError) as error:
        connection.close()
        if known := _reason(error, connection.settings_dict):
            raise HistoryUnavailable(f"历史库不能使用：{known}") from error
        where = connection.settings_dict["NAME"]
        raise HistoryUnavailable(f"历史库打不开（{where}：{error}）。{WHAT_TO_DO}") from error


def _reason(error: BaseException, told: Mapping[str, Any]) -> str:
    """What an operator can do about it, in Chinese; empty where only the database's own words say what happened."""
    of = error.__cause__
    code = getattr(of, "sqlstate", None) or ""
    if not code and type(of).__name__ == "OperationalError":  # no connection, so there is no code but in its words
        words = str(of)
        code = next((code for code, part in _WORDS.items() if part.format(**told) in words), "")
    return _REASONS.get(code, "").format(user=told["USER"], name=told["NAME"])


_WORDS = {
    "3D000": 'database "{NAME}" does not exist',
    "28P01": "password authentication failed",
    "28000": 'role "{USER}" does not exist',
}


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Hosts that start together migrate one after the other; the second finds nothing to do.

    The lock is that of a connection of its own, and gone with it.
    """
    from django.db import connections

    if connections["default"].vendor != "postgresql":
        yield  # the lock of the data directory has seen to it
        return
    lock = connections.create_connection("default")
    try:
        with lock.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATING])
        yield
    finally:
        lock.close()


def main(arguments: list[str]) -> int:
    """Run one management command. Exit codes are Django's."""
    django.start()
    from django.db import DatabaseError, InterfaceError, connections

    if arguments == ["migrate"]:
        try:
            migrate()
        except HistoryUnavailable as error:
            sys.stderr.write(f"{error}\n")
            return HISTORY_FAILED
        except ConfigError as error:
            sys.stderr.write(f"{error}\n")
            return UNUSABLE
        except (DatabaseError, InterfaceError) as error:
            told = connections["default"].settings_dict
            said = _reason(error, told) or " ".join(str(error).split())
            sys.stderr.write(f"数据库 {told['NAME']} 不能使用：{said}\n")
            return UNUSABLE
        return 0
    from django.core.management import execute_from_command_line

    if "migrate" in arguments:
        from anlan.process import versions

        for each in connections:
            if words := versions.foreign(each):
                raise ConfigError(words)
    execute_from_command_line(["anlan manage", *arguments])
    return 0
