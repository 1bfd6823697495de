"""From alarms to levels, by the shipped model and by another."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.rules.grading import Gas, Grade, GradedAlarm, grade, load_model
from anlan.rules.level import Level
from anlan.rules.rulebook import RulebookError, load

MODEL = load_model(load())


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"2024-03-01T{clock}+08:00")


def alarm(point: str, level: str, since: str = "10:00", acked: str | None = None, gas: Gas = Gas.NONE,
          active: bool = True, level_since: str | None = None) -> GradedAlarm:  # fmt: skip
    side = "low" if level in ("L", "LL") else "high"
    acknowledged_at, reached_at = (at(clock) if clock else None for clock in (acked, level_since))
    return GradedAlarm(point, side, level, at(since), acknowledged_at, gas, active, reached_at)


def graded(now: str, *alarms: GradedAlarm) -> tuple[str, str | None]:
    result = grade(alarms, at(now), MODEL)
    return result.level, result.recheck_at.strftime("%H:%M") if result.recheck_at else None


def test_no_alarm_is_no_warning() -> None:
    assert grade([], at("10:00"), MODEL) == Grade(Level.NONE, (), None)


@pytest.mark.parametrize("level", ["H", "L"])
def test_a_crossed_limit_is_blue_and_yellow_after_ten_unacknowledged_minutes(level: str) -> None:
    assert graded("10:00", alarm("p", level)) == ("blue", "10:10")
    assert graded("10:09:59", alarm("p", level)) == ("blue", "10:10")
    assert graded("10:10", alarm("p", level)) == ("yellow", None)


def test_an_alarm_acknowledged_in_time_stays_blue_and_one_too_late_stays_yellow() -> None:
    assert graded("11:00", alarm("p", "H", acked="10:09:59")) == ("blue", None)
    assert graded("11:00", alarm("p", "H", acked="10:10")) == ("yellow", None)
    assert graded("11:00", alarm("p", "H", acked="10:30")) == ("yellow", None)


@pytest.mark.parametrize("level", ["HH", "LL"])
def test_one_outer_limit_is_orange_and_two_points_are_red(level: str) -> None:
    assert graded("10:00", alarm("p", level)) == ("orange", None)
    assert graded("10:00", alarm("p", level), alarm("q", "HH")) == ("red", None)
    assert graded("10:00", alarm("p", level), alarm("q", "HH", active=False)) == ("orange", None)
    assert graded("10:00", alarm("p", level), alarm("p", "HH")) == ("orange", None)  # one point is one point


def test_a_toxic_detector_is_orange_at_once_and_red_beyond_ten_minutes() -> None:
    assert graded("10:00", alarm("g", "HH", gas=Gas.TOXIC)) == ("orange", "10:10")
    assert graded("10:10", alarm("g", "HH", gas=Gas.TOXIC)) == ("red", None)
    assert graded("10:10", alarm("g", "HH", gas=Gas.TOXIC, acked="10:01")) == ("red", None)
    assert graded("10:30", alarm("g", "HH", gas=Gas.COMBUSTIBLE)) == ("orange", None)
    assert graded("10:00", alarm("g", "HH", gas=Gas.TOXIC), alarm("k", "HH", gas=Gas.TOXIC)) == ("red", None)


def test_the_ten_minutes_of_toxic_gas_count_from_reaching_high_high() -> None:
    worsened = alarm("g", "HH", since="09:00", level_since="10:00", gas=Gas.TOXIC, acked="09:01")
    assert graded("10:05", worsened) == ("orange", "10:10")


def test_an_alarm_eased_to_high_is_judged_as_high_since_its_start() -> None:
    eased = alarm("p", "H", since="09:55", level_since="10:02")
    assert graded("10:03", eased) == ("blue", "10:05")
    assert graded("10:05", eased) == ("yellow", None)


@pytest.mark.parametrize("level", ["flatline", "no_data", "bad_quality"])
def test_faults_of_measurement_never_grade(level: str) -> None:
    assert graded("12:00", alarm("p", level)) == ("none", None)


def test_recheck_is_the_next_instant_that_raises_the_level_and_not_one_that_does_not() -> None:
    later, sooner = alarm("p", "H", since="10:05"), alarm("q", "H", since="10:02")
    assert graded("10:06", later, sooner) == ("blue", "10:12")
    assert graded("10:06", later, alarm("r", "HH", since="10:05")) == ("orange", None)


def test_reasons_name_the_rule_and_its_points_gravest_first() -> None:
    result = grade([alarm("q", "HH"), alarm("p", "HH"), alarm("r", "H")], at("10:00"), MODEL)
    assert [reason.level for reason in result.reasons] == [Level.RED, Level.ORANGE, Level.BLUE]
    assert result.reasons[0].points == ("p", "q")
    assert result.reasons[0].title == "同一危险源两个及以上测点同时超出高高限或低低限"


def test_the_model_is_a_local_setting_and_takes_its_times_from_the_rulebook() -> None:
    assert (MODEL.id, MODEL.version, MODEL.source) == ("default", 1, "本地设定")
    slower = load_model(load().replaced({"unconfirmed_yellow_minutes": 30}))
    assert grade([alarm("p", "H")], at("10:10"), slower).recheck_at == at("10:30")


def test_another_model_is_only_another_table() -> None:
    text = """
id = "strict"
version = 2
title = "示例严格模型"
[[rule]]
id = "any"
level = "red"
title = "任何报警"
alarm_levels = ["H", "HH", "L", "LL"]
"""
    assert grade([alarm("p", "L")], at("10:00"), load_model(load(), text)).level is Level.RED


@pytest.mark.parametrize(
    "broken",
    [
        'level = "purple"', 'alarm_levels = ["no_data"]', "alarm_levels = []", "points = 0", 'gas = ["sweet"]',
        'standing = "no_such_setting"', "surprise = 1", 'level = "none"', 'alarm_levels = "HH"',
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_meant_is_refused(broken: str) -> None:
    fields = {"id": '"a"', "level": '"red"', "title": '"t"', "alarm_levels": '["HH"]'}
    name, _, value = broken.partition(" = ")
    rule = "\n".join(f"{key} = {text}" for key, text in (fields | {name: value}).items())
    with pytest.raises(RulebookError, match="grading model"):
        load_model(load(), f'id = "x"\nversion = 1\ntitle = "x"\n[[rule]]\n{rule}\n')


def test_text_that_is_no_model_is_refused() -> None:
    for text in ("nonsense", "id = 'x'", "= ="):
        with pytest.raises(RulebookError):
            load_model(load(), text)


def test_the_order_of_alarms_does_not_matter() -> None:
    alarms = [alarm("p", "H"), alarm("q", "HH"), alarm("g", "HH", gas=Gas.TOXIC)]
    assert len({repr(grade(order, at("10:05"), MODEL)) for order in permutations(alarms)}) == 1


alarms = st.lists(
    st.builds(
        GradedAlarm,
        point=st.sampled_from("pqr"),
        side=st.just("high"),
        level=st.sampled_from(["HH", "H", "L", "LL", "no_data"]),
        started_at=st.integers(0, 40).map(lambda minute: at("10:00") - timedelta(minutes=minute)),
        acknowledged_at=st.one_of(
            st.none(), st.integers(0, 40).map(lambda minute: at("10:00") - timedelta(minutes=minute))
        ),
        gas=st.sampled_from(Gas),
        active=st.booleans(),
    ),
    max_size=5,
)


@given(alarms)
def test_between_now_and_the_recheck_nothing_rises_and_at_the_recheck_it_does(given_alarms: list[GradedAlarm]) -> None:
    now = at("10:00")
    result = grade(given_alarms, now, MODEL)
    if result.recheck_at is None:
        assert grade(given_alarms, now + timedelta(days=9), MODEL).level is result.level
    else:
        assert result.recheck_at > now
        just_before = result.recheck_at - timedelta(microseconds=1)
        assert grade(given_alarms, just_before, MODEL).level is result.level
        assert grade(given_alarms, result.recheck_at, MODEL).level > result.level
