"""The list of the house: filters in the address, sort by heading, pages, and the same rows as a workbook.

A page declares one `Listing` (columns, filters, order) as a module constant and asks it for a `Page` per request; the
templates ``components/listing.html`` and its parts draw it. The number of queries never depends on the number of rows
as long as the caller's queryset joins what the columns show. It must never widen what it is given: the queryset comes
scoped from the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import F, QuerySet
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from anlan.components.filters import Bound, Exact, Filter, Text
from anlan.components.wording import Words

Rows = QuerySet[Any]
COUNTED = 10_000
"""A list counts no further; beyond, it says "more than". Keeps a page fast where there are millions of rows."""
PER_PAGE = 50


@dataclass(frozen=True)
class Column:
    """One column: its heading, how the export reads it, and what it sorts by."""

    key: str
    title: Words
    value: Callable[[Any], Any] | None = None
    """From a row to a plain value for the workbook; None leaves the column out of it."""
    sort: tuple[str, ...] = ()
    """Look-up paths in ascending order of this column; empty means it does not sort."""
    descending_first: bool = False
    css: str = ""
    """``num`` for figures."""
    on_page: bool = True
    """False for a column that only the workbook has."""
    fields: Sequence[tuple[Words, Callable[[Any], Any]]] = ()
    """Headings and values that the workbook writes in its place, where the page shows several things in one column."""

    @property
    def written(self) -> list[tuple[str, Callable[[Any], Any]]]:
        """What the workbook writes of it: headings with their values, one field each."""
        if self.fields:
            return [(str(title), value) for title, value in self.fields]
        return [(str(self.title), self.value)] if self.value is not None else []


@dataclass(frozen=True)
class Heading:
    """A column as the page at hand shows it."""

    title: str
    css: str
    url: str
    """Address that sorts by this column, or turns the order round; empty when it does not sort."""
    direction: str
    """``ascending``, ``descending`` or empty (also the value of aria-sort)."""


@dataclass(frozen=True)
class Listing:
    """What a list can show. ``order`` is a sort parameter like ``-raised`` (the key of a column)."""

    columns: Sequence[Column]
    filters: Sequence[Filter] = ()
    order: str = ""
    per_page: int = PER_PAGE

    def read(self, request: HttpRequest, rows: Rows) -> Page:
        """The page that the address asks for. ``rows`` is already scoped and joined; a bad page number is the last."""
        return Page(self, request.path, request.GET, rows)


@dataclass
class Page:
    """One request's view of a list; iterating gives the rows."""

    listing: Listing
    path: str
    query: QueryDict
    everything: Rows
    bound: list[Bound] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bound = [each.read(self.query) for each in self.listing.filters]

    @cached_property
    def matching(self) -> Rows:
        """Every row that passes the filters, in order: what is counted and exported."""
        rows = self.everything
        for each, bound in zip(self.listing.filters, self.bound, strict=True):
            rows = each.apply(rows, bound)
        return self._ordered(rows)

    def _ordered(self, rows: Rows) -> Rows:
        column, descending = self._sorted_by
        if column is None:
            return rows
        order = [F(path.lstrip("-")) for path in column.sort]
        turned = [path.startswith("-") != descending for path in column.sort]
        last = [{"nulls_last": True} if may_be_empty(rows, path.lstrip("-")) else {} for path in column.sort]
        keys: list[Any] = [
            each.desc(**nulls) if down else each.asc(**nulls)
            for each, down, nulls in zip(order, turned, last, strict=True)
        ]
        return rows.order_by(
            *keys, "-pk" if descending else "pk"
        )  # the key makes the order total, so pages never overlap

    @cached_property
    def _sorted_by(self) -> tuple[Column | None, bool]:
        for asked in (self.query.get("sort", ""), self.listing.order):
            found = next((each for each in self.listing.columns if each.sort and each.key == asked.lstrip("-")), None)
            if found:
                return found, asked.startswith("-")
        return None, False

    @cached_property
    def total(self) -> int:
        """How many rows match, at most one more than `COUNTED`."""
        if self._asks_for_words:
            return min(len(self._keys), COUNTED + 1)
        return self.matching.order_by()[: COUNTED + 1].count()

    @property
    def _asks_for_words(self) -> bool:
        pairs = zip(self.listing.filters, self.bound, strict=True)
        return any(isinstance(each, Text) and bound.is_set for each, bound in pairs)

    @cached_property
    def _keys(self) -> list[Any]:
        """The keys of all rows that a page can show, in order. Words are looked for in whole tables: counting and
        showing both go by this one look."""
        last = -(-COUNTED // self.listing.per_page) * self.listing.per_page
        return list(self.matching.values_list("pk", flat=True)[: last + 1])

    @property
    def total_words(self) -> str:
        return _("超过 %(count)d") % {"count": COUNTED} if self.total > COUNTED else str(self.total)

    @property
    def pages(self) -> int:
        return max(1, -(-min(self.total, COUNTED) // self.listing.per_page))

    @cached_property
    def number(self) -> int:
        raw = self.query.get("page", "1")
        return min(max(int(raw), 1), self.pages) if raw.isdecimal() and len(raw) < 7 else 1

    @cached_property
    def rows(self) -> list[Any]:
        start = (self.number - 1) * self.listing.per_page
        found = self._between(start, start + self.listing.per_page)
        for each, bound in zip(self.listing.filters, self.bound, strict=True):
            if found and bound.value and isinstance(each, Exact) and each.name_of:
                bound.label = each.name_of(found[0])
        return found

    def _between(self, start: int, stop: int) -> list[Any]:
        """The rows of a page. Where rows are passed over, or carry columns that are worked out, the database finds the
        keys of the page first, so that it joins and works out nothing for the rows before them."""
        if self._asks_for_words:
            keys = self._keys[start:stop]
        elif not start and not self.matching.query.annotations:
            return list(self.matching[start:stop])
        else:
            keys = list(self.matching.values_list("pk", flat=True)[start:stop])
        found = {row.pk: row for row in self.everything.filter(pk__in=keys).order_by()}
        return [found[key] for key in keys if key in found]

    def __iter__(self) -> Any:
        return iter(self.rows)

    @property
    def first(self) -> int:
        return (self.number - 1) * self.listing.per_page + 1 if self.rows else 0

    @property
    def last(self) -> int:
        return (self.number - 1) * self.listing.per_page + len(self.rows)

    @property
    def headings(self) -> list[Heading]:
        column, descending = self._sorted_by
        found = []
        for each in self.listing.columns:
            if not each.on_page:
                continue
            url, direction = "", ""
            if each.sort:
                down = not descending if each is column else each.descending_first
                url = self.url(sort=f"-{each.key}" if down else each.key, page=None)
                if each is column:
                    direction = "descending" if descending else "ascending"
            found.append(Heading(str(each.title), each.css, url, direction))
        return found

    @property
    def is_filtered(self) -> bool:
        return any(bound.is_set for bound in self.bound)

    @property
    def problems(self) -> list[str]:
        return [f"{bound.title}：{bound.problem}" for bound in self.bound if bound.problem]

    @property
    def sort(self) -> str:
        """The sort parameter in force, for the filter form to carry along."""
        return self.query.get("sort", "")

    @property
    def previous_url(self) -> str:
        return self.url(page=self.number - 1) if self.number > 1 else ""

    @property
    def next_url(self) -> str:
        return self.url(page=self.number + 1) if self.number < self.pages else ""

    @property
    def page_urls(self) -> list[tuple[int, str]]:
        """Numbers around the present one, the first and the last, with addresses; a gap is (0, "")."""
        near = {1, self.pages, *range(max(1, self.number - 2), min(self.pages, self.number + 2) + 1)}
        found: list[tuple[int, str]] = []
        for number in sorted(near):
            if found and number - found[-1][0] > 1:
                found.append((0, ""))
            found.append((number, self.url(page=number)))
        return found

    @property
    def export_url(self) -> str:
        """The same filters and order as a workbook."""
        return self.url(page=None, format="xlsx")

    @property
    def clear_url(self) -> str:
        return self.path

    def without(self, name: str) -> str:
        """This address without one filter."""
        return self.url(**{name: None, "page": None})

    @property
    def wants_workbook(self) -> bool:
        return self.query.get("format") == "xlsx"

    def url(self, **changes: Any) -> str:
        """This address with parameters replaced; None takes one away."""
        query = self.query.copy()
        for key, value in changes.items():
            if value is None:
                query.pop(key, None)
            else:
                query[key] = str(value)
        return f"{self.path}?{query.urlencode()}" if query else self.path

    def filter_words(self) -> Iterable[str]:
        """The filters in force, one line each."""
        return [f"{bound.title}：{bound.words}" for bound in self.bound if bound.is_set]


def may_be_empty(rows: Rows, path: str) -> bool:
    """Whether ``path`` can be null in some row. Asking for nulls last where there are none keeps PostgreSQL from
    using an index for the order."""
    model = rows.model
    for name in path.split("__"):
        try:
            field = model._meta.get_field(name)
        except FieldDoesNotExist:  # a column that the caller's queryset adds
            return True
        if getattr(field, "null", True):
            return True
        model = field.related_model or model
    return False


def cells(page: Page, row: Any, url: str) -> dict[str, Any]:
    """A row as cells for ``statistics/_rows.html``."""
    columns = [column for column in page.listing.columns if column.on_page and column.value]
    values = [(column, column.value(row)) for column in columns if column.value]
    return {
        "url": url,
        "cells": [
            {"column": column, "at": value} if isinstance(value, datetime) else {"column": column, "text": value}
            for column, value in values
        ],
    }
