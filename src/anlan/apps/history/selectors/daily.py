"""Figures of points by civil day: extremes, mean, count, and the minutes in which a limit was reached.

A minute counts as beyond a limit when its highest (lowest) value reached the limit that held at its beginning; that is
exact however old the day is, since the one-minute roll-ups keep every extreme.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from anlan.apps.history.selectors.stored import Stored, micros, stored
from anlan.apps.registry.models import Point
from anlan.apps.registry.selectors.revisions import Setting, settings_between
from anlan.rules.calendar import civil_day
from anlan.stream.rollup import Minutes, minutes_of
from anlan.stream.trend import samples

LIMITS = ("ll", "l", "h", "hh")


@dataclass(frozen=True)
class DayFigures:
    """One civil day of one point; figures None where nothing usable was measured.

    ``minutes``: minutes with usable samples. ``beyond``: by limit (ll, l, h, hh; those that held some time of the day)
    the minutes in which it was reached.
    """

    day: date
    lowest: float | None = None
    mean: float | None = None
    highest: float | None = None
    last: float | None = None
    count: int = 0
    minutes: int = 0
    beyond: Mapping[str, int] = field(default_factory=dict)


def daily(points: Iterable[Point], start: datetime, end: datetime) -> dict[str, list[DayFigures]]:
    """By code, every civil day of start ≤ t < end in order; both are civil midnights.

    ``points`` with ``gateway`` and ``enterprise`` joined; the caller sees to it that the reader may see them.
    """
    points = list(points)
    settings = settings_between(points, start, end)
    found = minutes_between(points, start, end)
    return {point.code: _days(found[point.code], settings[point.code], start, end) for point in points}


def minutes_between(points: Iterable[Point], start: datetime, end: datetime) -> dict[str, list[Minutes]]:
    """By code, the minutes in which each point measured something between start and end, and a little around.

    As `daily` for ``points`` and their readers.
    """
    t0, t1 = micros(start), micros(end)
    by_gateway: dict[str, list[Point]] = {}
    for point in points:
        by_gateway.setdefault(point.gateway.code, []).append(point)
    answer = {}
    for gateway, mine in by_gateway.items():
        held = stored(gateway, {point.code for point in mine}, t0, t1, by_minute=True)
        for point in mine:
            answer[point.code] = _minutes(held, point)
    return answer


def _minutes(held: Stored, point: Point) -> list[Minutes]:
    parts = [held.minutes[point.code]] if point.code in held.minutes else []
    time, value = samples(held.series.get(point.code, []), round(point.period_s * 1_000_000))
    if len(time):
        parts.append(minutes_of(time, value, np.zeros(len(time), np.uint8)))
    return parts


def _days(parts: Sequence[Minutes], settings: Sequence[Setting], start: datetime, end: datetime) -> list[DayFigures]:
    days = []
    begin = start
    while begin < end:
        until = begin + timedelta(days=1)
        days.append(_day(parts, settings, begin, until))
        begin = until
    return days


def _day(parts: Sequence[Minutes], settings: Sequence[Setting], start: datetime, end: datetime) -> DayFigures:
    t0, t1 = micros(start), micros(end)
    cut = [(part, (part.start_us >= t0) & (part.start_us < t1)) for part in parts]

    def column(name: str) -> NDArray[np.float64]:
        return np.concatenate([getattr(part, name)[inside] for part, inside in cut]) if cut else np.empty(0)

    at, count = column("start_us"), column("count")
    if not len(at):
        return DayFigures(civil_day(start))
    lowest, highest, mean = column("lowest"), column("highest"), column("mean")
    beyond: dict[str, int] = {}
    for number, setting in enumerate(settings):
        since = t0 if setting.since is None else micros(setting.since)
        later = [micros(each.since) for each in settings[number + 1 : number + 2] if each.since]
        own = (at >= since) & (at < (later[0] if later else t1))
        for name in LIMITS:
            limit = setting.values.get(name)
            if limit is not None and own.any():
                reached = lowest[own] <= limit if name in ("ll", "l") else highest[own] >= limit
                beyond[name] = beyond.get(name, 0) + len(np.unique(at[own][reached]))
    low, high = float(lowest.min()), float(highest.max())
    return DayFigures(
        day=civil_day(start),
        lowest=low,
        mean=min(max(float(np.average(mean, weights=count)), low), high),
        highest=high,
        last=float(column("last")[np.argmax(at)]),
        count=int(count.sum()),
        minutes=len(np.unique(at)),
        beyond=beyond,
    )
