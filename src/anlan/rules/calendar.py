"""Civil time: what the time words of the notices mean (GEN-01, GEN-02, GEN-03).

Days, weeks, months and deadlines are those of Asia/Shanghai; instants come in and go out zone-aware. Nothing here
reads a clock, and nothing here knows working days: the notices speak of none, so every deadline runs through nights,
week-ends and holidays. The zone is a fixed +08:00 (no summer time since 1991), so that no machine needs a zone table.
"""

from __future__ import annotations

import calendar as gregorian
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from enum import StrEnum

CIVIL_ZONE = timezone(timedelta(hours=8), "Asia/Shanghai")
"""The one civil zone."""


def civil(instant: datetime) -> datetime:
    """The instant on the civil clock. A naive instant raises `ValueError`: its zone would be a guess."""
    if instant.tzinfo is None or instant.utcoffset() is None:
        raise ValueError("an instant must carry its zone")
    return instant.astimezone(CIVIL_ZONE)


def civil_day(instant: datetime) -> date:
    """The civil day the instant falls on; the day turns at 16:00Z."""
    return civil(instant).date()


def at(day: date, clock: time) -> datetime:
    """The instant at which the civil clock shows `clock` on `day`."""
    return datetime.combine(day, clock, CIVIL_ZONE)


def midnight(day: date) -> datetime:
    """00:00 of the day, which is 24:00 of the day before."""
    return at(day, time())


@dataclass(frozen=True, slots=True)
class Period:
    """Half-open stretch of time [start, end): the end belongs to the next period."""

    start: datetime
    end: datetime

    def __contains__(self, instant: datetime) -> bool:
        return self.start <= instant < self.end

    @property
    def first_day(self) -> date:
        return civil_day(self.start)

    @property
    def last_day(self) -> date:
        return civil_day(self.end - timedelta(microseconds=1))


def day_of(day: date) -> Period:
    """The civil day as a period."""
    return Period(midnight(day), midnight(day + timedelta(days=1)))


def week_of(day: date) -> Period:
    """The week, Monday to Sunday, that holds the day."""
    monday = day - timedelta(days=day.weekday())
    return Period(midnight(monday), midnight(monday + timedelta(days=7)))


def month_of(day: date) -> Period:
    """The calendar month that holds the day."""
    first = day.replace(day=1)
    return Period(midnight(first), midnight(add_months(first, 1)))


def quarter_of(day: date) -> Period:
    """The calendar quarter that holds the day."""
    first = date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)
    return Period(midnight(first), midnight(add_months(first, 3)))


def year_of(day: date) -> Period:
    """The calendar year that holds the day."""
    return Period(midnight(date(day.year, 1, 1)), midnight(date(day.year + 1, 1, 1)))


def add_months(day: date, months: int) -> date:
    """The same day of the month, `months` later (earlier when negative), clamped to that month's last day."""
    year, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month0 + 1, min(day.day, gregorian.monthrange(year, month0 + 1)[1]))


@dataclass(frozen=True, slots=True)
class Deadline:
    """An instant until which something is on time.

    `inclusive` says whether that very instant still is (N小时内, up to and including t0+N) or is already late (X时前,
    strictly before). The end of a day is its 24:00, exclusive.
    """

    at: datetime
    inclusive: bool

    def met_by(self, instant: datetime) -> bool:
        """Whether something done at the instant is on time."""
        return instant <= self.at if self.inclusive else instant < self.at

    def passed(self, now: datetime) -> bool:
        """Whether something not done by now can only be late."""
        return not self.met_by(now)


def before_clock(day: date, clock: time) -> Deadline:
    """X时前: strictly before that time of the day (10:00:00 itself is late)."""
    return Deadline(at(day, clock), inclusive=False)


def within(start: datetime, length: timedelta) -> Deadline:
    """N小时内 / N分钟内: up to and including start + N, by day and night alike.

    [reading] No article says whether the last instant counts, nor that nights and holidays do (GEN-02, GEN-03).
    """
    return Deadline(civil(start) + length, inclusive=True)


def by_end_of_day(day: date) -> Deadline:
    """D日前: to the end (24:00) of that day."""
    return Deadline(day_of(day).end, inclusive=False)


def by_end_of_month(year: int, month: int) -> Deadline:
    """N月底前, and the bare month of a task table (2022年11月): to the last day's 24:00."""
    return Deadline(month_of(date(year, month, 1)).end, inclusive=False)


def by_end_of_year(year: int) -> Deadline:
    """年底前: to 31 December 24:00."""
    return Deadline(year_of(date(year, 1, 1)).end, inclusive=False)


def weekly_before(week_day: date, weekday: int, clock: time) -> Deadline:
    """每周X N点前: strictly before that time on that weekday (0 = Monday) of the week that holds `week_day`."""
    if not 0 <= weekday <= 6:
        raise ValueError("a weekday is 0 (Monday) to 6 (Sunday)")
    return before_clock(week_of(week_day).first_day + timedelta(days=weekday), clock)


def months_before(expiry: date, months: int) -> Deadline:
    """届满前N个月: at the latest on the day N calendar months before expiry, clamped to the end of a short month."""
    return by_end_of_day(add_months(expiry, -months))


class HolidayShift(StrEnum):
    """Local setting: what happens to a reporting day that falls on a rest day (GEN-03)."""

    NONE = "none"
    PREVIOUS = "previous"
    NEXT = "next"


class DutyKind(StrEnum):
    """What a due day is for; only reporting may move."""

    REPORTING = "reporting"
    COMMITMENT = "commitment"
    WARNING = "warning"


def shift(due_day: date, mode: HolidayShift, is_rest_day: Callable[[date], bool], duty: DutyKind) -> date:
    """The day on which a duty of that kind is really due (GEN-03).

    `is_rest_day` is the holiday table, which is not law and comes from outside. Warnings and commitments never move.
    """
    if duty is not DutyKind.REPORTING or mode is HolidayShift.NONE:
        return due_day
    step = timedelta(days=-1 if mode is HolidayShift.PREVIOUS else 1)
    day = due_day
    for _ in range(366):
        if not is_rest_day(day):
            return day
        day += step
    raise ValueError("the holiday table has a year without a working day")
