"""The table of points: what each measured signal is and when it alarms, as arrays that the kernel can index.

A point keeps its row for as long as the table lives, also while its limits change and after it is removed, so that
state held beside the table stays with it. The table holds no measured value and never decides anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

SECOND_US = 1_000_000
FOREVER_US = np.iinfo(np.int64).max // 4
"""A duration that never ends, small enough that sums of it do not overflow."""


_LARGEST = float(np.finfo(np.float64).max)
# a point without a range still takes finite numbers only


class PointSpec(msgspec.Struct, frozen=True, gc=False):
    """One point as the registry describes it. Limits, range and deadband in `unit`; `None` means no such limit.

    `on_delay_s`: how long a limit must be violated before the alarm is raised; `off_delay_s`: how long the value must
    be back inside (by more than `deadband`) before it is cleared. `flatline_s`: an unchanged value for so long is
    suspect (None: never). `period_s`: expected spacing of samples. `no_data_s`: silence that counts as no data.
    `decimals`: resolution of the instrument, used by history only.
    """

    code: str
    enterprise: str
    gateway: str
    source: str = ""
    unit: str = ""
    range_min: float | None = None
    range_max: float | None = None
    ll: float | None = None
    l: float | None = None  # noqa: E741 - the trade's own name for the low limit
    h: float | None = None
    hh: float | None = None
    deadband: float = 0.0
    on_delay_s: float = 0.0
    off_delay_s: float = 0.0
    flatline_s: float | None = None
    period_s: float = 5.0
    no_data_s: float = 60.0
    decimals: int = 2


@dataclass(frozen=True)
class TableChange:
    """Codes that an update added, changed or removed."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class PointTable:
    """Structure of arrays over all points; row numbers are stable for the life of the table.

    Public arrays, one element a row: `limits` f8[n, 4] in the order LL, L, H, HH (−inf / +inf where there is none),
    `deadband` f8, `range_low`/`range_high` f8, `on_delay_us`, `off_delay_us`, `flatline_us`, `no_data_us` i8,
    `quiet_low`/`quiet_high` f8 (strictly between them no limit is touched), `decimals` i1, `alive` bool.
    `version` grows with every update; whoever sizes arrays by the table compares it.
    """

    def __init__(self, specs: Iterable[PointSpec] = ()) -> None:
        self.specs: list[PointSpec] = []
        self.version = 0
        self._row: dict[str, int] = {}
        self._rows_of: dict[str, NDArray[np.int32]] = {}
        self._number_of: dict[str, int] = {}
        self._home = np.empty(0, np.int32)
        """The number of the gateway that a living point belongs to; -1 for one that was removed."""
        self.limits = np.empty((0, 4))
        self.deadband = np.empty(0)
        self.range_low = np.empty(0)
        self.range_high = np.empty(0)
        self.quiet_low = np.empty(0)
        self.quiet_high = np.empty(0)
        self.on_delay_us = np.empty(0, np.int64)
        self.off_delay_us = np.empty(0, np.int64)
        self.flatline_us = np.empty(0, np.int64)
        self.no_data_us = np.empty(0, np.int64)
        self.decimals = np.empty(0, np.int8)
        self.alive = np.empty(0, np.bool_)
        self.update(specs)

    def __len__(self) -> int:
        """Rows, removed points included."""
        return len(self.specs)

    def row(self, code: str) -> int | None:
        """The row of a living point, None when the table does not hold it."""
        found = self._row.get(code)
        return found if found is not None and self.alive[found] else None

    def rows_of(self, gateway: str) -> NDArray[np.int32]:
        """Rows of the living points of a gateway, in table order."""
        return self._rows_of.get(gateway, _NO_ROWS)

    @property
    def gateways(self) -> list[str]:
        """Gateways with at least one living point."""
        return list(self._rows_of)

    def index(self, gateway: str, codes: Sequence[str]) -> NDArray[np.int32]:
        """Rows of `codes` as sent by `gateway`: int32[len(codes)], -1 for a code that is not a point of it.

        A code that the registry gives to another gateway is unknown here: two gateways never feed one point.
        """
        rows = self._row
        found = np.array([rows.get(code, -1) for code in codes], np.int32)
        if len(self):
            found[self._home[found] != self._number_of.get(gateway, -2)] = -1
        return found

    def update(self, specs: Iterable[PointSpec], enterprises: Collection[str] | None = None) -> TableChange:
        """Make the table hold exactly `specs`: add, change in place, mark the missing ones as removed.

        With `enterprises` only their points are compared, and all others stay as they are. Unchanged points keep
        everything; a removed point that returns takes its old row. Raises ValueError when a code appears twice
        (nothing is changed then).
        """
        listed = list(specs)
        wanted = {spec.code: spec for spec in listed}
        if len(wanted) < len(listed):
            twice, _ = Counter(spec.code for spec in listed).most_common(1)[0]
            raise ValueError(f"point {twice} appears twice")
        alive, added, changed = self.alive.tolist(), [], []
        for code, spec in wanted.items():
            row = self._row.get(code)
            if row is None or not alive[row]:
                added.append(code)
            elif self.specs[row] != spec:
                changed.append(code)
        removed = [code for code in self._codes(enterprises) if code not in wanted]
        fresh = [wanted[code] for code in added if code not in self._row]
        if fresh:
            self._append(fresh)
        self._leave([self._row[code] for code in [*changed, *removed]])
        if added or changed:
            self._write([wanted[code] for code in [*added, *changed]])
        self.version += 1
        return TableChange(tuple(added), tuple(changed), tuple(removed))

    def _codes(self, enterprises: Collection[str] | None) -> list[str]:
        alive = self.alive.tolist()
        if enterprises is None:
            return [spec.code for spec, there in zip(self.specs, alive, strict=True) if there]
        return [s.code for s, there in zip(self.specs, alive, strict=True) if there and s.enterprise in enterprises]

    def _append(self, fresh: list[PointSpec]) -> None:
        first, count = len(self.specs), len(fresh)
        self._row.update(zip((spec.code for spec in fresh), range(first, first + count), strict=True))
        self.specs += fresh
        for name in _COLUMNS:
            old: NDArray[np.generic] = getattr(self, name)
            setattr(self, name, np.concatenate([old, np.zeros((count, *old.shape[1:]), old.dtype)]))

    def _leave(self, rows: list[int]) -> None:
        """Take living rows out of their gateways."""
        self.alive[rows], self._home[rows] = False, -1
        for gateway in {self.specs[row].gateway for row in rows}:
            mine = self._rows_of.pop(gateway)
            if len(mine := mine[self.alive[mine]]):
                self._rows_of[gateway] = mine

    def _write(self, specs: list[PointSpec]) -> None:
        """Bring rows that are in no gateway to what is said of them, and to life."""
        listed = [self._row[spec.code] for spec in specs]
        joining: dict[str, list[int]] = {}
        for row, spec in zip(listed, specs, strict=True):
            self.specs[row] = spec
            joining.setdefault(spec.gateway, []).append(row)
        for gateway, more in joining.items():
            self._rows_of[gateway] = np.sort(np.concatenate([self.rows_of(gateway), np.array(more, np.int32)]))
            self._home[more] = self._number_of.setdefault(gateway, len(self._number_of))
        rows = np.array(listed, np.intp)
        limits = np.empty((len(specs), 4))
        limits[:, 0] = _or(-np.inf, [spec.ll for spec in specs])
        limits[:, 1] = _or(-np.inf, [spec.l for spec in specs])
        limits[:, 2] = _or(np.inf, [spec.h for spec in specs])
        limits[:, 3] = _or(np.inf, [spec.hh for spec in specs])
        self.limits[rows] = limits
        self.quiet_low[rows] = np.maximum(limits[:, 0], limits[:, 1])
        self.quiet_high[rows] = np.minimum(limits[:, 2], limits[:, 3])
        self.deadband[rows] = [spec.deadband for spec in specs]
        self.range_low[rows] = _or(-_LARGEST, [spec.range_min for spec in specs])
        self.range_high[rows] = _or(_LARGEST, [spec.range_max for spec in specs])
        self.on_delay_us[rows] = _micros([spec.on_delay_s for spec in specs])
        self.off_delay_us[rows] = _micros([spec.off_delay_s for spec in specs])
        self.flatline_us[rows] = _micros([spec.flatline_s for spec in specs])
        self.no_data_us[rows] = _micros([spec.no_data_s for spec in specs])
        self.decimals[rows] = [spec.decimals for spec in specs]
        self.alive[rows] = True


def _or(missing: float, values: list[float | None]) -> NDArray[np.float64]:
    numbers = np.array(values, np.float64)  # None becomes NaN
    return np.where(np.isnan(numbers), missing, numbers)


def _micros(seconds: Sequence[float | None]) -> NDArray[np.int64]:
    numbers = np.array(seconds, np.float64) * SECOND_US
    never = np.isnan(numbers)
    return np.where(never, FOREVER_US, np.rint(np.where(never, 0, numbers)).astype(np.int64))


_NO_ROWS = np.empty(0, np.int32)
_COLUMNS = (
    "limits",
    "deadband",
    "range_low",
    "range_high",
    "quiet_low",
    "quiet_high",
    "on_delay_us",
    "off_delay_us",
    "flatline_us",
    "no_data_us",
    "decimals",
    "alive",
    "_home",
)
