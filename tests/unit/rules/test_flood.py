"""A flood by numbers: how many, how close together, and when it is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from anlan.rules.flood import FloodRule, flood_since, summary_due
from anlan.rules.rulebook import load

START = datetime(2024, 3, 1, 0, 0, tzinfo=UTC)
RULE = FloodRule(alarms=3, window=timedelta(minutes=10), quiet=timedelta(minutes=1))


def after(*seconds: float) -> list[datetime]:
    return [START + timedelta(seconds=each) for each in seconds]


def test_the_shipped_numbers_are_ten_in_ten_minutes_over_after_one() -> None:
    assert FloodRule.of(load()) == FloodRule(10, timedelta(minutes=10), timedelta(minutes=1))


def test_too_few_or_too_far_apart_are_no_flood() -> None:
    (now,) = after(5)
    assert flood_since(after(0, 1), now, RULE, None) is None
    assert flood_since(after(0, 1, 2), now, RULE, None) == START
    (later,) = after(601)
    assert flood_since(after(0, 1, 2), later, RULE, None) is None  # the first two are out of the window
    assert flood_since(after(1.5, 1, 2, 600), later, RULE, None) == START + timedelta(seconds=1.5)


def test_what_was_told_is_not_counted_again() -> None:
    told, now = after(2, 60)
    assert flood_since(after(0, 1, 2), now, RULE, told) is None
    assert flood_since(after(0, 1, 2, 3, 4, 5), now, RULE, told) == after(3)[0]


def test_the_summary_waits_for_quiet_but_not_for_ever() -> None:
    newest, late, beyond = after(9, 595, 700)
    assert summary_due(START, newest, RULE) == newest + RULE.quiet
    assert summary_due(START, late, RULE) == START + RULE.window
    assert summary_due(START, beyond, RULE) == beyond
