"""What a change of level does to clocks and orders."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.rules.episodes import (
    Effect,
    EpisodeEnded,
    EpisodeStarted,
    OrderCancelled,
    OrderPlanned,
    SourceState,
    WarningCleared,
    WarningOpened,
    due_orders,
    transition,
)
from anlan.rules.level import Level
from anlan.rules.settings import WarningSettings
from anlan.rules.slots import Slot
from anlan.rules.warning_handling import LADDERS

OFF = WarningSettings()
TEN = WarningSettings(flap_guard=timedelta(minutes=10))


def at(clock: str) -> datetime:
    day, _, hour = clock.rpartition("+")
    return datetime.fromisoformat(f"2024-03-0{1 + int(day or 0)}T{hour}+08:00")


def play(*changes: tuple[str, Level], settings: WarningSettings = OFF) -> tuple[SourceState, list[Effect]]:
    state, effects = SourceState(), list[Effect]()
    for clock, level in changes:
        step = transition(state, level, at(clock), settings, LADDERS.get(level))
        state, effects = step.state, list(step.effects)
    return state, effects


def notices(state: SourceState, until: str, fired: int = 0) -> list[str]:
    assert state.clock is not None
    return [step.due.strftime("%H:%M") for step in state.clock.due_steps(fired, at(until))]


def orders(state: SourceState) -> list[tuple[str, str, str]]:
    return [(order.level, order.due.strftime("%d %H:%M"), order.by) for order in state.orders]


def test_a_raise_opens_a_warning_starts_a_clock_and_plans_an_order() -> None:
    state, effects = play(("08:00", Level.ORANGE))
    assert [type(effect) for effect in effects] == [WarningOpened, EpisodeStarted, OrderPlanned]
    assert orders(state) == [("orange", "01 20:00", Slot.CITY)]
    assert notices(state, "10:00") == ["09:00", "10:00"]


def test_setting_the_level_in_force_does_nothing() -> None:
    state, _ = play(("08:00", Level.ORANGE))
    again = transition(state, Level.ORANGE, at("08:30"), OFF, LADDERS[Level.ORANGE])
    assert again.state is state
    assert again.effects == ()
    assert transition(SourceState(), Level.NONE, at("08:00"), OFF, None).effects == ()


def test_a_downgrade_starts_the_lower_clock_afresh() -> None:
    state, _ = play(("08:00", Level.RED), ("08:20", Level.ORANGE))
    assert notices(state, "10:20") == ["09:20", "10:20"]
    assert orders(state) == [("orange", "01 20:20", Slot.CITY)]


def test_a_downgrade_at_the_due_instant_beats_the_notice_and_the_order() -> None:
    yellow, _ = play(("08:00", Level.YELLOW))
    assert yellow.clock is not None
    assert yellow.clock.missed_at_end(0, at("09:00")) == []
    red, effects = play(("08:00", Level.RED), ("10:00", Level.ORANGE))
    cancelled = [effect for effect in effects if isinstance(effect, OrderCancelled)]
    assert [(effect.order.due, effect.missed) for effect in cancelled] == [(at("10:00"), False)]
    assert [order.level for order in red.orders] == [Level.ORANGE]


def test_an_unsent_step_of_an_ended_episode_is_missed() -> None:
    state, _ = play(("08:00", Level.ORANGE))
    assert state.clock is not None
    missed = state.clock.missed_at_end(1, at("11:00"))
    assert [step.number for step in missed] == [2]
    _, effects = play(("08:00", Level.RED), ("10:01", Level.ORANGE))
    [cancelled] = [effect for effect in effects if isinstance(effect, OrderCancelled)]
    assert cancelled.missed


def test_an_upgrade_keeps_the_pending_order_of_the_level_left() -> None:
    state, effects = play(("08:00", Level.YELLOW), ("08:40", Level.RED))
    assert [type(effect) for effect in effects] == [EpisodeEnded, EpisodeStarted, OrderPlanned]
    assert orders(state) == [("yellow", "02 08:00", Slot.SUPERVISOR), ("red", "01 10:40", Slot.PROVINCE)]
    assert notices(state, "09:10") == ["09:10"]


def test_the_kept_order_ends_when_the_warning_falls_below_its_level_and_not_before() -> None:
    path = [("08:00", Level.ORANGE), ("09:00", Level.RED), ("10:00", Level.ORANGE)]
    state, _ = play(*path)
    assert orders(state) == [("orange", "01 20:00", Slot.CITY), ("orange", "01 22:00", Slot.CITY)]
    state, _ = play(*path, ("11:00", Level.YELLOW))
    assert orders(state) == [("yellow", "02 11:00", Slot.SUPERVISOR)]


def test_clearing_ends_every_clock_and_order() -> None:
    state, effects = play(("08:00", Level.YELLOW), ("08:30", Level.ORANGE), ("09:00", Level.NONE))
    assert (state.level, state.clock, state.orders) == (Level.NONE, None, ())
    cleared = effects[-1]
    assert isinstance(cleared, WarningCleared)
    assert (cleared.last, cleared.highest) == (Level.ORANGE, Level.ORANGE)
    assert sum(isinstance(effect, OrderCancelled) for effect in effects) == 2


def test_the_highest_level_is_that_of_this_warning_only() -> None:
    _, effects = play(("08:00", Level.RED), ("09:00", Level.NONE), ("10:00", Level.BLUE), ("11:00", Level.NONE))
    cleared = effects[-1]
    assert isinstance(cleared, WarningCleared)
    assert cleared.highest is Level.BLUE


def test_blue_has_no_clock_and_no_order() -> None:
    state, _ = play(("08:00", Level.BLUE))
    assert (state.clock, state.orders) == (None, ())


DIP = [("08:00", Level.ORANGE), ("08:50", Level.YELLOW), ("08:55", Level.ORANGE)]


def test_the_flap_guard_continues_the_former_clock() -> None:
    guarded, effects = play(*DIP, settings=TEN)
    assert notices(guarded, "10:00") == ["09:00", "10:00"]
    assert set(orders(guarded)) == {("orange", "01 20:00", Slot.CITY), ("yellow", "02 08:50", Slot.SUPERVISOR)}
    assert [effect.continued for effect in effects if isinstance(effect, EpisodeStarted)] == [True]
    free, _ = play(*DIP)
    assert notices(free, "10:00") == ["09:55"]


@pytest.mark.parametrize(("back", "continued"), [("09:00", True), ("09:00:01", False)])
def test_the_guard_includes_its_last_instant(back: str, continued: bool) -> None:
    state, _ = play(("08:00", Level.ORANGE), ("08:50", Level.YELLOW), (back, Level.ORANGE), settings=TEN)
    assert state.clock is not None
    assert (state.clock.started_at == at("08:00")) is continued


def test_steps_inside_the_dip_are_not_sent_but_one_due_at_the_return_is() -> None:
    inside, _ = play(("08:00", Level.ORANGE), ("08:55", Level.YELLOW), ("09:05", Level.ORANGE), settings=TEN)
    assert notices(inside, "11:00") == ["10:00", "11:00"]
    assert inside.clock is not None
    assert inside.clock.next_step(0).number == 2
    returning, _ = play(("08:00", Level.ORANGE), ("08:50", Level.YELLOW), ("09:00", Level.ORANGE), settings=TEN)
    assert notices(returning, "09:00") == ["09:00"]
    leaving, _ = play(("08:00", Level.ORANGE), ("09:00", Level.YELLOW), ("09:10", Level.ORANGE), settings=TEN)
    assert notices(leaving, "10:00") == ["10:00"]


def test_an_order_is_planned_once_over_a_guarded_rise_and_again_after_a_guarded_fall() -> None:
    rise, _ = play(("08:00", Level.ORANGE), ("08:50", Level.RED), ("08:55", Level.ORANGE), settings=TEN)
    assert orders(rise) == [("orange", "01 20:00", Slot.CITY)]
    inside, _ = play(("08:00", Level.ORANGE), ("19:58", Level.YELLOW), ("20:05", Level.ORANGE), settings=TEN)
    assert orders(inside) == [("yellow", "02 19:58", Slot.SUPERVISOR)]
    before, _ = play(("08:00", Level.ORANGE), ("19:50", Level.YELLOW), ("19:55", Level.ORANGE), settings=TEN)
    assert orders(before) == [("yellow", "02 19:50", Slot.SUPERVISOR), ("orange", "01 20:00", Slot.CITY)]


def test_a_short_clearing_does_not_shake_off_a_guarded_clock() -> None:
    state, _ = play(("08:00", Level.ORANGE), ("08:50", Level.NONE), ("08:55", Level.ORANGE), settings=TEN)
    assert notices(state, "09:00") == ["09:00"]
    assert state.highest is Level.ORANGE


def test_a_guarded_clock_keeps_the_ladder_it_started_with() -> None:
    state, _ = play(DIP[0], DIP[1], settings=TEN)
    back = transition(state, Level.ORANGE, at("08:55"), TEN, LADDERS[Level.RED])
    assert back.state.clock is not None
    assert back.state.clock.ladder == LADDERS[Level.ORANGE]


def test_time_does_not_run_backwards() -> None:
    state, _ = play(("08:00", Level.ORANGE))
    with pytest.raises(ValueError, match="before"):
        transition(state, Level.RED, at("07:59"), OFF, LADDERS[Level.RED])


def test_due_orders_come_in_order_of_time_and_an_issued_one_is_gone() -> None:
    state, _ = play(("08:00", Level.ORANGE), ("09:00", Level.RED))
    assert [order.level for order in due_orders(state, at("10:59"))] == []
    assert [order.level for order in due_orders(state, at("20:00"))] == [Level.RED, Level.ORANGE]
    issued = state.without_order(state.orders[0])
    assert [order.level for order in issued.orders] == [Level.RED]
    assert issued.without_order(state.orders[0]) == issued


walks = st.lists(st.tuples(st.integers(0, 90), st.sampled_from(Level)), max_size=25)


@given(walks, st.sampled_from([OFF, TEN]))
def test_on_any_walk_nothing_is_sent_twice_or_outside_its_episode(
    walk: list[tuple[int, Level]], settings: WarningSettings
) -> None:
    state, now = SourceState(), at("08:00")
    fired: dict[tuple[Level, datetime], int] = {}
    for minutes, level in walk:
        later = now + timedelta(minutes=minutes)
        if state.clock is not None:  # the clock runs: what is due before the change is sent, once
            key = (state.level, state.clock.started_at)
            for step in state.clock.missed_at_end(fired.get(key, 0), later):
                assert state.clock.resumed_at <= step.due < later
                assert step.number > fired.get(key, 0)
                fired[key] = step.number
        for order in due_orders(state, later - timedelta(microseconds=1)):
            assert order.level <= state.level
            state = state.without_order(order)
        state, now = transition(state, level, later, settings, LADDERS.get(level)).state, later
        assert state.level is level
        assert state.highest >= level
        assert (state.clock is not None) == (level in LADDERS)
        assert state.clock is None or state.clock.ladder.level is level
        assert all(order.level <= level and order.due >= now for order in state.orders)
        assert len({order.key for order in state.orders}) == len(state.orders)
