"""Daily log-in of designated persons, gaps in a 24-hour roster, hand-overs without a word."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from anlan.rules.attendance import Shift, roster_gaps, silent_handovers, without_login
from anlan.rules.calendar import CIVIL_ZONE, Period, day_of

DAY = date(2024, 3, 1)


def at(clock: str, day: int = 1) -> datetime:
    return datetime.fromisoformat(f"2024-03-{day:02d}T{clock}:00").replace(tzinfo=CIVIL_ZONE)


def shift(start: str, end: str, *technicians: str, until_day: int = 1) -> Shift:
    return Shift(Period(at(start), at(end, until_day)), frozenset(technicians))


@pytest.mark.req("ORG-06")
def test_a_day_without_a_designated_person_is_an_item_whoever_else_logged_in() -> None:
    designated = {"甲县": frozenset({"a", "b"}), "丙县": frozenset({"c"}), "丁县": frozenset[str]()}
    logins = [("b", at("08:00")), ("x", at("09:00")), ("c", at("00:00", 2))]
    assert without_login(designated, logins, DAY) == ["丙县", "丁县"]
    assert without_login(designated, [*logins, ("c", at("23:59"))], DAY) == ["丁县"]


@pytest.mark.req("ORG-07")
def test_a_gap_from_two_to_four_is_found_to_the_minute() -> None:
    shifts = [shift("04:00", "16:00", "张"), shift("00:00", "02:00", "李"), shift("15:00", "00:00", "王", until_day=2)]
    assert roster_gaps(shifts, day_of(DAY)) == [Period(at("02:00"), at("04:00"))]


@pytest.mark.req("ORG-07")
def test_a_shift_without_a_technician_covers_nothing_and_an_empty_roster_is_one_gap() -> None:
    whole = shift("00:00", "00:00", until_day=2)
    assert roster_gaps([whole], day_of(DAY)) == roster_gaps([], day_of(DAY)) == [day_of(DAY)]
    assert roster_gaps([shift("00:00", "00:00", "张", until_day=2)], day_of(DAY)) == []


@pytest.mark.req("ORG-07")
def test_a_hand_over_without_an_entry_in_the_log_is_flagged_once_it_is_past() -> None:
    shifts = [shift("00:00", "08:00", "张"), shift("08:00", "16:00", "李"), shift("16:00", "23:00", "王")]
    assert silent_handovers(shifts, [at("07:50")], at("20:00")) == [at("16:00")]
    assert silent_handovers(shifts, [at("08:00"), at("15:00")], at("20:00")) == []
