"""Warnings nobody opened."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from anlan.rules.level import Level
from anlan.rules.rulebook import load
from anlan.rules.unopened import never_opened

RULES = load()
T0 = datetime.fromisoformat("2024-03-01T08:00:00+08:00")


@pytest.mark.parametrize(("level", "minutes"), [(Level.RED, 30), (Level.ORANGE, 60), (Level.YELLOW, 60)])
def test_the_limit_is_the_first_step_of_the_level(level: Level, minutes: int) -> None:
    limit = T0 + timedelta(minutes=minutes)
    assert not never_opened(level, T0, None, limit - timedelta(seconds=1), RULES)
    assert never_opened(level, T0, None, limit, RULES)
    assert not never_opened(level, T0, limit, limit + timedelta(days=1), RULES)
    assert never_opened(level, T0, limit + timedelta(seconds=1), limit + timedelta(days=1), RULES)


def test_blue_has_no_tracker_to_open_it() -> None:
    assert not never_opened(Level.BLUE, T0, None, T0 + timedelta(days=3), RULES)


def test_another_limit_by_setting() -> None:
    rules = RULES.replaced({"unopened_red_minutes": 5})
    assert never_opened(Level.RED, T0, None, T0 + timedelta(minutes=5), rules)
