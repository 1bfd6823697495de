"""The limits that alarm performance is held against as shipped: those of the standard, one by one."""

from __future__ import annotations

import pytest

from anlan.rules.metrics import PERFORMANCE
from anlan.rules.metrics.alarming import _LIMITS, MIX
from anlan.rules.rulebook import load

SHIPPED = {
    "alarm_per_day": (150, 300),
    "alarm_per_hour": (6, 12),
    "alarm_per_ten_minutes": (1, 2),
    "alarm_hours_over": (None, 1),
    "alarm_periods_over": (None, 1),
    "alarm_most": (None, 10),
    "alarm_flood_share": (None, 1),
    "alarm_top_ten_share": (1, 5),
    "alarm_chattering": (None, 0),
    "alarm_stale": (None, 5),
}


@pytest.mark.parametrize("metric", SHIPPED)
def test_every_figure_is_held_against_the_limit_of_the_standard(metric: str) -> None:
    rules, (target, limit, _per_console) = load(), _LIMITS[metric]
    assert (rules.number(target) if target else None, rules.number(limit)) == SHIPPED[metric]


def test_every_figure_has_its_limit_or_its_usual_share_and_what_counts_is_of_the_standard_too() -> None:
    rules = load()
    assert set(SHIPPED) | set(MIX) == set(PERFORMANCE)
    assert [rules.number(key) for key in MIX.values()] == [80, 15, 5]
    assert (rules.number("alarm_flood_start"), rules.number("alarm_flood_end")) == (10, 5)
    assert (rules.number("alarm_chatter_transitions"), rules.number("alarm_chatter_seconds")) == (3, 60)
    assert rules.number("alarm_stale_hours") == 24
    assert (rules.number("kpi_hours_over_alarms"), rules.number("kpi_periods_over_alarms")) == (30, 10)
