"""Facts that add up: whole numbers per enterprise and period, the same way for every table.

Adding is exact and in any order, so a county, a city and the whole scope are sums of the same rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import ClassVar, Self


class Facts:
    """Base of a frozen dataclass whose fields are all whole numbers that default to zero."""

    __slots__ = ()
    LARGEST: ClassVar[frozenset[str]] = frozenset()
    """Fields of which a total keeps the largest instead of the sum."""

    def __add__(self, other: Self) -> Self:
        return type(self).total((self, other))

    @classmethod
    def total(cls, facts: Iterable[Self]) -> Self:
        """The sum; of nothing, all zero. Added up by columns: a country has thousands of rows."""
        names = _names(cls)  # type: ignore[arg-type]
        columns = zip(names, zip(*map(attrgetter(*names), facts), strict=True), strict=False)
        return cls(**{name: max(column) if name in cls.LARGEST else sum(column) for name, column in columns})


@cache
def _names(facts: type[Facts]) -> tuple[str, ...]:
    return tuple(each.name for each in fields(facts))  # type: ignore[arg-type]
