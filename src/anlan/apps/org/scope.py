"""Who may see what: one value, one queryset method, one guard.

A `Scope` says which agencies' subtrees and which enterprises a person may see. Every model that belongs to somebody
has a queryset with ``visible_to(scope)``. While a page is being read the guard is up: a query on such a model that
did not pass through ``visible_to`` raises `Unscoped` instead of answering, so a forgotten filter is an error page in
the first test, never a leak.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Self, TypeVar, cast

from django.core.exceptions import EmptyResultSet
from django.db import connections, models
from django.http import HttpRequest

Found = TypeVar("Found")
Row = TypeVar("Row", bound=models.Model, covariant=True)
AT_ONCE = 20_000
"""So many rows of numbers are fetched at a time."""


@dataclass(frozen=True)
class Scope:
    """What one person may see. The empty scope sees nothing (deny by default)."""

    everything: bool = False
    """A ministry desk, or the machine itself."""
    agency_paths: tuple[str, ...] = ()
    """Materialised paths of agencies; each opens its whole subtree."""
    enterprise_ids: tuple[int, ...] = ()
    """Enterprises opened by themselves: the person's own, a group's subsidiaries."""
    person_id: int | None = None
    """The person behind the log-in, for what is addressed to them alone."""

    @property
    def is_enterprise(self) -> bool:
        """Whether the person looks from inside an enterprise and not from an agency."""
        return bool(self.enterprise_ids) and not self.agency_paths and not self.everything

    def __bool__(self) -> bool:
        return self.everything or bool(self.agency_paths) or bool(self.enterprise_ids)


NOTHING = Scope()
EVERYTHING = Scope(everything=True)


class ScopedRequest(HttpRequest):
    """A request that says what its sender may see, as `anlan.apps.accounts.middleware` leaves it."""

    scope: Scope


class Unscoped(RuntimeError):
    """A page read scoped rows without saying for whom. A programming error, never a user's."""


_guarded: ContextVar[bool] = ContextVar("anlan_scope_guard", default=False)
_page: ContextVar[dict[Any, Any] | None] = ContextVar("anlan_page", default=None)


@contextmanager
def guard(on: bool = True) -> Iterator[None]:
    """Raise on unscoped reads inside the block; ``guard(False)`` lifts it for work that the machine does itself."""
    token = _guarded.set(on)
    page = _page.set({} if on else None)
    try:
        yield
    finally:
        _guarded.reset(token)
        _page.reset(page)


def once_a_page(key: Any, find: Callable[[], Found]) -> Found | None:
    """What ``find`` says, asked once while one page is being read and anew for the next; None outside of pages."""
    known = _page.get()
    if known is None:
        return None
    if key not in known:
        known[key] = find()
    return cast(Found, known[key])


class ScopedQuerySet(models.QuerySet[Row]):
    """A queryset whose rows belong to somebody. Subclasses implement `within`."""

    _scoped = False

    def within(self, scope: Scope) -> Self:
        """The rows that a scope which is neither empty nor everything may see."""
        raise TypeError(f"{type(self).__name__} does not say who may see its rows")

    def visible_to(self, scope: Scope) -> Self:
        """The rows that ``scope`` may see: all for everything, none for the empty scope."""
        if scope.everything:
            seen = self.all()
        elif not scope:
            seen = self.none()
        else:
            seen = self.within(scope)
        seen._scoped = True
        return seen

    def by_the_machine(self) -> Self:
        """The same rows, read for the system's own work: the caller answers for what it shows."""
        same = self.all()
        same._scoped = True
        return same

    def _clone(self) -> Self:
        clone: Self = super()._clone()  # type: ignore[misc]
        clone._scoped = self._scoped
        return clone

    def _check(self) -> None:
        # Rows reached through a parent (`source.points`) were allowed when the parent was.
        if _guarded.get() and not self._scoped and "instance" not in self._hints:  # type: ignore[attr-defined]
            raise Unscoped(f"{self.model.__name__} was read without visible_to()")

    def _fetch_all(self) -> None:
        if self._result_cache is None:
            self._check()
        super()._fetch_all()

    def iterator(self, *args: Any, **kwargs: Any) -> Any:
        self._check()
        return super().iterator(*args, **kwargs)

    def count(self) -> int:
        self._check()
        return super().count()

    def exists(self) -> bool:
        self._check()
        return super().exists()

    def aggregate(self, *args: Any, **kwargs: Any) -> Any:
        self._check()
        return super().aggregate(*args, **kwargs)

    def as_numbers(self) -> Iterator[tuple[int, ...]]:
        """What a ``values_list`` of whole numbers asks for, as the database gives it: where there are very many rows,
        Django's look at every value takes longer than all else."""
        self._check()
        try:
            question, parameters = self.query.sql_with_params()
        except EmptyResultSet:
            return
        with connections[self.db].cursor() as cursor:
            cursor.execute(question, parameters)
            while rows := cursor.fetchmany(AT_ONCE):
                yield from rows
