"""Whole warnings, told line by line; every expected line is worked out by hand from the articles."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.unit.rules.player import Event, Line, Player
from tests.unit.rules.test_routing import IN_PARK, OUTSIDE

from anlan.rules.settings import WarningSettings

FULL = {"result": "已处置", "cause": "阀门内漏", "measures": "更换阀门"}
DEFAULT = WarningSettings()
TEN = WarningSettings(flap_guard=timedelta(minutes=10))
DAY = "2024-03-01"


def at(clock: str, day: str = DAY) -> datetime:
    days, _, hour = clock.rpartition("+")
    return datetime.fromisoformat(f"{day}T{hour}+08:00") + timedelta(days=int(days or 0))


def level(clock: str, value: str, source: str = "s1", day: str = DAY) -> Event:
    return Event(at(clock, day), "level", source, {"level": value})


def play(
    *events: Event, until: str, settings: WarningSettings = DEFAULT, park: bool = False, day: str = DAY
) -> list[Line]:
    ctx = IN_PARK if park else OUTSIDE
    player = Player([ctx, replace(ctx, source="s2")], settings)
    return player.play(list(events), at("08:00", day), at(until, day))


def brief(lines: list[Line], *kinds: str) -> list[str]:
    return [
        f"{line.at.strftime('%H:%M')} {line.kind} {line.level} {','.join(line.to)}"
        for line in lines
        if not kinds or line.kind in kinds
    ]


def test_yellow_for_a_day_brings_24_notices_and_the_site_order() -> None:
    lines = play(level("08:00", "yellow"), until="1+08:00", park=True)
    notices = [line for line in lines if line.kind == "notice"]
    assert [line.step for line in notices] == list(range(1, 25))
    assert {",".join(line.to) for line in notices} == {"e1"}
    assert (notices[0].at, notices[-1].at) == (at("09:00"), at("1+08:00"))
    assert all(line.due == line.at and line.missed == () for line in notices)
    assert brief(lines, "site_order") == ["08:00 site_order yellow zz"]
    assert brief(lines, "informed") == ["08:00 informed yellow bg,zz,丙,乙,甲"]


def test_yellow_downgraded_at_half_past_nine_had_one_notice() -> None:
    lines = play(level("08:00", "yellow"), level("09:30", "blue"), until="1+08:00")
    assert brief(lines) == [
        "08:00 informed yellow zz,丙,乙,甲", "09:00 notice yellow e1", "09:30 downgraded blue zz,丙,乙,甲",
    ]  # fmt: skip


def test_orange_notifies_the_county_and_orders_the_city_after_twelve_hours() -> None:
    lines = play(level("08:00", "orange"), until="20:00", park=True)
    assert brief(lines, "notice") == [f"{hour:02d}:00 notice orange bg,zz" for hour in range(9, 21)]
    assert brief(lines, "site_order") == ["20:00 site_order orange jc"]


def test_red_notifies_the_city_every_half_hour_and_orders_the_province_after_two() -> None:
    lines = play(level("08:00", "red"), until="10:00")
    assert brief(lines) == [
        "08:00 informed red jc,mem,sx,zz,丙,乙,甲",
        "08:30 notice red jc",
        "09:00 notice red jc",
        "09:30 notice red jc",
        "10:00 notice red jc",
        "10:00 site_order red sx",
    ]


def test_blue_runs_nothing_and_owes_nothing() -> None:
    lines = play(level("08:00", "blue"), level("2+08:00", "none"), until="3+08:00")
    assert brief(lines) == ["08:00 informed blue 丙,乙,甲", "08:00 cleared blue 丙,乙,甲"]


def test_red_to_orange_before_the_first_red_notice() -> None:
    lines = play(level("08:00", "red"), level("08:20", "orange"), until="20:20")
    assert brief(lines, "notice")[0] == "09:20 notice orange zz"
    assert not [line for line in lines if line.kind in ("notice", "site_order") and line.level == "red"]
    assert brief(lines, "site_order") == ["20:20 site_order orange jc"]


def test_a_downgrade_stamped_at_the_due_instant_beats_the_notice() -> None:
    lines = play(level("08:00", "yellow"), level("09:00", "blue"), until="10:00")
    assert brief(lines, "notice") == []


def test_yellow_to_red_before_the_first_yellow_notice_keeps_the_yellow_site_order() -> None:
    lines = play(level("08:00", "yellow"), level("08:40", "red"), until="1+08:00")
    assert brief(lines, "informed", "upgraded") == [
        "08:00 informed yellow zz,丙,乙,甲", "08:40 informed red jc,mem,sx", "08:40 upgraded red zz,丙,乙,甲",
    ]  # fmt: skip
    assert brief(lines, "notice")[0] == "09:10 notice red jc"
    assert brief(lines, "site_order") == ["10:40 site_order red sx", "08:00 site_order yellow zz"]


@pytest.mark.parametrize(("settings", "first"), [(TEN, "09:00"), (DEFAULT, "09:55")])
def test_the_flap_guard_on_and_off(settings: WarningSettings, first: str) -> None:
    dip = (level("08:00", "orange"), level("08:50", "yellow"), level("08:55", "orange"))
    assert brief(play(*dip, until="09:55", settings=settings), "notice")[0] == f"{first} notice orange zz"


def test_an_outage_over_three_steps_sends_one_merged_notice_and_keeps_the_grid() -> None:
    outage = Event(at("08:30"), "outage", values={"minutes": 165})
    lines = [line for line in play(level("08:00", "orange"), outage, until="12:00") if line.kind == "notice"]
    assert [(line.at, line.step, line.due) for line in lines] == [
        (at("11:15"), 3, at("11:00")), (at("12:00"), 4, at("12:00")),
    ]  # fmt: skip
    assert lines[0].missed == (at("09:00"), at("10:00"), at("11:00"))
    assert lines[1].missed == ()


def test_an_outage_that_ends_at_a_due_instant_lists_that_step_too() -> None:
    outage = Event(at("08:30"), "outage", values={"minutes": 90})
    [line] = [line for line in play(level("08:00", "orange"), outage, until="10:30") if line.kind == "notice"]
    assert (line.at, line.due, line.step, line.missed) == (at("10:00"), at("10:00"), 2, (at("09:00"), at("10:00")))


def test_an_outage_of_one_step_whose_level_ended_meanwhile_sends_nothing() -> None:
    outage = Event(at("08:50"), "outage", values={"minutes": 30})
    lines = play(level("08:00", "orange"), outage, level("09:10", "yellow"), until="10:10")
    assert brief(lines, "notice") == ["10:10 notice yellow e1"]
    assert brief(lines, "downgraded") == ["09:10 downgraded yellow jc,zz,丙,乙,甲"]  # told at once, clock down or not


def test_an_outage_over_the_site_order_sends_it_on_return() -> None:
    outage = Event(at("09:50"), "outage", values={"minutes": 30})
    lines = play(level("08:00", "red"), outage, until="10:30")
    [order] = [line for line in lines if line.kind == "site_order"]
    assert (order.at, order.due, order.to) == (at("10:20"), at("10:00"), ["sx"])


@pytest.mark.parametrize(("clock", "overdue"), [("13:00:00", False), ("13:00:01", True)])
def test_a_report_at_sixty_minutes_is_on_time_and_a_second_later_is_overdue(clock: str, overdue: bool) -> None:
    report = Event(at(clock), "report", "s1", FULL)
    lines = play(level("08:00", "orange"), level("12:00", "none"), report, until="14:00")
    after = [line.kind for line in lines if line.at >= at("12:00")]
    assert after == ["cleared", "report_due", *(["report_overdue"] if overdue else []), "report"]
    [reported] = [line for line in lines if line.kind == "report"]
    assert reported.to == ["jc", "zz"]
    [due] = [line for line in lines if line.kind == "report_due"]
    assert (due.to, due.due, due.level) == (["e1"], at("13:00"), "orange")


def test_an_incomplete_report_is_refused_and_then_overdue() -> None:
    report = Event(at("12:59"), "report", "s1", FULL | {"cause": ""})
    lines = play(level("08:00", "orange"), level("12:00", "none"), report, until="14:00", park=True)
    assert brief(lines, "refused", "report_overdue") == [
        "12:59 refused orange ", "13:00 report_overdue orange bg,zz",
    ]  # fmt: skip


def test_a_new_operations_holder_is_informed_at_once_and_the_old_one_hears_no_more() -> None:
    change = Event(at("10:30"), "holder", "s1", {"operations": "丁"})
    lines = play(level("08:00", "orange"), change, level("11:00", "none"), until="11:00")
    assert brief(lines, "informed", "cleared") == [
        "08:00 informed orange jc,zz,丙,乙,甲", "10:30 informed orange 丁", "11:00 cleared orange jc,zz,丁,乙,甲",
    ]  # fmt: skip


def test_two_sources_of_one_enterprise_run_their_own_clocks() -> None:
    lines = play(level("08:00", "orange", "s1"), level("08:20", "orange", "s2"), until="09:20")
    assert [(line.source, line.at) for line in lines if line.kind == "notice"] == [
        ("s1", at("09:00")), ("s2", at("09:20")),
    ]  # fmt: skip


def test_clocks_run_over_midnight_and_29_february() -> None:
    lines = play(level("23:40", "red", day="2024-02-28"), until="2+00:10", day="2024-02-28")
    notices = [line.at for line in lines if line.kind == "notice"]
    assert notices[:2] == [at("00:10", "2024-02-29"), at("00:40", "2024-02-29")]
    assert notices[-1] == at("00:10", "2024-03-01")
    assert len(notices) == 49
    assert [line.at for line in lines if line.kind == "site_order"] == [at("01:40", "2024-02-29")]


def test_events_of_one_instant_act_in_the_order_of_the_file() -> None:
    up_down: list[Any] = [level("08:00", "red"), level("08:00", "yellow")]
    lines = play(*up_down, until="09:00")
    assert brief(lines) == [
        "08:00 informed red jc,mem,sx,zz,丙,乙,甲",
        "08:00 downgraded yellow jc,mem,sx,zz,丙,乙,甲",
        "09:00 notice yellow e1",
    ]
