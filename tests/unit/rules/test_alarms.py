"""How an alarm stands, told as short stories; who may quieten it; what chatters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.rules import alarms
from anlan.rules.alarms import (
    Annunciation,
    Approver,
    ChatterRule,
    Granted,
    Priority,
    QuietingRefused,
    Reason,
    ShelvingRule,
    annunciation,
    chatters,
    holds,
    judge_filing,
    judge_shelving,
    judge_suppression,
    priority_of,
)
from anlan.rules.grading import Gas
from anlan.rules.rulebook import load

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
S, HOUR = timedelta(seconds=1), timedelta(hours=1)
A, B, C, D, G, H, I = Annunciation  # noqa: E741 - the letters of the standard

ON, OFF = {"active": True}, {"active": False}
NOTED = {"acknowledged": True}
OUT, IN = {"out_of_service": True}, {"out_of_service": False}
STORIES: list[tuple[str, list[tuple[dict[str, bool], Annunciation]]]] = [
    ("raised, noted, back", [(ON, B), (NOTED, C), (OFF, A)]),
    ("raised, back by itself, noted later", [(ON, B), (OFF, D), (NOTED, A)]),
    ("shelved and returned while it lasts", [(ON, B), ({"shelved": True}, G), (NOTED, G), ({"shelved": False}, C)]),
    ("shelved, and over meanwhile", [(ON | {"shelved": True}, G), (OFF, G), (NOTED, A)]),
    ("raised within a filing that ends", [(ON | OUT, I), (IN, B)]),
    ("over within its filing", [(ON | OUT, I), (OFF, I)]),
    ("the pump stops and starts", [(ON | {"suppressed": True}, H), ({"suppressed": False}, B)]),
    (
        "filed goes before suppressed goes before shelved",
        [(ON | OUT | {"shelved": True, "suppressed": True}, I), (IN, H), ({"suppressed": False}, G)],
    ),
]


@pytest.mark.parametrize("story", [steps for _, steps in STORIES], ids=[name for name, _ in STORIES])
def test_the_state_follows_the_story(story: list[tuple[dict[str, bool], Annunciation]]) -> None:
    now = {"active": False, "acknowledged": False}
    for change, expected in story:
        now |= change
        assert annunciation(**now) is expected


@given(st.booleans(), st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_normal_means_back_and_noted_and_nothing_withheld(
    active: bool, acknowledged: bool, shelved: bool, suppressed: bool, out: bool
) -> None:
    state = annunciation(
        active=active, acknowledged=acknowledged, shelved=shelved, suppressed=suppressed, out_of_service=out
    )
    assert (state is A) == (not active and acknowledged and not suppressed and not out)
    assert state.words


def test_an_ordinary_alarm_is_shelved_at_once_and_never_longer_than_the_setting() -> None:
    rule = ShelvingRule.of(load())
    assert rule == ShelvingRule(8 * HOUR, Approver.COUNTY)
    assert judge_shelving(Gas.NONE, 8 * HOUR, "换表", rule) == Granted(None)
    for length, reason in ((8 * HOUR + S, Reason.TOO_LONG), (timedelta(0), Reason.TOO_SHORT)):
        verdict = judge_shelving(Gas.NONE, length, "换表", rule)
        assert isinstance(verdict, QuietingRefused)
        assert verdict.reason is reason
    assert isinstance(judge_shelving(Gas.NONE, HOUR, "  ", rule), QuietingRefused)


@pytest.mark.parametrize("gas", [Gas.TOXIC, Gas.COMBUSTIBLE, Gas.OXYGEN])
def test_a_gas_alarm_is_shelved_by_nobody_alone_and_suppressed_by_nobody_at_all(gas: Gas) -> None:
    for approver in Approver:
        assert judge_shelving(gas, HOUR, "标定", ShelvingRule(8 * HOUR, approver)) == Granted(approver)
    verdict = judge_suppression([Gas.NONE, gas], "停泵")
    assert isinstance(verdict, QuietingRefused)
    assert verdict.reason is Reason.GAS
    assert judge_suppression([Gas.NONE], "停泵") is None


def test_a_filing_has_a_window_that_is_not_over() -> None:
    assert judge_filing(NOON - HOUR, NOON + HOUR, "检修", NOON) is None
    for start, end, reason in (
        (NOON, NOON, Reason.BACKWARD),
        (NOON - 2 * HOUR, NOON, Reason.OVER),
    ):
        verdict = judge_filing(start, end, "检修", NOON)
        assert isinstance(verdict, QuietingRefused)
        assert verdict.reason is reason


def test_a_condition_that_cannot_be_read_does_not_hold() -> None:
    assert holds(0.0, "at_or_below", 0.5)
    assert holds(0.5, "at_or_below", 0.5)
    assert not holds(0.6, "at_or_below", 0.5)
    assert holds(0.6, "at_or_above", 0.5)
    assert not holds(None, "at_or_below", 0.5)
    assert not holds(float("nan"), "at_or_below", 0.5)


def test_three_changes_within_a_minute_chatter_and_two_do_not() -> None:
    rule = ChatterRule.of(load())
    assert rule == ChatterRule(3, 60 * S)
    assert chatters([NOON, NOON + 30 * S, NOON + 60 * S], rule)
    assert not chatters([NOON, NOON + 30 * S, NOON + 61 * S], rule)
    assert not chatters([NOON, NOON + S], rule)
    assert chatters([NOON + 500 * S, NOON, NOON + 501 * S, NOON + 502 * S], rule)


def test_the_priority_follows_from_limit_and_gas() -> None:
    assert [priority_of(worst, Gas.NONE) for worst in ("H", "L", "HH", "LL")] == [
        Priority.LOW, Priority.LOW, Priority.MEDIUM, Priority.MEDIUM,
    ]  # fmt: skip
    assert priority_of("H", Gas.TOXIC) is Priority.MEDIUM
    assert priority_of("HH", Gas.COMBUSTIBLE) is Priority.HIGH


def test_the_names_of_the_letters_are_distinct() -> None:
    assert len({state.words for state in alarms.Annunciation}) == len(alarms.Annunciation)
