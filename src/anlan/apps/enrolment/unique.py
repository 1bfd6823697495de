"""What a run that does not write would have kept, held against what is stored: does anything unique meet twice?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.db import models

Claim = tuple[type[models.Model], tuple[str, ...], tuple[Any, ...]]
"""A model, fields that are unique together in it, and their values."""


class Unique:
    """Records that would have been kept, in their order. New ones get keys below zero, which no stored record has."""

    def __init__(self) -> None:
        self._holders: dict[Claim, int] = {}
        self._claims: dict[tuple[type, int], list[Claim]] = {}
        self._records: dict[tuple[type, int], Any] = {}

    def take(self, record: Any) -> bool:
        """Note a record as kept, a new one with its key; False, and nothing noted, when something unique is taken.

        Taken is what another record of this run claims, or a stored one that this run has not changed.
        """
        claims = list(_claims(record))
        if any(self._is_taken(claim, record) for claim in claims):
            return False
        if record.pk is None:
            record.pk = -1 - len(self._records)
        key = (type(record), record.pk)
        for former in self._claims.get(key, ()):
            self._holders.pop(former, None)
        self._holders |= dict.fromkeys(claims, record.pk)
        self._claims[key], self._records[key] = claims, record
        return True

    def beside(self, stored: Iterable[Any], name: str, value: int) -> list[Any]:
        """Stored records and new ones whose field ``name`` has this value, each as this run leaves it."""
        rows = [self._records.get((type(row), row.pk), row) for row in stored]
        known = {id(row) for row in rows}
        rows += [row for row in self._records.values() if hasattr(row, name) and id(row) not in known]
        return [row for row in rows if getattr(row, name) == value]

    def _is_taken(self, claim: Claim, record: Any) -> bool:
        model, names, values = claim
        if self._holders.get(claim, record.pk) != record.pk:
            return True
        stored = model._base_manager.filter(**dict(zip(names, values, strict=True)))
        others = stored.exclude(pk=record.pk) if record.pk is not None else stored
        return any((model, pk) not in self._claims for pk in others.values_list("pk", flat=True))


def _claims(record: Any) -> Iterator[Claim]:
    """Everything about a record that must be unique; what is null meets nothing."""
    meta = type(record)._meta
    alone = [(field.attname,) for field in meta.fields if field.unique and not field.primary_key and field.editable]
    together = [
        tuple(meta.get_field(name).attname for name in constraint.fields)
        for constraint in meta.total_unique_constraints
    ]
    for names in (*alone, *together):
        values = tuple(getattr(record, name) for name in names)
        if None not in values:
            yield type(record), names, values
