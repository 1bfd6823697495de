"""Exactly the right recipients."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.rules.level import Level
from anlan.rules.routing import (
    CASST_ROLE,
    Gap,
    Holder,
    SourceContext,
    Unit,
    UnitLevel,
    gaps,
    listed,
    order_unit,
    overdue_report_recipients,
    recipients,
    resolve_slot,
    step_recipients,
    tracker,
)
from anlan.rules.settings import CpSlot, WarningSettings
from anlan.rules.slots import POSTS, Slot
from anlan.rules.warning_handling import LADDERS

COUNTY, PARK, CITY = Unit("zz", UnitLevel.COUNTY), Unit("bg", UnitLevel.PARK), Unit("jc", UnitLevel.CITY)
PROVINCE, CASST = Unit("sx", UnitLevel.PROVINCE), Unit("mem", UnitLevel.MINISTRY, CASST_ROLE)
ENERGY = Unit("qs-energy", UnitLevel.COUNTY)
DEFAULT = WarningSettings()
IN_PARK = SourceContext(
    source="s1", enterprise="e1", supervisor=COUNTY, county=COUNTY, park=PARK, city=CITY, province=PROVINCE,
    casst=CASST, holders={Slot.MAIN: Holder("甲"), Slot.TECHNICAL: Holder("乙"), Slot.OPERATIONS: Holder("丙")},
)  # fmt: skip
OUTSIDE = replace(IN_PARK, park=None)
BOTH, ONLY, FIRST = (WarningSettings(cp_slot=slot) for slot in CpSlot)


def told(level: Level, ctx: SourceContext, settings: WarningSettings = DEFAULT) -> list[str]:
    return listed(recipients(level, ctx, settings))


def test_each_level_reaches_exactly_its_slots() -> None:
    assert told(Level.NONE, IN_PARK) == []
    assert told(Level.BLUE, IN_PARK) == ["丙", "乙", "甲"]
    assert told(Level.YELLOW, IN_PARK) == ["bg", "zz", "丙", "乙", "甲"]
    assert told(Level.ORANGE, IN_PARK) == ["bg", "jc", "zz", "丙", "乙", "甲"]
    assert told(Level.RED, IN_PARK) == ["bg", "jc", "mem", "sx", "zz", "丙", "乙", "甲"]
    assert told(Level.YELLOW, OUTSIDE) == ["zz", "丙", "乙", "甲"]


def test_blue_reaches_the_county_only_by_setting() -> None:
    assert told(Level.BLUE, IN_PARK, WarningSettings(blue_to_cp=True)) == ["bg", "zz", "丙", "乙", "甲"]


def test_a_county_authority_need_not_be_the_emergency_bureau() -> None:
    ctx = replace(OUTSIDE, supervisor=ENERGY)
    assert told(Level.YELLOW, ctx) == ["qs-energy", "丙", "乙", "甲"]
    assert tracker(Level.YELLOW, ctx) == ENERGY


@pytest.mark.parametrize(
    ("settings", "supervisor", "park", "slot"),
    [
        (BOTH, COUNTY, PARK, ["bg", "zz"]),
        (BOTH, PARK, PARK, ["bg", "zz"]),
        (BOTH, COUNTY, None, ["zz"]),
        (BOTH, ENERGY, PARK, ["bg", "qs-energy"]),
        (ONLY, COUNTY, PARK, ["zz"]),
        (ONLY, PARK, PARK, ["bg"]),
        (ONLY, PARK, None, ["bg"]),
        (FIRST, COUNTY, PARK, ["bg"]),
        (FIRST, COUNTY, None, ["zz"]),
        (FIRST, ENERGY, None, ["qs-energy"]),
    ],
)
def test_the_county_park_slot_follows_supervisor_park_and_setting(
    settings: WarningSettings, supervisor: Unit, park: Unit | None, slot: list[str]
) -> None:
    ctx = replace(IN_PARK, supervisor=supervisor, park=park)
    assert listed(resolve_slot(Slot.COUNTY_PARK, ctx, settings)) == slot
    assert listed(step_recipients(LADDERS[Level.ORANGE], ctx, settings)) == slot
    assert listed(overdue_report_recipients(ctx, settings)) == slot


def test_notices_go_one_level_below_the_tracker() -> None:
    assert listed(step_recipients(LADDERS[Level.YELLOW], IN_PARK, DEFAULT)) == ["e1"]
    assert listed(step_recipients(LADDERS[Level.ORANGE], IN_PARK, DEFAULT)) == ["bg", "zz"]
    assert listed(step_recipients(LADDERS[Level.RED], IN_PARK, DEFAULT)) == ["jc"]
    assert Level.BLUE not in LADDERS


def test_orange_is_copied_to_the_enterprise_by_setting_and_marked_as_copy() -> None:
    found = step_recipients(LADDERS[Level.ORANGE], IN_PARK, WarningSettings(orange_copy_to_enterprise=True))
    assert [(recipient.id, recipient.copy) for recipient in found] == [("bg", False), ("e1", True), ("zz", False)]


def test_a_site_order_goes_to_the_tracker_alone() -> None:
    assert tracker(Level.YELLOW, IN_PARK) == COUNTY
    assert tracker(Level.YELLOW, replace(IN_PARK, supervisor=PARK)) == PARK
    assert tracker(Level.ORANGE, IN_PARK) == CITY
    assert tracker(Level.RED, IN_PARK) == PROVINCE
    assert tracker(Level.BLUE, IN_PARK) is None
    assert listed(resolve_slot(Slot.SUPERVISOR, IN_PARK, DEFAULT)) == ["zz"]
    assert listed(resolve_slot(Slot.SUPERVISOR, replace(IN_PARK, supervisor=None), DEFAULT)) == ["zz"]
    with pytest.raises(ValueError, match="tracker"):
        order_unit(Slot.COUNTY_PARK, IN_PARK)


def test_a_missing_holder_is_a_gap_and_the_rest_are_told() -> None:
    ctx = replace(OUTSIDE, holders={Slot.MAIN: Holder("甲"), Slot.OPERATIONS: Holder("丙")})
    assert told(Level.YELLOW, ctx) == ["zz", "丙", "甲"]
    assert gaps(Level.YELLOW, ctx, DEFAULT) == [Gap(Slot.TECHNICAL)]
    assert gaps(Level.YELLOW, ctx, DEFAULT)[0].is_post
    assert gaps(Level.YELLOW, OUTSIDE, DEFAULT) == []


def test_one_person_in_two_posts_is_listed_once() -> None:
    ctx = replace(OUTSIDE, holders={**OUTSIDE.holders, Slot.TECHNICAL: Holder("甲")})
    assert told(Level.BLUE, ctx) == ["丙", "甲"]
    assert len(recipients(Level.BLUE, ctx, DEFAULT)) == 2


def test_whoever_acts_is_told_in_place_of_the_holder() -> None:
    ctx = replace(OUTSIDE, holders={**OUTSIDE.holders, Slot.OPERATIONS: Holder("丙", acting="丁")})
    assert told(Level.BLUE, ctx) == ["丁", "乙", "甲"]
    assert ctx.holder_ids == {"甲", "乙", "丁"}
    vacant_but_acting = replace(OUTSIDE, holders={Slot.MAIN: Holder(None, acting="戊")})
    assert told(Level.BLUE, vacant_but_acting) == ["戊"]


def test_towns_registry_and_a_ministry_without_the_desk_are_never_listed() -> None:
    town = Unit("town", UnitLevel.TOWN)
    registry = Unit("reg", UnitLevel.MINISTRY, "nat.registry")
    ctx = replace(IN_PARK, supervisor=town, park=town, casst=registry)
    assert told(Level.RED, ctx) == ["jc", "sx", "zz", "丙", "乙", "甲"]
    assert tracker(Level.YELLOW, ctx) == COUNTY
    assert gaps(Level.RED, ctx, DEFAULT) == [Gap(Slot.NATIONAL_DESK)]
    assert "reg" not in told(Level.RED, replace(ctx, casst=Unit("reg", UnitLevel.MINISTRY)))


def test_an_unfilled_agency_slot_is_a_gap_not_somebody_else() -> None:
    ctx = replace(IN_PARK, city=None)
    assert told(Level.ORANGE, ctx) == ["bg", "zz", "丙", "乙", "甲"]
    assert gaps(Level.ORANGE, ctx, DEFAULT) == [Gap(Slot.CITY)]
    assert not gaps(Level.ORANGE, ctx, DEFAULT)[0].is_post
    assert tracker(Level.ORANGE, ctx) is None
    assert step_recipients(LADDERS[Level.RED], ctx, DEFAULT) == []


def test_two_enterprises_never_mix_recipients() -> None:
    other = replace(
        OUTSIDE, source="s2", enterprise="e2", supervisor=ENERGY, county=ENERGY, holders={Slot.MAIN: Holder("己")}
    )
    assert set(told(Level.ORANGE, other)) & set(told(Level.ORANGE, OUTSIDE)) == {"jc"}


roles = st.sampled_from(["", CASST_ROLE, "nat.registry"])
units = st.none() | st.builds(Unit, st.sampled_from("abcdef"), st.sampled_from(UnitLevel), roles)
people = st.builds(Holder, st.none() | st.sampled_from("甲乙丙"), st.none() | st.sampled_from("丁戊"))
contexts = st.builds(
    SourceContext, source=st.just("s"), enterprise=st.just("e"), supervisor=units, county=units, city=units,
    province=units, casst=units, park=units, holders=st.dictionaries(st.sampled_from(POSTS), people),
)  # fmt: skip


@given(contexts, st.sampled_from([BOTH, ONLY, FIRST]))
def test_nobody_outside_the_slots_is_ever_listed_and_higher_levels_only_add(
    ctx: SourceContext, settings: WarningSettings
) -> None:
    lower: set[str] = set()
    for level in (Level.BLUE, Level.YELLOW, Level.ORANGE, Level.RED):
        found = recipients(level, ctx, settings)
        ids = [recipient.id for recipient in found]
        assert ids == sorted(set(ids))
        assert lower <= set(ids)
        lower = set(ids)
        allowed = {
            unit.id
            for unit in (ctx.supervisor, ctx.county, ctx.city, ctx.province, ctx.park, ctx.casst)
            if unit is not None and unit.level is not UnitLevel.TOWN
        }
        assert set(ids) <= allowed | ctx.holder_ids
