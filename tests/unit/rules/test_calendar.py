"""Civil time and the fixed meaning of time words."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.rules import calendar as c

CST = c.CIVIL_ZONE
COMMITMENT = time(10)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text + "+08:00")


@pytest.mark.req("GEN-01")
def test_days_and_deadlines_are_those_of_shanghai() -> None:
    commitment = c.before_clock(date(2024, 3, 1), COMMITMENT)
    early = datetime(2024, 3, 1, 1, 59, 59, tzinfo=UTC)
    assert c.civil(early).time() == time(9, 59, 59)
    assert commitment.met_by(early)
    assert not commitment.met_by(datetime(2024, 3, 1, 2, 0, 0, tzinfo=UTC))
    before, midnight = datetime(2024, 3, 1, 15, 59, 59, tzinfo=UTC), datetime(2024, 3, 1, 16, tzinfo=UTC)
    assert (c.civil_day(before), c.civil_day(midnight)) == (date(2024, 3, 1), date(2024, 3, 2))
    assert before in c.day_of(date(2024, 3, 1))
    assert midnight not in c.day_of(date(2024, 3, 1))
    assert c.week_of(date(2024, 3, 3)) == c.Period(at("2024-02-26T00:00"), at("2024-03-04T00:00"))  # Mon to Sun
    assert c.month_of(date(2024, 2, 9)) == c.Period(at("2024-02-01T00:00"), at("2024-03-01T00:00"))


@pytest.mark.req("GEN-02")
@pytest.mark.parametrize(
    ("deadline", "last_on_time", "first_late"),
    [
        # 10时前
        (c.before_clock(date(2024, 3, 1), COMMITMENT), "2024-03-01T09:59:59.999999", "2024-03-01T10:00:00"),
        # 1小时内 after clearing at 12:00
        (c.within(at("2024-03-01T12:00"), timedelta(hours=1)), "2024-03-01T13:00:00", "2024-03-01T13:00:01"),
        # Tr-17: 2022年11月
        (c.by_end_of_month(2022, 11), "2022-11-30T23:59:59.999999", "2022-12-01T00:00:00"),
        # 届满前3个月, certificate until 2025-05-31
        (c.months_before(date(2025, 5, 31), 3), "2025-02-28T23:59:59", "2025-03-01T00:00:00"),
        # 3月3日前
        (c.by_end_of_day(date(2022, 3, 3)), "2022-03-03T23:59:59", "2022-03-04T00:00:00"),
        # 年底前
        (c.by_end_of_year(2024), "2024-12-31T23:59:59", "2025-01-01T00:00:00"),
        # 每周二下午15点前, week of Friday 1 March 2024
        (c.weekly_before(date(2024, 3, 1), 1, time(15)), "2024-02-27T14:59:59", "2024-02-27T15:00:00"),
    ],
)
def test_time_words_have_one_meaning(deadline: c.Deadline, last_on_time: str, first_late: str) -> None:
    assert deadline.met_by(at(last_on_time))
    assert not deadline.met_by(at(first_late))
    assert deadline.passed(at(first_late))


@pytest.mark.req("GEN-03")
def test_only_reporting_moves_off_a_holiday_and_only_when_set() -> None:
    qingming = {date(2024, 4, 4), date(2024, 4, 5), date(2024, 4, 6)}
    summary, report = date(2024, 4, 4), c.DutyKind.REPORTING
    assert c.shift(summary, c.HolidayShift.NONE, qingming.__contains__, report) == summary
    assert c.shift(summary, c.HolidayShift.PREVIOUS, qingming.__contains__, report) == date(2024, 4, 3)
    assert c.shift(summary, c.HolidayShift.NEXT, qingming.__contains__, report) == date(2024, 4, 7)
    national = {date(2024, 10, day) for day in range(1, 8)}
    for mode in c.HolidayShift:
        day = c.shift(date(2024, 10, 1), mode, national.__contains__, c.DutyKind.COMMITMENT)
        assert c.before_clock(day, COMMITMENT).at == at("2024-10-01T10:00")
        assert c.shift(date(2024, 10, 1), mode, national.__contains__, c.DutyKind.WARNING) == date(2024, 10, 1)


def test_a_holiday_table_without_a_working_day_is_an_error() -> None:
    with pytest.raises(ValueError, match="without a working day"):
        c.shift(date(2024, 1, 1), c.HolidayShift.NEXT, lambda _: True, c.DutyKind.REPORTING)


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        c.civil(datetime(2024, 3, 1, 8, 0))


def test_month_ends_are_clamped() -> None:
    assert c.add_months(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert c.add_months(date(2023, 1, 31), 1) == date(2023, 2, 28)
    assert c.add_months(date(2024, 1, 15), -1) == date(2023, 12, 15)
    assert c.add_months(date(2024, 2, 29), 12) == date(2025, 2, 28)


def test_a_weekday_outside_the_week_is_refused() -> None:
    with pytest.raises(ValueError, match="weekday"):
        c.weekly_before(date(2024, 3, 1), 7, time(15))


def test_quarters_and_years_are_calendar_ones() -> None:
    assert c.quarter_of(date(2024, 5, 5)) == c.Period(at("2024-04-01T00:00"), at("2024-07-01T00:00"))
    assert c.year_of(date(2024, 5, 5)) == c.Period(at("2024-01-01T00:00"), at("2025-01-01T00:00"))
    assert (c.year_of(date(2024, 5, 5)).first_day, c.year_of(date(2024, 5, 5)).last_day) == (
        date(2024, 1, 1), date(2024, 12, 31),
    )  # fmt: skip


@given(st.datetimes(min_value=datetime(1992, 1, 1), max_value=datetime(2090, 1, 1), timezones=st.just(UTC)))
def test_the_fixed_offset_is_what_the_zone_table_says(instant: datetime) -> None:
    assert c.civil(instant).replace(tzinfo=None) == instant.astimezone(ZoneInfo("Asia/Shanghai")).replace(tzinfo=None)


@given(st.dates(min_value=date(1950, 1, 1), max_value=date(2200, 1, 1)), st.integers(-600, 600))
def test_adding_months_lands_in_the_month_meant(day: date, months: int) -> None:
    moved = c.add_months(day, months)
    assert (moved.year * 12 + moved.month) - (day.year * 12 + day.month) == months
    assert moved.day <= day.day


@given(st.dates(min_value=date(1992, 1, 1), max_value=date(2090, 1, 1)))
def test_every_period_holds_its_day_and_joins_the_next(day: date) -> None:
    for period_of in (c.day_of, c.week_of, c.month_of, c.quarter_of, c.year_of):
        period = period_of(day)
        assert c.midnight(day) in period
        assert period_of(period.last_day) == period
        assert period_of(c.civil_day(period.end)).start == period.end
