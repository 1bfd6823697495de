"""What comes again: every day, week, month, quarter or so many days, each time with a stretch and an instant by which.

All are civil (`anlan.rules.calendar`): weeks begin on Monday, an instant is that of the civil clock, and nothing knows
working days. A recurrence says only when; who owes what is said by the duty that carries it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Protocol

from anlan.rules.calendar import at, midnight

END = time()
"""24:00 of the day that is named."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One time around: its ``key`` (``2024-03-01``, ``2024-W09``, ``2024-03``), first and last day, and by when."""

    key: str
    first: date
    last: date
    due_at: datetime


class Recurrence(Protocol):
    """Whatever comes again."""

    def turns(self, first: date, last: date) -> Iterator[Turn]:
        """The turns that begin on one of these days, both included, in order."""
        ...


def _by(day: date, clock: time) -> datetime:
    return midnight(day + timedelta(days=1)) if clock == END else at(day, clock)


@dataclass(frozen=True, slots=True)
class Daily:
    """Every day, by an instant of the same day."""

    by: time = END

    def turns(self, first: date, last: date) -> Iterator[Turn]:
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            yield Turn(day.isoformat(), day, day, _by(day, self.by))


@dataclass(frozen=True, slots=True)
class Weekly:
    """Every week from Monday, by an instant of its ``day`` (0 is Monday)."""

    day: int = 6
    by: time = END

    def turns(self, first: date, last: date) -> Iterator[Turn]:
        monday = first + timedelta(days=-first.weekday() % 7)
        while monday <= last:
            year, week, _ = monday.isocalendar()
            due = _by(monday + timedelta(days=self.day), self.by)
            yield Turn(f"{year}-W{week:02d}", monday, monday + timedelta(days=6), due)
            monday += timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Monthly:
    """Every ``months`` months from January (3: every quarter; ValueError for what does not divide a year), by an
    instant of the ``within``-th day of the turn; 0 is its last day. A month that has no such day means its last."""

    within: int = 0
    by: time = END
    months: int = 1

    def __post_init__(self) -> None:
        if self.months < 1 or 12 % self.months:
            raise ValueError(f"{self.months} months do not divide a year; what lasts longer is a Cycle")

    def turns(self, first: date, last: date) -> Iterator[Turn]:
        year, month = first.year, first.month
        while (begin := date(year, month, 1)) <= last:
            if begin >= first and (month - 1) % self.months == 0:
                end = _first_of(year, month + self.months) - timedelta(days=1)
                day = min(begin + timedelta(days=self.within - 1), end) if self.within else end
                name = f"{year}-{month:02d}" if self.months == 1 else f"{year}-{month:02d}+{self.months}"
                yield Turn(name, begin, end, _by(day, self.by))
            year, month = (year, month + 1) if month < 12 else (year + 1, 1)


@dataclass(frozen=True, slots=True)
class Cycle:
    """Every ``days`` days from ``anchor`` on, by an instant of the ``within``-th day of the turn; 0 is its last."""

    days: int
    anchor: date
    within: int = 0
    by: time = END

    def turns(self, first: date, last: date) -> Iterator[Turn]:
        begin = first + timedelta(days=-(first - self.anchor).days % self.days)
        while begin <= last:
            end = begin + timedelta(days=self.days - 1)
            day = min(begin + timedelta(days=self.within - 1), end) if self.within else end
            yield Turn(begin.isoformat(), begin, end, _by(day, self.by))
            begin += timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class Once:
    """One time: from a day until an instant of another."""

    first: date
    last: date
    by: time = END

    def turns(self, first: date, last: date) -> Iterator[Turn]:
        if first <= self.first <= last:
            yield Turn(self.first.isoformat(), self.first, self.last, _by(self.last, self.by))


def _first_of(year: int, month: int) -> date:
    return date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)
