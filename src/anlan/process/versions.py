"""Whether a database was written by this version of the program, asked before anything in it is touched."""

from __future__ import annotations

from collections.abc import Collection

from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

BEFORE = "monitoring"
"""An application that only databases from before the squashed schema have."""


def unknown_migrations(using: Collection[str]) -> list[str]:
    """Migrations that these connections have and this program does not, as ``app.name``: of a newer version, or of one
    from before the schema was squashed. Raises Django's `DatabaseError` for a database that does not answer."""
    known = set(MigrationLoader(None).disk_migrations)
    ours = {app for app, _ in known} | {BEFORE}
    applied = {each for alias in using for each in MigrationRecorder(connections[alias]).applied_migrations()}
    return sorted(f"{app}.{name}" for app, name in applied - known if app in ours)


def foreign(using: str) -> str:
    """Why this program must not use a database, in one Chinese line; empty when it may. Nothing is changed."""
    unknown = unknown_migrations([using])
    if not unknown:
        return ""
    before = any(each.startswith(f"{BEFORE}.") or each.endswith(".0001_initial") for each in unknown)
    where = connections[using].settings_dict["NAME"]
    if before:
        return (
            f"{where} 是表结构合并以前的版本建立的，本版本不能使用，没有改动：请用原来的版本导出登记表，"
            "再让本版本使用新的数据目录或数据库"
        )
    newer = f"{where} 由更新的版本写过（{unknown[0]} 等 {len(unknown)} 项）"
    return f"{newer}，本版本不能使用，没有改动：请用同版或更新的程序"
