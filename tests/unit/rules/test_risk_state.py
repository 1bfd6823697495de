"""Risk level of sources and enterprises, and the seven-day flag."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from anlan.rules.level import Level
from anlan.rules.risk_state import LevelSpan, RiskWindow, larger_risk_lately, risk_of_enterprise, risk_of_source

NOW = datetime.fromisoformat("2024-03-20T16:00:00+08:00")


def orange(days_ago: int, start: str = "14:00", end: str = "15:00") -> LevelSpan:
    day = (NOW - timedelta(days=days_ago)).date().isoformat()
    since, until = (datetime.fromisoformat(f"{day}T{clock}:00+08:00") for clock in (start, end))
    return LevelSpan(Level.ORANGE, since, until)


@pytest.mark.req("MON-08")
def test_the_level_is_the_highest_active_warning_and_history_answers_for_seven_days() -> None:
    assert risk_of_source([Level.BLUE]).risk == "低"
    assert larger_risk_lately([orange(6)], NOW)
    assert not larger_risk_lately([orange(8)], NOW)
    assert risk_of_source([]).risk == "低"
    assert risk_of_enterprise([risk_of_source([]), risk_of_source([Level.YELLOW]), Level.BLUE]) is Level.YELLOW
    assert risk_of_enterprise([]).risk == "低"


def test_seven_calendar_days_are_the_day_and_the_six_before() -> None:
    assert larger_risk_lately([orange(6, "00:00", "00:01")], NOW)
    assert not larger_risk_lately([orange(7, "23:00", "23:59")], NOW)


def test_the_rolling_window_is_168_hours() -> None:
    assert larger_risk_lately([orange(7, "15:30", "16:30")], NOW, window=RiskWindow.ROLLING)
    assert not larger_risk_lately([orange(7, "15:00", "16:00")], NOW, window=RiskWindow.ROLLING)


def test_yellow_is_not_larger_and_a_lasting_red_is() -> None:
    long_ago = NOW - timedelta(days=100)
    assert not larger_risk_lately([LevelSpan(Level.YELLOW, long_ago, None)], NOW)
    assert larger_risk_lately([LevelSpan(Level.RED, long_ago, None)], NOW)
