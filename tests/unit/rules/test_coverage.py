"""Everything declared is connected, or named."""

from __future__ import annotations

from anlan.rules.coverage import coverage


def test_one_gas_point_of_forty_is_missing_and_named() -> None:
    sources = ["罐区一", "罐区二", "合成"]
    gas = [f"可燃气体{n:02d}" for n in range(1, 41)]
    result = coverage(sources, sources, gas, gas[:16] + gas[17:])
    assert result.headline.text == "97.50 %"
    assert result.gas_points.ratio.text == "97.50 %"
    assert result.sources.ratio.text == "100.00 %"
    assert result.missing == ("可燃气体17",)


def test_a_full_class_does_not_hide_a_gap_in_the_other() -> None:
    result = coverage(["甲", "乙"], ["甲"], ["g1", "g2"], ["g1", "g2"])
    assert result.headline.text == "50.00 %"
    assert result.missing == ("乙",)


def test_an_enterprise_without_gas_points_is_judged_by_its_sources() -> None:
    assert coverage(["甲"], ["甲"], [], []).headline.text == "100.00 %"
    assert coverage([], [], [], []).headline.text == "—"


def test_what_nobody_declared_does_not_raise_the_coverage() -> None:
    result = coverage(["甲", "乙"], ["甲", "丙", "丁"], [], [])
    assert result.headline.text == "50.00 %"
