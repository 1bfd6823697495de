"""Filters of a list: each reads its own query parameters and narrows the rows. The address is the only state.

A value that a filter does not know is told to the reader (`problem`) and narrows nothing; it is never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BigIntegerField, CharField, F, Func, Lookup, Q, QuerySet, TextField
from django.db.models.lookups import Contains
from django.db.models.sql.compiler import SQLCompiler
from django.http import QueryDict
from django.utils.translation import gettext as _

from anlan import border
from anlan.components.wording import Words
from anlan.rules import calendar

Rows = QuerySet[Any]
Narrow = Callable[[Rows, list[str]], Rows]
if TYPE_CHECKING:
    from django.db.models.sql.compiler import _AsSqlType as _Sql

    _Lookup = Lookup[str]
else:
    _Lookup = Lookup


@dataclass
class Bound:
    """A filter with what the address says: for the template, and as words for the heading of an export."""

    name: str
    title: Words
    kind: str
    """``choice``, ``text``, ``period`` or ``exact``: which field the filter bar draws (``exact``: a chip to remove)."""
    values: list[str] = field(default_factory=list)
    choices: Sequence[tuple[str, str]] = ()
    """Value and words; empty for free text."""
    problem: str = ""
    several: bool = False
    label: str = ""
    """Name of what an ``exact`` filter points at, once a row has told it."""

    @property
    def value(self) -> str:
        return self.values[0] if self.values else ""

    @property
    def until(self) -> str:
        """The second field of a period."""
        return self.values[1] if len(self.values) > 1 else ""

    @property
    def is_set(self) -> bool:
        return any(self.values)

    @property
    def words(self) -> str:
        """What is chosen, in the reader's words."""
        names = dict(self.choices)
        if self.label:
            return self.label
        if self.kind == "period":
            return f"{self.value or '…'} — {self.until or '…'}"
        return "、".join(str(names.get(value, value)) for value in self.values)


@dataclass(frozen=True)
class Choice:
    """One or several of known values (``several`` allows more than one at once)."""

    name: str
    title: Words
    choices: Sequence[tuple[str, Words]] | Callable[[], Sequence[tuple[str, Words]]]
    narrow: Narrow
    several: bool = False

    def read(self, query: QueryDict) -> Bound:
        known = [(value, str(words)) for value, words in (self.choices() if callable(self.choices) else self.choices)]
        asked = [value for value in query.getlist(self.name) if value]
        values = [value for value in asked if value in dict(known)]
        if not self.several:
            values = values[-1:]
        unknown = [value for value in asked if value not in dict(known)]
        problem = _("没有“%(value)s”这一选项，已忽略") % {"value": unknown[0][:40]} if unknown else ""
        return Bound(self.name, self.title, "choice", values, known, problem, self.several)

    def apply(self, rows: Rows, bound: Bound) -> Rows:
        return self.narrow(rows, bound.values) if bound.values else rows


@dataclass(frozen=True)
class Text:
    """Words that must occur in one of the ``fields`` (Django look-up paths)."""

    name: str
    title: Words
    fields: Sequence[str]

    def read(self, query: QueryDict) -> Bound:
        words = query.get(self.name, "").strip()[:60]
        return Bound(self.name, self.title, "text", [words] if words else [])

    def apply(self, rows: Rows, bound: Bound) -> Rows:
        if not bound.value:
            return rows
        found = Q(pk__in=[])
        elsewhere: dict[str, Q] = {}
        for path in self.fields:
            relation, _, name = path.partition("__")
            if name:
                elsewhere[relation] = elsewhere.get(relation, Q(pk__in=[])) | holds(name, bound.value)
            else:
                found |= holds(path, bound.value)
        for relation, asked in elsewhere.items():  # each table is looked through once, and not once a row of the list
            model = rows.model._meta.get_field(relation).related_model
            rows = rows.alias(**{f"key_of_{relation}": _plain(relation)})
            found |= Q(**{f"key_of_{relation}__in": model._base_manager.filter(asked).values("pk")})
        return rows.filter(found)


def _plain(relation: str) -> Func:
    """The key of a related row as a number that no index knows: the database then walks through the rows in the order
    asked for and stops when it has enough. SQLite would first gather and sort all that any of the words finds."""
    return Func(F(f"{relation}_id"), template="+%(expressions)s", output_field=BigIntegerField())


@dataclass(frozen=True)
class Days:
    """From one civil day to another, both inclusive, on the instant ``path`` (parameters ``NAME`` and ``NAME_to``)."""

    name: str
    title: Words
    path: str

    def read(self, query: QueryDict) -> Bound:
        values, problem = [], ""
        for key in (self.name, f"{self.name}_to"):
            raw = query.get(key, "").strip()
            try:
                values.append(border.day(raw).isoformat() if raw else "")
            except ValueError:
                values.append("")
                problem = _("“%(value)s”不是日期（应为 2024-03-01 的样子），已忽略") % {"value": raw[:20]}
        if values[0] and values[1] and values[0] > values[1]:
            problem = _("起始日期晚于截止日期")
        return Bound(self.name, self.title, "period", values if any(values) else [], (), problem)

    def apply(self, rows: Rows, bound: Bound) -> Rows:
        if bound.value:
            rows = rows.filter(**{f"{self.path}__gte": _morning(bound.value)})
        if bound.until:
            rows = rows.filter(**{f"{self.path}__lt": _morning(bound.until) + timedelta(days=1)})
        return rows


@dataclass(frozen=True)
class Exact:
    """One record by its code, as links from other pages give it; shown as a chip that can be taken away.

    ``name_of`` reads the record's name from the first row found, so that no further look-up is needed.
    """

    name: str
    title: Words
    path: str
    name_of: Callable[[Any], str] | None = None

    def read(self, query: QueryDict) -> Bound:
        code = query.get(self.name, "").strip()[:60]
        return Bound(self.name, self.title, "exact", [code] if code else [])

    def apply(self, rows: Rows, bound: Bound) -> Rows:
        return rows.filter(**{self.path: bound.value}) if bound.value else rows


Filter = Choice | Text | Days | Exact


def _morning(day: str) -> datetime:
    return calendar.midnight(border.day(day))


@CharField.register_lookup
@TextField.register_lookup
class AsTheyAre(_Lookup):
    """``contains`` for words without cases. SQLite finds them in half the time when it does not compare patterns."""

    lookup_name = "as_they_are"

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> _Sql:
        return Contains(self.lhs, self.rhs).as_sql(compiler, connection)

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> _Sql:
        field, parameters = self.process_lhs(compiler, connection)
        return f"INSTR({field}, %s) > 0", [*parameters, self.rhs]


def holds(path: str, words: str) -> Q:
    """That ``words`` stand in the field, whatever their case. Words without cases, as Chinese ones, are looked for as
    they are, which is many times quicker."""
    return Q(**{f"{path}__{'icontains' if _has_cases(words) else 'as_they_are'}": words})


def begins(path: str, words: str) -> Q:
    """That the field begins with ``words``, as `holds`."""
    return Q(**{f"{path}__{'istartswith' if _has_cases(words) else 'startswith'}": words})


def _has_cases(words: str) -> bool:
    return words.upper() != words.lower()


def equals(path: str) -> Narrow:
    """Narrowing to rows whose field ``path`` is one of the chosen values."""
    return lambda rows, values: rows.filter(**{f"{path}__in": values})
