"""What every sheet of the register workbook can do: find a record, say what it holds, and put a row into it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from anlan.apps.enrolment.desk import OUT_OF_SCOPE, Desk, Faults
from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import Enterprise
from anlan.rules.loosening import Watched
from anlan.schema import Field

ENTERPRISE = Field("enterprise", "企业编码", "所属企业", "code", required=True, ref="企业")

Values = dict[str, Any]


class Sheet:
    """One sheet. A row is a plain dict by the columns' keys; a record is whatever `current` returns."""

    title: str
    note: str = ""
    """Who may use it, and what to mind; stands in the workbook's explanations."""
    columns: tuple[Field, ...]
    keys: tuple[str, ...] = ("code",)
    """The columns that name a row: two rows with the same are a mistake."""
    watched: Watched | None = None
    """What kind of record these are, when they decide how closely an enterprise is watched."""

    def current(self, values: Values, desk: Desk) -> Any:
        """The record that the row is about; None when it would be new."""
        return desk.find(self.title, values["code"])

    def may(self, values: Values, record: Any, desk: Desk) -> None:
        """Whether the person may register this row at all, also when it changes nothing. Raises `Faults`."""

    def values_of(self, record: Any) -> Values:
        """What the record holds, as a row."""
        return {column.key: self._plain(column, record) for column in self.columns}

    def put(self, values: Values, record: Any, desk: Desk) -> Any:
        """Make the record, or bring it to what the row says; returns it. Raises `Faults`, and has then done nothing.

        Writes only when the desk does; all else is the same.
        """
        raise TypeError(f"{self.title} does not say how a row is kept")

    def everything(self, scope: Scope) -> Iterable[Any]:
        """The records of a scope, for the export."""
        raise TypeError(f"{self.title} does not say what it holds")

    def wrong(self, values: Values, desk: Desk, beside: Collection[str] = ()) -> list[tuple[str, str]]:
        """A fault for every cell that is wrong by itself: a code that names no record, a value that its field refuses.

        Columns ``beside`` are left out: what is wrong with them is known already.
        """
        return [
            (column.key, f"“{column.ref}”中没有 {values[column.key]}")
            for column in self.columns
            if column.ref
            and column.key not in beside
            and values.get(column.key)
            and desk.find(column.ref, values[column.key]) is None
        ]

    def column(self, key: str) -> Field:
        return next(column for column in self.columns if column.key == key)

    @staticmethod
    def _plain(column: Field, record: Any) -> Any:
        found = getattr(record, column.key)
        if column.ref:
            return found.code if found is not None else ""
        return found


class Records(Sheet):
    """A sheet whose rows are the rows of one model with a ``code``; columns with ``ref`` are its foreign keys."""

    model: type[models.Model]

    def put(self, values: Values, record: Any, desk: Desk) -> Any:
        kept = record if record is not None else self.model()
        for key, value in self.resolved(values, desk).items():
            setattr(kept, key, value)
        self.check(kept, values, desk)
        clean(kept)
        desk.keep(kept)
        return kept

    def check(self, record: Any, values: Values, desk: Desk) -> None:
        """What the model itself does not know. Raises `Faults`."""

    def wrong(self, values: Values, desk: Desk, beside: Collection[str] = ()) -> list[tuple[str, str]]:
        faults = super().wrong(values, desk, beside)
        for field in _plain_fields(self.model):
            if field.name in values and field.name not in beside and any(c.key == field.name for c in self.columns):
                try:
                    field.clean(values[field.name], None)
                except ValidationError as error:
                    faults += [(field.name, text) for text in error.messages]
        return faults

    def resolved(self, values: Values, desk: Desk) -> Values:
        """The row with records in place of codes. Raises `Faults` for every code that names none."""
        if faults := self.wrong(values, desk):
            raise Faults(*faults)
        found = dict(values)
        for column in self.columns:
            if column.ref and column.key in values:
                found[column.key] = desk.find(column.ref, values[column.key])
        return found


class RecordsOfEnterprise(Records):
    """Records of one enterprise, named by the column ``enterprise``."""

    def may(self, values: Values, record: Any, desk: Desk) -> None:
        enterprise = enterprise_of(values, desk)
        if record is not None and record.enterprise_id != enterprise.pk:
            raise Faults(("code", "已登记在别的企业"))
        for key in ("source", "device", "gateway"):
            if values.get(key):
                other = desk.find(self.column(key).ref, values[key])
                if other is not None and other.enterprise_id != enterprise.pk:
                    raise Faults((key, f"{values[key]} 不属于企业 {enterprise.code}"))


def enterprise_of(values: Values, desk: Desk) -> Enterprise:
    """The enterprise that the row names, when the person may register there. Raises `Faults`."""
    found = desk.find("企业", values["enterprise"])
    if found is None or not covers_enterprise(desk, found):
        raise Faults(("enterprise", f"没有企业 {values['enterprise']}，或它{OUT_OF_SCOPE}"))
    enterprise: Enterprise = found
    return enterprise


def covers_enterprise(desk: Desk, enterprise: Enterprise) -> bool:
    """Whether the person may register for this enterprise: its own administrator, or one above it."""
    if desk.scope.everything or (enterprise.pk is not None and enterprise.pk in desk.scope.enterprise_ids):
        return True
    return covered_from_above(desk, enterprise)


def covered_from_above(desk: Desk, enterprise: Enterprise) -> bool:
    """Whether an agency that the person administers stands above this enterprise."""
    park = enterprise.park.agency if enterprise.park is not None else None
    above = (enterprise.supervisor, enterprise.county, enterprise.town, park)
    return any(agency is not None and desk.covers_agency(agency) for agency in above)


def clean(record: models.Model) -> None:
    """Everything that the fields themselves refuse, as `Faults`; what is taken already the database says."""
    judged = {field.name for field in _plain_fields(type(record))}
    left_out = [field.name for field in record._meta.fields if field.name not in judged]
    try:
        record.full_clean(exclude=left_out, validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        raise Faults(*((_key(name), text) for name, texts in error.message_dict.items() for text in texts)) from error


def _plain_fields(model: type[models.Model]) -> list[Any]:
    """The fields that people fill in by a value: no references, no lists."""
    fields = model._meta.fields
    return [
        each for each in fields if each.editable and not each.is_relation and not isinstance(each, models.JSONField)
    ]


def _key(name: str) -> str:
    return "" if name == "__all__" else name
