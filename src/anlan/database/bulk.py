"""Writes many rows at once: what ``bulk_create`` and ``bulk_update`` do, for the paths where thousands are written.

Both prepare every value of every row one by one and send long lists of placeholders. Here a table is filled by one
prepared statement run for each row (SQLite) or by COPY (PostgreSQL), and changed by one statement per row or by one
statement with arrays. No signals, no field's own preparation beyond instants and JSON, all fields of a row are written.
Call inside the transaction of the decision; an integrity error undoes it, as with any other statement.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, TypeVar

from django.db import connections, models, router, transaction
from django.db.models.base import ModelState
from django.db.models.fields import NOT_PROVIDED

Row = TypeVar("Row", bound=models.Model)
FEW = 10
"""Up to so many rows Django's own way is as good."""
_JSON = json.JSONEncoder(ensure_ascii=False)


def fresh(model: type[Row], **values: Any) -> Row:
    """A new, unsaved row made without the model's constructor, which costs more than all else that is done to it.

    ``values`` are those of columns (``enterprise_id``, not ``enterprise``); the others have their defaults. No signals.
    Raises TypeError for a name that is no column.
    """
    plain, made, names = _defaults(model)
    if not names.issuperset(values):
        raise TypeError(f"{model.__name__} has no column {', '.join(sorted(values.keys() - names))}")
    row = model.__new__(model)
    row._state = ModelState()
    row.__dict__.update(plain)
    row.__dict__.update(values)
    for name, default in made:
        if name not in values:
            row.__dict__[name] = default()
    return row


@lru_cache(maxsize=64)
def _defaults(model: type[models.Model]) -> tuple[dict[str, Any], list[tuple[str, Callable[[], Any]]], frozenset[str]]:
    """Defaults that are values, defaults that are made anew for each row, and the names of all columns."""
    fields = model._meta.concrete_fields
    made = [(field.attname, field.default) for field in fields if callable(field.default)]
    made = [(name, default) for name, default in made if default is not NOT_PROVIDED]
    plain = {field.attname: field.get_default() for field in fields}
    return (
        {name: value for name, value in plain.items() if name not in dict(made)},
        made,
        frozenset(field.attname for field in fields),
    )


def insert(rows: Sequence[models.Model], *, keys: bool = False) -> None:
    """Insert new rows, all of one model. ``keys`` also gives each its primary key, for rows that others refer to.

    Without ``keys`` the database numbers them, and the objects may stay without a key; a model whose keys the database
    does not number brings its own. A few rows take Django's way, which is one statement.
    """
    if not rows:
        return
    model = type(rows[0])
    if len(rows) <= FEW:
        model._base_manager.bulk_create(rows)
        return
    connection = connections[router.db_for_write(model)]
    numbered = isinstance(model._meta.pk, models.AutoField)
    if keys and numbered:
        with _whole(connection):
            for row, key in zip(rows, _reserve(connection, model, len(rows)), strict=True):
                row.pk = key
    fields = [field for field in model._meta.concrete_fields if keys or not numbered or not field.primary_key]
    quote = connection.ops.quote_name
    table, names = quote(model._meta.db_table), ", ".join(quote(field.column) for field in fields)
    values = _prepared(connection.vendor, fields, map(attrgetter(*(field.attname for field in fields)), rows))
    with _whole(connection), connection.cursor() as cursor, connection.wrap_database_errors:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for value in values:
                    copy.write_row(value)
        else:
            places = ", ".join(["%s"] * len(fields))
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", values)


def update(model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> int:
    """Set ``columns`` of many rows: each of ``rows`` is a primary key and the new values. Returns how many there were.

    A key must not come twice; one that does not exist is not counted.
    """
    if not rows:
        return 0
    connection = connections[router.db_for_write(model)]
    key = model._meta.pk
    assert key is not None
    fields = [key, *(_column_of(model, name) for name in columns)]
    quote = connection.ops.quote_name
    table, names = quote(model._meta.db_table), [quote(field.column) for field in fields]
    values = _prepared(connection.vendor, fields, rows)
    with _whole(connection), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            arrays = _arrays(connection, fields)
            changes = ", ".join(f"{name} = given.{name}" for name in names[1:])
            cursor.execute(
                f"UPDATE {table} SET {changes} FROM unnest({arrays}) AS given ({', '.join(names)}) "
                f"WHERE {table}.{names[0]} = given.{names[0]}",
                [list(column) for column in zip(*values, strict=True)],
            )
        else:
            changes = ", ".join(f"{name} = %s" for name in names[1:])
            statement = f"UPDATE {table} SET {changes} WHERE {names[0]} = %s"
            cursor.executemany(statement, [(*value[1:], value[0]) for value in values])
        changed: int = cursor.rowcount
    return changed


def upsert(rows: Sequence[models.Model], key: str, columns: Sequence[str]) -> None:
    """Insert rows, all of one model; where one with the same ``key`` (a unique column) stands, set its ``columns``.

    Names are those of columns (``gateway_id``). The key must not come twice. Objects stay without a key of their own.
    """
    if not rows:
        return
    model = type(rows[0])
    connection = connections[router.db_for_write(model)]
    fields = [f for f in model._meta.concrete_fields if not isinstance(f, models.AutoField)]
    of_key = next(field for field in fields if field.attname == key)
    changed = [field.column for field in fields if field.attname in columns]
    quote = connection.ops.quote_name
    table, names = quote(model._meta.db_table), ", ".join(quote(field.column) for field in fields)
    values = _prepared(connection.vendor, fields, map(attrgetter(*(field.attname for field in fields)), rows))
    then = ", ".join(f"{quote(column)} = excluded.{quote(column)}" for column in changed)
    conflict = f"ON CONFLICT ({quote(of_key.column)}) DO UPDATE SET {then}"
    with _whole(connection), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            arrays = _arrays(connection, fields)
            cursor.execute(
                f"INSERT INTO {table} ({names}) SELECT * FROM unnest({arrays}) {conflict}",
                [list(column) for column in zip(*values, strict=True)],
            )
        else:
            places = ", ".join(["%s"] * len(fields))
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({places}) {conflict}", values)


def _column_of(model: type[models.Model], name: str) -> models.Field[Any, Any]:
    """The column of a field. Raises ValueError for a name that has none, as the other end of a relation."""
    field = model._meta.get_field(name)
    if not isinstance(field, models.Field) or field.column is None:
        raise ValueError(f"{model.__name__}.{name} is no column")
    return field


def _arrays(connection: Any, fields: Sequence[models.Field[Any, Any]]) -> str:
    """A place for each column as an array of its type."""
    types = [field.cast_db_type(connection) for field in fields]  # type: ignore[attr-defined]  # the stubs lack it
    return ", ".join(f"%s::{each}[]" for each in types)


def _whole(connection: Any) -> Any:
    """All rows or none, also for who calls outside a transaction."""
    return transaction.atomic(using=connection.alias, savepoint=False)


def _reserve(connection: Any, model: type[models.Model], count: int) -> range | list[int]:
    """Primary keys that nobody else gets, also when the transaction is undone."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
                [connection.ops.quote_name(table), model._meta.pk.column, count],
            )
            return [key for (key,) in cursor.fetchall()]
        cursor.execute("UPDATE sqlite_sequence SET seq = seq + %s WHERE name = %s", [count, table])
        if cursor.rowcount == 0:  # nothing was ever inserted
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, count])
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        last: int = cursor.fetchone()[0]
        return range(last - count + 1, last + 1)


def _prepared(vendor: str, fields: Sequence[Any], rows: Any) -> list[Sequence[Any]]:
    """The rows with instants and JSON as the database takes them."""
    changes: list[tuple[int, Callable[[Any], Any]]] = []
    for place, field in enumerate(fields):
        if isinstance(field, models.JSONField):
            changes.append((place, _JSON.encode))
        elif isinstance(field, models.DateTimeField) and vendor != "postgresql":
            changes.append((place, _text_of))
    if not changes:
        return list(rows)
    prepared: list[Sequence[Any]] = []
    for row in rows:
        values = list(row)
        for place, change in changes:
            if values[place] is not None:
                values[place] = change(values[place])
        prepared.append(values)
    return prepared


@lru_cache(maxsize=4096)
def _text_of(instant: datetime) -> str:
    """As Django writes instants into SQLite: UTC without a zone. Many rows of a batch share theirs."""
    return str(instant.astimezone(UTC).replace(tzinfo=None))
