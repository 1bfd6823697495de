"""The alarms of a period as columns of whole numbers, read once and counted by enterprise, point and stretch of time.

One look at the alarms answers all that performance asks of them. What is kept is some bytes an alarm, never a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db.models import BigIntegerField, Case, Func, QuerySet, Value, When

from anlan.apps.alarms.models import Alarm
from anlan.apps.org.scope import Scope
from anlan.apps.registry.selectors import equipment
from anlan.rules.alarms import OUTER

TEN_MINUTES_S = 600
_SHIFT = 32
"""Keys of points and numbers of periods stay below two to this, so that two whole numbers make one to sort by."""
PRIORITIES = ("low", "medium", "high")
"""By how many of two things hold: the outer limit, a gas detector; the same as `anlan.rules.alarms.priority_of`."""
Whole = npt.NDArray[np.int64]


class PeriodOf(Func):
    """The number of the stretch of ``seconds`` in which an instant lies, counted from the epoch."""

    output_field = BigIntegerField()

    def __init__(self, instant: str, seconds: int) -> None:
        super().__init__(instant)
        self.extra["seconds"] = seconds

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        # to the second: SQLite would round the last half of a millisecond up, into the next stretch
        template = "(CAST(strftime('%%%%s', substr(%(expressions)s, 1, 19)) AS INTEGER) / %(seconds)s)"
        return self.as_sql(compiler, connection, template=template, **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "CAST(FLOOR(DATE_PART('epoch', %(expressions)s) / %(seconds)s) AS BIGINT)"
        return self.as_sql(compiler, connection, template=template, **context)


@dataclass(frozen=True, slots=True)
class Raised:
    """One entry an alarm in each column."""

    enterprise: Whole
    point: Whole
    ten_minutes: Whole
    """The ten minutes in which it was raised."""
    priority: Whole
    """Place in `PRIORITIES`."""

    def by_enterprise(self) -> dict[int, dict[str, int]]:
        """``alarms`` of each enterprise that has any, and how many of them are of each priority."""
        keys, of = np.unique(self.enterprise, return_inverse=True)
        mixed = np.bincount(of * 3 + self.priority, minlength=3 * len(keys)).reshape(-1, 3)
        columns = zip(keys.tolist(), mixed.sum(axis=1).tolist(), *mixed.T.tolist(), strict=True)
        return {key: dict(zip(("alarms", *PRIORITIES), figures, strict=True)) for key, *figures in columns}

    def periods(self, length: int = 1) -> Counts:
        """How many in each stretch of ``length`` times ten minutes, by enterprise."""
        return Counts.of(self.enterprise, self.ten_minutes // length)

    def points(self) -> Counts:
        """How many of each point, by enterprise."""
        return Counts.of(self.enterprise, self.point)

    def worst_points(self, first: int) -> list[tuple[int, int]]:
        """The points with the most alarms and how many they have; of those with as many the one registered first."""
        keys, number = np.unique(self.point, return_counts=True)
        found = np.argsort(-number, kind="stable")[:first]
        return list(zip(keys[found].tolist(), number[found].tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class Counts:
    """One entry for each point or period of an enterprise that has alarms, in the order of enterprise and of these."""

    enterprise: Whole
    thing: Whole
    number: Whole

    @staticmethod
    def of(enterprise: Whole, thing: Whole) -> Counts:
        both, number = np.unique(enterprise << _SHIFT | thing, return_counts=True)
        return Counts(both >> _SHIFT, both & ((1 << _SHIFT) - 1), number)

    def most(self) -> dict[int, int]:
        """The largest number of each enterprise."""
        keys, first = np.unique(self.enterprise, return_index=True)
        most = np.maximum.reduceat(self.number, first) if len(keys) else self.number
        return dict(zip(keys.tolist(), most.tolist(), strict=True))

    def at_least(self, number: int) -> Counts:
        """Only those with so many alarms."""
        kept = self.number >= number
        return Counts(self.enterprise[kept], self.thing[kept], self.number[kept])

    def things(self) -> dict[int, int]:
        """How many points or periods each enterprise has here."""
        keys, number = np.unique(self.enterprise, return_counts=True)
        return dict(zip(keys.tolist(), number.tolist(), strict=True))

    def of_largest(self, first: int) -> dict[int, int]:
        """The alarms of the ``first`` points or periods of each enterprise that have the most."""
        order = np.lexsort((-self.number, self.enterprise))
        enterprise, number = self.enterprise[order], self.number[order]
        keys, begins = np.unique(enterprise, return_index=True)
        place = np.arange(len(enterprise)) - np.repeat(begins, np.diff([*begins, len(enterprise)]))
        sums = np.add.reduceat(np.where(place < first, number, 0), begins) if len(keys) else number
        return dict(zip(keys.tolist(), sums.tolist(), strict=True))


def read(rows: QuerySet[Alarm], scope: Scope) -> Raised:
    """The columns of these alarms, all of which ``scope`` sees. Two queries, the second for the gas detectors."""
    outer = Case(When(worst__in=sorted(OUTER), then=Value(1)), default=Value(0), output_field=BigIntegerField())
    asked = rows.order_by().annotate(period=PeriodOf("raised_at", TEN_MINUTES_S), outer=outer)
    table = _numbers(asked.values_list("enterprise_id", "point_id", "period", "outer")).reshape(-1, 4)
    enterprise, point, period, is_outer = table.T.copy()
    detectors = _numbers(equipment.gas_points(scope).values_list("pk"))
    return Raised(enterprise, point, period, is_outer + np.isin(point, detectors))


def _numbers(rows: Any) -> Whole:
    """All values of all rows, one after another."""
    return np.fromiter(chain.from_iterable(rows.as_numbers()), np.int64)
