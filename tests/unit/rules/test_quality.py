"""What the register and the data of a plant are held against, row by row of the quality regulation."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from anlan.rules import quality
from anlan.rules.quality import CHECKS, Device, Fault, Minute, Plant, Point, Property, look, same_everywhere, suspect

TANK = Device("D1", "甲类罐区 T-101 苯储罐", True, "苯", "液态", "罐区东北角", "S1")
LEVEL = Point("P1", "LT-101", "液位", "m", "D1", 0, 20, l=1, h=16, hh=18, source="S1")
PLANT = Plant("E1", {"S1": "甲类罐区"}, [TANK], [LEVEL], frozenset({"S1"}), True)


def keys(plant: Plant) -> list[str]:
    return [fault.check.key for fault in look(plant)]


def device(**values: Any) -> Plant:
    return replace(PLANT, devices=[replace(TANK, **values)])


def point(**values: Any) -> Plant:
    return replace(PLANT, points=[replace(LEVEL, **values)])


def minutes(values: Sequence[float], count: int = 12) -> list[Minute]:
    return [Minute(number, value, value, value, count) for number, value in enumerate(values)]


def suspected(values: Sequence[float], **more: Any) -> dict[str, str]:
    found = suspect(LEVEL, minutes(values), frozen_samples=240, **more)
    return {fault.check.key: fault.text for fault in found}


def test_what_is_in_order_is_not_found() -> None:
    assert look(PLANT) == []


@pytest.mark.parametrize(
    ("plant", "found"),
    [
        (device(name="储罐"), ["q_name"]),
        (device(name="罐 区"), ["q_name"]),
        (device(place=" "), ["q_place"]),
        (device(medium=""), ["q_medium"]),
        (device(state=""), ["q_medium"]),
        (replace(PLANT, devices=[TANK, replace(TANK, code="D2")]), ["q_same_name"]),
        (replace(PLANT, devices=[TANK, replace(TANK, code="D2", name="甲类罐区t101 苯储罐")]), ["q_same_name"]),
        (replace(PLANT, devices=[TANK, Device("G1", "苯泵房 1# 探头", False)]), []),
        (point(unit=""), ["q_unit"]),
        (point(l=None, h=None, hh=None), ["q_no_limit"]),
        (point(l=16, h=16), ["q_limits"]),
        (point(ll=1, l=1), ["q_limits"]),
        (point(h=18.5), ["q_limits"]),
        (point(ll=17, l=None), ["q_limits"]),
        (point(hh=20.5), ["q_range"]),
        (point(l=-1), ["q_range"]),
        (point(hh=20, l=0), []),
        (point(hh=9999), ["q_placeholder"]),
        (point(ll=0, l=0), ["q_limits", "q_placeholder"]),
        (point(l=None, h=0, hh=None), ["q_placeholder"]),
        (point(bottom=-20, top=20, l=-5, h=0), []),
        (replace(PLANT, points=[LEVEL, replace(LEVEL, code="P2", tag="LT-102")]), ["q_like"]),
        (replace(PLANT, points=[LEVEL, replace(LEVEL, code="P2", tag="LT-101 ", name="液位二")]), ["q_like"]),
        (replace(PLANT, points=[LEVEL, replace(LEVEL, code="P2", tag="LT-101A", name="液位二")]), []),
        (
            replace(PLANT, devices=[replace(TANK, place="")], points=[replace(LEVEL, is_gas=True)]),
            ["q_place", "q_gas_place"],
        ),
        (replace(PLANT, filmed=frozenset()), ["q_no_camera"]),
        (replace(PLANT, has_control_room=False), ["q_control_room"]),
        (replace(PLANT, sources={}, has_control_room=False), []),
        (replace(PLANT, left=[("S1", "技术负责人", "示例乙")]), ["q_holder_left"]),
    ],
)
def test_each_fault_of_the_register_is_found_once_and_named(plant: Plant, found: list[str]) -> None:
    assert keys(plant) == found
    assert all(fault.text and fault.code for fault in look(plant))


def test_every_check_has_its_property_and_article() -> None:
    assert {check.kind for check in CHECKS.values()} | {kind for kind, _, _ in quality.OTHERS.values()} == set(Property)
    assert all(check.article in quality.ARTICLES and check.title for check in CHECKS.values())


def test_two_hundred_and_forty_equal_samples_are_a_suspicion_and_one_less_is_none() -> None:
    wave = [5 + 0.1 * (n % 7) for n in range(30)]
    assert "20 分钟、240 个样值同为 5.55" in suspected([*wave, *[5.55] * 20, *wave])["q_frozen"]
    assert suspected([*wave, *[5.55] * 19, *wave]) == {}
    assert suspected([0.0] * 60) == {}, "nothing flows"


def test_a_value_outside_the_range_a_jump_and_a_sign_for_nothing_are_told_apart() -> None:
    wave = [5 + 0.1 * (n % 7) for n in range(30)]
    assert set(suspected([*wave, 20.5])) == {"q_beyond"}
    assert set(suspected([*wave, 16.0, 5.0, *wave])) == {"q_jump"}
    assert suspected([*wave, 9.0, 12.0, 15.0, *[15 + 0.1 * n for n in range(5)]]) == {}, "a tank that is filled"
    assert set(suspected([*wave, -9999.0, *wave])) == {"q_sentinel"}
    assert suspected([*wave, -9999.0, *wave], signs=[-9999.0]) == {}, "declared as missing"


def test_three_points_of_a_device_that_agree_for_half_an_hour_are_a_suspicion() -> None:
    points = [replace(LEVEL, code=f"P{n}", tag=f"T-{n}") for n in range(3)]
    wave = [5 + 0.1 * (n % 7) for n in range(40)]

    def told(*tables: Sequence[float]) -> list[Fault]:
        return same_everywhere([(each, minutes(values)) for each, values in zip(points, tables, strict=False)])

    assert [fault.check.key for fault in told(wave, wave, wave)] == ["q_equal"]
    assert told(wave, wave, wave)[0].code == "D1"
    assert told(wave, wave) == [], "two may measure the same thing"
    assert told(wave, wave, [value + 0.1 for value in wave]) == []
    assert told(wave[:20], wave[:20], wave[:20]) == []
    assert told([5.0] * 40, [5.0] * 40, [5.0] * 40) == [], "stillness is told point by point"


def test_real_gas_series_are_seldom_suspected_but_for_their_sign_for_nothing(shared: Path) -> None:
    """Hours as minutes: what matters is how many of a year's days would be listed."""
    with (shared / "data" / "airquality_uci" / "AirQualityUCI.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    gas = Point("P", "AT-1", "CO", "mg/m3", "D", 0, 20, h=10)
    values = [float(row["CO_GT"]) for row in rows]
    days = [values[start : start + 24] for start in range(0, len(values) - 23, 24)]
    found = [{fault.check.key for fault in suspect(gas, minutes(day), frozen_samples=240)} for day in days]
    with_signs = [
        {fault.check.key for fault in suspect(gas, minutes(day), frozen_samples=240, signs=[-200])} for day in days
    ]
    assert sum("q_sentinel" in day for day in found) == sum(-200.0 in day for day in days)
    assert sum(bool(day) for day in with_signs) <= len(days) * 0.05
