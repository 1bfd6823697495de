"""Whether there is an installation at all where a command is run, asked before anything is made there."""

from __future__ import annotations

from pathlib import Path

from anlan.config import Config
from anlan.process import django

WHERE = "请在装有安澜的数据目录运行，或用 ANLAN_DATA_DIR、ANLAN_DATABASE_URL 指明；新装的先运行 anlan serve"


def absent(config: Config, *, history: bool = True) -> str:
    """Starts Django where the database has its tables; otherwise says in words that nothing is here, and makes nothing.

    ``history`` False leaves the history database unasked. Raises Django's `DatabaseError` for a database that does not
    answer.
    """
    from django.conf import settings

    from anlan.database.addresses import from_url

    if not settings.configured:
        records = from_url(config.database_url, config.data_dir / "anlan.sqlite3")
        if records["ENGINE"].endswith("sqlite3") and not Path(records["NAME"]).exists():
            return f"{config.data_dir.resolve()} 里还没有数据：{WHERE}\n"
    django.start()
    from django.db import DEFAULT_DB_ALIAS, connections

    from anlan.database.addresses import HISTORY
    from anlan.process import versions

    known = {DEFAULT_DB_ALIAS: "journal_entry"} | ({HISTORY: "history_block"} if history else {})
    if any(table not in connections[name].introspection.table_names() for name, table in known.items()):
        return f"数据库里还没有数据表：{WHERE}\n"
    return next((f"{words}\n" for name in known if (words := versions.foreign(name))), "")
