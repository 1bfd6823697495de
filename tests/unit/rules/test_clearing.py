"""Who may clear, and not while the cause stands."""

from __future__ import annotations

import pytest

from anlan.rules.clearing import ClearRefusal, Lowered, LoweringRefused, OpenWarning, judge_lowering
from anlan.rules.level import Level
from anlan.rules.settings import ClearUnconfirmed, WarningSettings

AUTO = WarningSettings()
REFUSE = WarningSettings(clear_unconfirmed=ClearUnconfirmed.REFUSE)


def test_nobody_clears_while_the_pressure_stands_above_high_high() -> None:
    warning = OpenWarning(Level.ORANGE, Level.ORANGE, confirmed=True, causes=("压力 1.62 MPa 高于高高限 1.60 MPa",))
    verdict = judge_lowering(warning, Level.NONE, "丙", AUTO)
    assert isinstance(verdict, LoweringRefused)
    assert verdict.reason is ClearRefusal.CAUSE_STANDS
    assert "高于高高限" in verdict.detail


def test_nobody_lowers_below_what_the_data_support() -> None:
    warning = OpenWarning(Level.RED, Level.ORANGE, confirmed=True)
    refused = judge_lowering(warning, Level.YELLOW, "丙", AUTO)
    assert isinstance(refused, LoweringRefused)
    assert "橙色预警" in refused.detail
    assert judge_lowering(warning, Level.ORANGE, "丙", AUTO) == Lowered(Level.ORANGE, False)


def test_a_manual_warning_is_cleared_by_its_issuer() -> None:
    warning = OpenWarning(Level.YELLOW, Level.NONE, confirmed=True, manual=Level.YELLOW, issuer="市值班员")
    refused = judge_lowering(warning, Level.NONE, "丙", AUTO)
    assert isinstance(refused, LoweringRefused)
    assert refused.reason is ClearRefusal.NOT_ISSUER
    assert judge_lowering(warning, Level.NONE, "市值班员", AUTO) == Lowered(Level.NONE, False)


def test_even_the_issuer_cannot_clear_what_the_data_support() -> None:
    warning = OpenWarning(Level.RED, Level.BLUE, confirmed=True, manual=Level.RED, issuer="市值班员")
    assert isinstance(judge_lowering(warning, Level.NONE, "市值班员", AUTO), LoweringRefused)
    assert isinstance(judge_lowering(warning, Level.BLUE, "市值班员", AUTO), Lowered)


def test_clearing_unconfirmed_confirms_with_a_mark_or_is_refused_by_setting() -> None:
    warning = OpenWarning(Level.YELLOW, Level.NONE, confirmed=False)
    assert judge_lowering(warning, Level.NONE, "system", AUTO) == Lowered(Level.NONE, confirmed_automatically=True)
    refused = judge_lowering(warning, Level.NONE, "system", REFUSE)
    assert isinstance(refused, LoweringRefused)
    assert refused.reason is ClearRefusal.UNCONFIRMED
    assert judge_lowering(warning, Level.BLUE, "system", REFUSE) == Lowered(Level.BLUE, False)


@pytest.mark.parametrize("requested", [Level.YELLOW, Level.RED])
def test_a_level_not_lower_is_no_lowering(requested: Level) -> None:
    verdict = judge_lowering(OpenWarning(Level.YELLOW, Level.NONE, True), requested, "丙", AUTO)
    assert isinstance(verdict, LoweringRefused)
    assert verdict.reason is ClearRefusal.NOT_LOWER
