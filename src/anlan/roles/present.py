"""Whether there is an installation at all where a command is run, asked before anything is made there."""

from __future__ import annotations

from pathlib import Path

from anlan.config import Config
from anlan.roles import django

WHERE = "请在装有安澜的数据目录运行，或用 ANLAN_DATA_DIR、ANLAN_DATABASE_URL 指明；新装的先运行 anlan serve"


def absent(config: Config) -> str:
    """Starts Django where the database has its tables; otherwise says in words that nothing is here, and makes nothing.

    Raises Django's `DatabaseError` for a database that does not answer.
    """
    from django.conf import settings

    from anlan.site.databases import from_url

    if not settings.configured:
        known = from_url(config.database_url, config.data_dir / "anlan.sqlite3")
        if known["ENGINE"].endswith("sqlite3") and not Path(known["NAME"]).exists():
            return f"{config.data_dir.resolve()} 里还没有数据：{WHERE}\n"
    django.start()
    from django.db import connections

    if any("django_migrations" not in connections[name].introspection.table_names() for name in connections):
        return f"数据库里还没有数据表：{WHERE}\n"
    return ""
