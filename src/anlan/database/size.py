"""What the tables of a database take on disk, asked of the database itself."""

from __future__ import annotations

from django.db import connections


def bytes_on_disk(alias: str, prefix: str = "") -> int:
    """Bytes of the tables whose names begin with ``prefix``, with indexes and large values. Cheap.

    SQLite does not tell its tables apart: the whole file, with pages that are free.
    """
    connection = connections[alias]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            names = [table for table in connection.introspection.table_names(cursor) if table.startswith(prefix)]
            sizes = "SELECT coalesce(sum(pg_total_relation_size(name::regclass)), 0) FROM unnest(%s::text[]) AS name"
            cursor.execute(sizes, [names])
        else:
            cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        return int(cursor.fetchone()[0])
