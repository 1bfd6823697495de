"""The table of points: what each measured signal is and when it alarms, as arrays that the kernel can index.

A point keeps its row for as long as the table lives, also while its limits change and after it is removed, so that
state held beside the table stays with it. The table holds no measured value and never decides anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, groupby
from math import isfinite
from operator import attrgetter

import msgspec
import numpy as np
from numpy.typing import NDArray

SECOND_US = 1_000_000
FOREVER_US = np.iinfo(np.int64).max // 4
"""A duration that never ends, small enough that sums of it do not overflow."""
ALWAYS_US = -(2**61)
"""Since when a setting holds that was never another."""


_LARGEST = float(np.finfo(np.float64).max)
# a point without a range still takes finite numbers only


class PointSpec(msgspec.Struct, frozen=True, gc=False):
    """One point as the registry describes it. Limits, range and deadband in `unit`; `None` means no such limit.

    `on_delay_s`: how long a limit must be violated before the alarm is raised; `off_delay_s`: how long the value must
    be back inside (by more than `deadband`) before it is cleared. `flatline_s`: an unchanged value for so long is
    suspect (None: never). `period_s`: expected spacing of samples. `no_data_s`: silence that counts as no data.
    `decimals`: resolution of the instrument, used by history only. `missing`: numbers by which the control system says
    that it has none, as `signs_in` reads them. `valid_from_us`: the limits and delays hold for samples from this
    instant on (epoch µs; None: for all).
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
    missing: str = ""
    valid_from_us: int | None = None


def signs_in(text: str) -> tuple[float, ...]:
    """The finite numbers of a text like ``-9999;32767``. Raises ValueError."""
    found = tuple(float(word) for word in text.split(";") if word.strip())
    if not all(map(isfinite, found)):
        raise ValueError(f"not finite: {text}")
    return found


@dataclass(frozen=True)
class TableChange:
    """Codes that an update added, changed or removed."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class PointTable:
    """Structure of arrays over all points; row numbers are stable for the life of the table.

    Public arrays, one element a row: `limits` f8[n, 4] in the order LL, L, H, HH (−inf / +inf where there is none),
    `bounds` f8[n, 4] the same as a sample is compared with them: what 32 bits keep of a limit is that limit (1.55 comes
    from many instruments as 1.5499999523162842),
    `deadband` f8, `range_low`/`range_high` f8, `on_delay_us`, `off_delay_us`, `flatline_us`, `no_data_us` i8,
    `quiet_low`/`quiet_high` f8 (strictly between them no limit is touched), `since_us` i8 (from when on all of these
    hold, `ALWAYS_US` where they were never others), `decimals` i1, `alive` bool.
    `version` grows with every update; whoever sizes arrays by the table compares it.
    """

    def __init__(self, specs: Iterable[PointSpec] = ()) -> None:
        self.specs: list[PointSpec] = []
        self.version = 0
        self._row: dict[str, int] = {}
        self._rows_of: dict[str, NDArray[np.int32]] = {}
        self._number_of: dict[str, int] = {}
        self._version_of: dict[str, int] = {}
        self._home = np.empty(0, np.int32)
        """The number of the gateway that a living point belongs to; -1 for one that was removed."""
        self.limits = np.empty((0, 4))
        self.bounds = np.empty((0, 4))
        self.deadband = np.empty(0)
        self.range_low = np.empty(0)
        self.range_high = np.empty(0)
        self.quiet_low = np.empty(0)
        self.quiet_high = np.empty(0)
        self.on_delay_us = np.empty(0, np.int64)
        self.off_delay_us = np.empty(0, np.int64)
        self.flatline_us = np.empty(0, np.int64)
        self.no_data_us = np.empty(0, np.int64)
        self.since_us = np.empty(0, np.int64)
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

    def version_of(self, gateway: str) -> int:
        """Grows with every update that touched a point of the gateway, or took one from it."""
        return self._version_of.get(gateway, 0)

    @property
    def gateways(self) -> list[str]:
        """Gateways with at least one living point."""
        return list(self._rows_of)

    def index(self, gateway: str, codes: Sequence[str]) -> NDArray[np.int32]:
        """Rows of `codes` as sent by `gateway`: int32[len(codes)], -1 for a code that is not a point of it.

        A code that the registry gives to another gateway is unknown here: two gateways never feed one point. The array
        is not the caller's own.
        """
        mine = self.rows_of(gateway)
        if len(mine) == len(codes) and self._codes(mine.tolist()) == codes:
            return mine
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
        rows = [self._row.get(spec.code, -1) for spec in listed]
        fresh = [spec for spec, row in zip(listed, rows, strict=True) if row < 0]
        known = {row: spec for spec, row in zip(listed, rows, strict=True) if row >= 0}
        begin = len(self.specs)
        places = dict(zip([spec.code for spec in fresh], range(begin, begin + len(fresh)), strict=True))
        if len(places) + len(known) < len(listed):
            twice, _ = Counter(spec.code for spec in listed).most_common(1)[0]
            raise ValueError(f"point {twice} appears twice")
        returned = [row for row in known if not self.alive[row]]
        changed = [row for row, spec in known.items() if self.alive[row] and self.specs[row] != spec]
        removed = [row for row in self._rows(enterprises) if row not in known]
        change = TableChange(
            (*places, *self._codes(returned)), tuple(self._codes(changed)), tuple(self._codes(removed))
        )
        self._leave([*changed, *removed])
        for row in (*returned, *changed):
            self.specs[row] = known[row]
        self._append(fresh, places)
        self._write([*places.values(), *returned, *changed])
        self.version += 1
        return change

    def keep_rows(self, specs: Sequence[PointSpec]) -> NDArray[np.int32]:
        """Rows of points, in use or not: one that the table never held gets a row as if it had been removed."""
        fresh = [spec for spec in specs if spec.code not in self._row]
        begin = len(self.specs)
        if fresh:
            self._append(fresh, {spec.code: row for row, spec in enumerate(fresh, begin)})
            self._home[begin:] = -1
            self.decimals[begin:] = [spec.decimals for spec in fresh]
            self.version += 1
        return np.array([self._row[spec.code] for spec in specs], np.int32)

    def not_after(self, now_us: int) -> None:
        """Settings that are to hold only after the present were made while our clock stood ahead: they hold now."""
        np.minimum(self.since_us, now_us, out=self.since_us)

    @contextmanager
    def as_set(self, rows: NDArray[np.int32], specs: Sequence[PointSpec]) -> Iterator[None]:
        """While it lasts, distinct ``rows`` have the limits and delays of ``specs``; nothing else of them changes."""
        kept = [(name, getattr(self, name)[rows]) for name in _RULES]
        self._write_rules(rows, specs)
        try:
            yield
        finally:
            for name, values in kept:
                getattr(self, name)[rows] = values

    def former_of(self, mask: NDArray[np.bool_]) -> dict[str, int]:
        """By gateway the latest `since_us` of its living points in ``mask``; gateways without one are left out."""
        rows = np.flatnonzero(mask & self.alive)
        if not len(rows):
            return {}
        newest = np.full(len(self._number_of), ALWAYS_US)
        np.maximum.at(newest, self._home[rows], self.since_us[rows])
        return {name: int(newest[at]) for name, at in self._number_of.items() if newest[at] > ALWAYS_US}

    def _codes(self, rows: Iterable[int]) -> list[str]:
        return [self.specs[row].code for row in rows]

    def _rows(self, enterprises: Collection[str] | None) -> list[int]:
        """Living rows of all enterprises, or of these."""
        there = np.flatnonzero(self.alive).tolist()
        return there if enterprises is None else [row for row in there if self.specs[row].enterprise in enterprises]

    def _append(self, fresh: list[PointSpec], places: dict[str, int]) -> None:
        self._row.update(places)
        self.specs += fresh
        for name in _COLUMNS:
            old: NDArray[np.generic] = getattr(self, name)
            setattr(self, name, np.concatenate([old, np.zeros((len(fresh), *old.shape[1:]), old.dtype)]))

    def _leave(self, rows: list[int]) -> None:
        """Take living rows out of their gateways."""
        self.alive[rows], self._home[rows] = False, -1
        for gateway in {self.specs[row].gateway for row in rows}:
            self._version_of[gateway] = self.version + 1
            mine = self._rows_of.pop(gateway)
            if len(mine := mine[self.alive[mine]]):
                self._rows_of[gateway] = mine

    def _write(self, listed: list[int]) -> None:
        """Bring rows that are in no gateway to what `specs` says of them, and to life."""
        rows = np.array(listed, np.int32)
        specs = self.specs if len(listed) == len(self.specs) else [self.specs[row] for row in listed]
        begin = 0
        for gateway, stretch in groupby(specs, _gateway):
            mine = rows[begin : (begin := begin + sum(1 for _ in stretch))]
            self._version_of[gateway] = self.version + 1
            self._home[mine] = self._number_of.setdefault(gateway, len(self._number_of))
            self._rows_of[gateway] = np.sort(np.concatenate([self.rows_of(gateway), mine]))
        self._write_rules(rows, specs)
        self.alive[rows] = True

    def _write_rules(self, rows: NDArray[np.int32], specs: Sequence[PointSpec]) -> None:
        # every spec is looked at once: half a million of them are not in any cache
        read = np.fromiter(chain.from_iterable(map(_numbers, specs)), np.float64, len(specs) * _NUMBERS)
        ll, l, h, hh, deadband, low, high, on, off, flat, no_data, decimals, since = read.reshape(-1, _NUMBERS).T  # noqa: E741
        limits = np.stack([_or(-np.inf, ll), _or(-np.inf, l), _or(np.inf, h), _or(np.inf, hh)], axis=1)
        self.limits[rows] = limits
        self.bounds[rows] = bounds = _bounds(limits)
        self.quiet_low[rows] = np.maximum(bounds[:, 0], bounds[:, 1])
        self.quiet_high[rows] = np.minimum(bounds[:, 2], bounds[:, 3])
        self.deadband[rows] = deadband
        self.range_low[rows], self.range_high[rows] = _or(-_LARGEST, low), _or(_LARGEST, high)
        self.on_delay_us[rows], self.off_delay_us[rows] = _micros(on), _micros(off)
        self.flatline_us[rows], self.no_data_us[rows] = _micros(flat), _micros(no_data)
        self.decimals[rows] = decimals
        # 64 bits hold microseconds of this age exactly
        self.since_us[rows] = np.where(np.isnan(since), ALWAYS_US, np.nan_to_num(since)).astype(np.int64)


def _bounds(limits: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(over="ignore"):
        single = limits.astype(np.float32).astype(np.float64)
    # where 32 bits hold no such number (too large, too small) there is nothing to allow for
    near = np.isfinite(limits) & (np.abs(single - np.where(np.isfinite(limits), limits, 0)) <= np.abs(limits) * 2**-23)
    kept = np.where(near, single, limits)
    return np.concatenate([np.maximum(limits[:, :2], kept[:, :2]), np.minimum(limits[:, 2:], kept[:, 2:])], axis=1)


def _or(missing: float, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """NaN stands for None."""
    return np.where(np.isnan(numbers), missing, numbers)


def _micros(seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    never = np.isnan(seconds)
    return np.where(never, FOREVER_US, np.rint(np.where(never, 0, seconds) * SECOND_US).astype(np.int64))


_gateway = attrgetter("gateway")
_numbers = attrgetter(
    "ll", "l", "h", "hh", "deadband", "range_min", "range_max", "on_delay_s", "off_delay_s", "flatline_s", "no_data_s",
    "decimals", "valid_from_us",
)  # fmt: skip
_NUMBERS = 13
_NO_ROWS = np.empty(0, np.int32)
_RULES = (
    "limits",
    "bounds",
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
    "since_us",
)
_COLUMNS = (*_RULES, "alive", "_home")
