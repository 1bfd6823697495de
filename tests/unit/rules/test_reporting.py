"""The report after clearing."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from anlan.rules.level import Level
from anlan.rules.reporting import ReportAccepted, ReportRefusal, ReportRefused, judge_report, overdue
from anlan.rules.rulebook import load

RULES = load()
FULL = {"result": "已处置", "cause": "阀门内漏", "measures": "更换阀门"}


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"2024-03-01T{clock}+08:00")


CLEARED = at("12:00:00")


def report(clock: str, texts: dict[str, str] = FULL, highest: Level = Level.ORANGE) -> ReportAccepted | ReportRefused:
    return judge_report(texts, at(clock), CLEARED, highest, RULES)


@pytest.mark.parametrize(
    ("clock", "late_by"),
    [("12:00:00", 0), ("13:00:00", 0), ("13:00:01", 1), ("13:05:00", 300)],
)
def test_sixty_minutes_are_on_time_and_one_second_more_is_late(clock: str, late_by: int) -> None:
    verdict = report(clock)
    assert isinstance(verdict, ReportAccepted)
    assert (verdict.late, verdict.late_by) == (late_by > 0, timedelta(seconds=late_by))
    assert verdict.due == at("13:00:00")


@pytest.mark.parametrize("field", ["result", "cause", "measures"])
def test_an_empty_text_is_refused_even_in_time(field: str) -> None:
    for texts in (FULL | {field: " \n"}, {name: text for name, text in FULL.items() if name != field}):
        verdict = report("12:59:00", texts)
        assert isinstance(verdict, ReportRefused)
        assert (verdict.reason, verdict.missing) == (ReportRefusal.INCOMPLETE, (field,))


def test_a_report_needs_a_cleared_warning_that_owes_one_and_comes_once() -> None:
    still_open = judge_report(FULL, at("12:30:00"), None, Level.RED, RULES)
    early = judge_report(FULL, at("11:59:59"), CLEARED, Level.RED, RULES)
    blue = report("12:30:00", highest=Level.BLUE)
    twice = judge_report(FULL, at("12:30:00"), CLEARED, Level.RED, RULES, already_reported=True)
    reasons = [verdict.reason for verdict in (still_open, early, blue, twice) if isinstance(verdict, ReportRefused)]
    assert reasons == [
        ReportRefusal.NOT_CLEARED, ReportRefusal.NOT_CLEARED, ReportRefusal.NOT_OWED, ReportRefusal.ALREADY_REPORTED,
    ]  # fmt: skip


def test_a_missing_report_is_overdue_from_its_due_instant_until_it_comes() -> None:
    due = at("13:00:00")
    assert not overdue(due, None, at("12:59:59"))
    assert overdue(due, None, due)
    assert not overdue(due, due, due)
    assert not overdue(due, at("13:05:00"), at("14:00:00"))
