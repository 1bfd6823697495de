"""The table of points: what each measured signal is and when it alarms, as arrays that the kernel can index.

A point keeps its row for as long as the table lives, also while its limits change and after it is removed, so that
state held beside the table stays with it. The table holds no measured value and never decides anything.
"""

from __future__ import annotations

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


class PointSpec(msgspec.Struct, frozen=True, kw_only=True, gc=False):
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
        specs, rows = self.specs, self._row
        found = np.full(len(codes), -1, np.int32)
        for position, code in enumerate(codes):
            row = rows.get(code)
            if row is not None and self.alive[row] and specs[row].gateway == gateway:
                found[position] = row
        return found

    def update(self, specs: Iterable[PointSpec], enterprises: Collection[str] | None = None) -> TableChange:
        """Make the table hold exactly `specs`: add, change in place, mark the missing ones as removed.

        With `enterprises` only their points are compared, and all others stay as they are. Unchanged points keep
        everything; a removed point that returns takes its old row. Raises ValueError when a code appears twice
        (nothing is changed then).
        """
        wanted: dict[str, PointSpec] = {}
        for spec in specs:
            if wanted.setdefault(spec.code, spec) is not spec:
                raise ValueError(f"point {spec.code} appears twice")
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
        if added or changed:
            self._write([wanted[code] for code in [*added, *changed]])
        for code in removed:
            self.alive[self._row[code]] = False
        self._rows_of = _group([spec if alive else None for spec, alive in zip(self.specs, self.alive, strict=True)])
        self.version += 1
        return TableChange(tuple(added), tuple(changed), tuple(removed))

    def _codes(self, enterprises: Collection[str] | None) -> list[str]:
        alive = self.alive.tolist()
        if enterprises is None:
            return [spec.code for spec, there in zip(self.specs, alive, strict=True) if there]
        return [s.code for s, there in zip(self.specs, alive, strict=True) if there and s.enterprise in enterprises]

    def _append(self, fresh: list[PointSpec]) -> None:
        for spec in fresh:
            self._row[spec.code] = len(self.specs)
            self.specs.append(spec)
        count = len(fresh)
        for name in _COLUMNS:
            old: NDArray[np.generic] = getattr(self, name)
            setattr(self, name, np.concatenate([old, np.zeros((count, *old.shape[1:]), old.dtype)]))

    def _write(self, specs: list[PointSpec]) -> None:
        rows = np.array([self._row[spec.code] for spec in specs], np.intp)
        for row, spec in zip(rows.tolist(), specs, strict=True):
            self.specs[row] = spec
        limits = np.empty((len(specs), 4))
        limits[:, 0] = _or(-np.inf, [spec.ll for spec in specs])
        limits[:, 1] = _or(-np.inf, [spec.l for spec in specs])
        limits[:, 2] = _or(np.inf, [spec.h for spec in specs])
        limits[:, 3] = _or(np.inf, [spec.hh for spec in specs])
        self.limits[rows] = limits
        self.quiet_low[rows] = limits[:, :2].max(axis=1)
        self.quiet_high[rows] = limits[:, 2:].min(axis=1)
        self.deadband[rows] = [spec.deadband for spec in specs]
        self.range_low[rows] = _or(-_LARGEST, [spec.range_min for spec in specs])
        self.range_high[rows] = _or(_LARGEST, [spec.range_max for spec in specs])
        self.on_delay_us[rows] = _micros([spec.on_delay_s for spec in specs])
        self.off_delay_us[rows] = _micros([spec.off_delay_s for spec in specs])
        flat = _micros([spec.flatline_s or 0.0 for spec in specs])
        self.flatline_us[rows] = np.where([spec.flatline_s is None for spec in specs], FOREVER_US, flat)
        self.no_data_us[rows] = _micros([spec.no_data_s for spec in specs])
        self.decimals[rows] = [spec.decimals for spec in specs]
        self.alive[rows] = True


def _or(missing: float, values: list[float | None]) -> NDArray[np.float64]:
    return np.array([missing if value is None else value for value in values], np.float64)


def _micros(seconds: list[float]) -> NDArray[np.int64]:
    return np.rint(np.array(seconds, np.float64) * SECOND_US).astype(np.int64)


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
)


def _group(specs: list[PointSpec | None]) -> dict[str, NDArray[np.int32]]:
    rows: dict[str, list[int]] = {}
    for row, spec in enumerate(specs):
        if spec is not None:
            rows.setdefault(spec.gateway, []).append(row)
    return {gateway: np.array(found, np.int32) for gateway, found in rows.items()}
