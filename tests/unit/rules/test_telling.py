"""Who hears what, and for the first time or again."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.rules.test_routing import DEFAULT, IN_PARK, OUTSIDE

from anlan.rules.level import Level
from anlan.rules.routing import Holder, Recipient, RecipientKind, SourceContext, listed, recipients
from anlan.rules.slots import Slot
from anlan.rules.telling import on_holder_change, on_level, report_recipients

AGENCIES_RED = ["bg", "jc", "mem", "sx", "zz"]
HOLDERS = ["丙", "乙", "甲"]


def with_operations(person: str | None) -> SourceContext:
    return replace(IN_PARK, holders={**IN_PARK.holders, Slot.OPERATIONS: Holder(person)})


def test_a_raise_informs_everyone_in_its_slots() -> None:
    telling = on_level(Level.NONE, Level.YELLOW, IN_PARK, (), DEFAULT)
    assert listed(telling.informed) == ["bg", "zz", *HOLDERS]
    assert telling.upgraded == telling.downgraded == telling.cleared == ()


def test_an_upgrade_informs_the_new_and_tells_the_old_that_it_rose() -> None:
    yellow = on_level(Level.NONE, Level.YELLOW, IN_PARK, (), DEFAULT)
    red = on_level(Level.YELLOW, Level.RED, IN_PARK, yellow.told, DEFAULT)
    assert listed(red.informed) == ["jc", "mem", "sx"]
    assert listed(red.upgraded) == ["bg", "zz", *HOLDERS]


def test_a_downgrade_goes_to_all_who_were_told_and_informs_nobody() -> None:
    red = on_level(Level.NONE, Level.RED, IN_PARK, (), DEFAULT)
    blue = on_level(Level.RED, Level.BLUE, IN_PARK, red.told, DEFAULT)
    assert listed(blue.downgraded) == [*AGENCIES_RED, *HOLDERS]
    assert blue.informed == ()


def test_who_was_told_before_a_fall_hears_the_next_rise_as_a_rise() -> None:
    told = on_level(Level.NONE, Level.RED, IN_PARK, (), DEFAULT).told
    told = on_level(Level.RED, Level.YELLOW, IN_PARK, told, DEFAULT).told
    orange = on_level(Level.YELLOW, Level.ORANGE, IN_PARK, told, DEFAULT)
    assert orange.informed == ()
    assert listed(orange.upgraded) == ["bg", "jc", "zz", *HOLDERS]
    cleared = on_level(Level.ORANGE, Level.NONE, IN_PARK, orange.told, DEFAULT)
    assert listed(cleared.cleared) == [*AGENCIES_RED, *HOLDERS]


def test_a_new_warning_informs_anew() -> None:
    old = on_level(Level.NONE, Level.RED, IN_PARK, (), DEFAULT)
    again = on_level(Level.NONE, Level.YELLOW, IN_PARK, old.told, DEFAULT)
    assert listed(again.informed) == ["bg", "zz", *HOLDERS]
    assert listed(again.told) == ["bg", "zz", *HOLDERS]


def test_the_level_in_force_tells_nobody() -> None:
    told = on_level(Level.NONE, Level.RED, IN_PARK, (), DEFAULT).told
    same = on_level(Level.RED, Level.RED, IN_PARK, told, DEFAULT)
    assert (same.informed, same.upgraded, same.told) == ((), (), told)


def test_a_new_holder_is_informed_at_once_and_the_old_one_hears_nothing_more() -> None:
    told = on_level(Level.NONE, Level.ORANGE, IN_PARK, (), DEFAULT).told
    after = with_operations("丁")
    change = on_holder_change(Level.ORANGE, after, told, DEFAULT)
    assert listed(change.informed) == ["丁"]
    cleared = on_level(Level.ORANGE, Level.NONE, after, change.told, DEFAULT)
    assert listed(cleared.cleared) == ["bg", "jc", "zz", "丁", "乙", "甲"]
    upgraded = on_level(Level.ORANGE, Level.RED, after, change.told, DEFAULT)
    assert "丙" not in listed((*upgraded.upgraded, *upgraded.informed))


def test_who_takes_a_second_post_or_comes_back_is_not_informed_twice() -> None:
    told = on_level(Level.NONE, Level.ORANGE, IN_PARK, (), DEFAULT).told
    assert on_holder_change(Level.ORANGE, with_operations("甲"), told, DEFAULT).informed == ()
    told = on_holder_change(Level.ORANGE, with_operations("丁"), told, DEFAULT).told
    assert on_holder_change(Level.ORANGE, with_operations("丙"), told, DEFAULT).informed == ()


def test_a_vacated_post_and_a_closed_warning_tell_nobody() -> None:
    told = on_level(Level.NONE, Level.ORANGE, IN_PARK, (), DEFAULT).told
    assert on_holder_change(Level.ORANGE, with_operations(None), told, DEFAULT).informed == ()
    assert on_holder_change(Level.NONE, with_operations("丁"), (), DEFAULT).informed == ()


def test_the_report_goes_to_the_agencies_that_were_told() -> None:
    told = on_level(Level.NONE, Level.ORANGE, OUTSIDE, (), DEFAULT).told
    assert listed(report_recipients(told)) == ["jc", "zz"]


@given(st.lists(st.one_of(st.sampled_from(Level), st.sampled_from("甲乙丙丁戊")), max_size=20))
def test_each_warning_informs_everyone_at_most_once_and_no_former_holder(walk: list[Level | str]) -> None:
    level, ctx = Level.NONE, IN_PARK
    told: tuple[Recipient, ...] = ()
    informed: list[str] = []
    for move in walk:
        if isinstance(move, Level):
            if level is Level.NONE:
                informed = []
            telling = on_level(level, move, ctx, told, DEFAULT)
            level = move
        else:
            ctx = with_operations(move)
            telling = on_holder_change(level, ctx, told, DEFAULT)
        told = telling.told
        informed += listed(telling.informed)
        assert len(informed) == len(set(informed))
        sent = (*telling.informed, *telling.upgraded, *telling.downgraded, *telling.cleared)
        assert {one.id for one in sent if one.kind is RecipientKind.PERSON} <= ctx.holder_ids
        if level is not Level.NONE:
            assert {one.id for one in recipients(level, ctx, DEFAULT)} <= {one.id for one in told}
