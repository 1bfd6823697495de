"""The settings object and the rulebook say the same."""

from __future__ import annotations

from datetime import timedelta

from anlan.rules.rulebook import Kind, load
from anlan.rules.settings import ClearUnconfirmed, CpSlot, WarningSettings


def test_defaults_are_those_of_the_rulebook() -> None:
    assert WarningSettings.of(load()) == WarningSettings()


def test_other_values_arrive() -> None:
    rules = load().replaced(
        {
            "cp_slot": "park_first",
            "flap_guard_minutes": 10,
            "blue_to_cp": True,
            "clear_unconfirmed": "refuse",
            "orange_copy_to_enterprise": True,
        }
    )
    assert WarningSettings.of(rules) == WarningSettings(
        CpSlot.PARK_FIRST, timedelta(minutes=10), True, ClearUnconfirmed.REFUSE, True
    )


def test_every_choice_of_the_rulebook_is_a_choice_here() -> None:
    rules = load()
    assert set(rules.entry("cp_slot").choices) == set(CpSlot)
    assert set(rules.entry("clear_unconfirmed").choices) == set(ClearUnconfirmed)
    assert rules.entry("cp_slot").kind is Kind.LOCAL_SETTING
