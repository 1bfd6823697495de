"""The four levels, their order, and the scales they are not."""

from __future__ import annotations

from enum import StrEnum
from itertools import combinations

import pytest

from anlan.rules import scales
from anlan.rules.level import LARGER_AND_ABOVE, Level, worst


@pytest.mark.req("WRN-01")
def test_levels_survive_being_text_and_compare_by_gravity() -> None:
    for level in Level:
        assert Level(str(level)) is level
        assert Level(level.value) is level
    assert Level.RED > Level.ORANGE > Level.YELLOW > Level.BLUE > Level.NONE
    assert [level for level in Level if level.at_least(Level.ORANGE)] == [Level.ORANGE, Level.RED]
    assert set(LARGER_AND_ABOVE) == {Level.RED, Level.ORANGE}
    assert [(level.colour, level.risk) for level in sorted(Level, reverse=True)] == [
        ("红", "重大"), ("橙", "较大"), ("黄", "一般"), ("蓝", "低"), ("无", "无"),
    ]  # fmt: skip


def test_the_alphabet_never_decides() -> None:
    assert max(Level.RED, Level.YELLOW) is Level.RED  # "yellow" > "red" as text
    assert sorted([Level.YELLOW, Level.RED, Level.BLUE]) == [Level.BLUE, Level.YELLOW, Level.RED]
    with pytest.raises(TypeError):
        assert Level.RED > "orange"
    with pytest.raises(TypeError):
        sorted([Level.RED, "orange"])


def test_the_worst_of_none_is_none() -> None:
    assert worst([]) is Level.NONE
    assert worst([Level.BLUE, Level.ORANGE, Level.YELLOW]) is Level.ORANGE


def test_full_names_are_those_of_the_article() -> None:
    assert Level.ORANGE.warning_name == "橙色预警（较大风险）"
    assert Level.NONE.warning_name == "无预警"


def test_six_scales_share_no_value_and_never_convert() -> None:
    six: list[type[StrEnum]] = [
        Level, scales.SupervisionGrade, scales.ParkClass, scales.DualPreventionGrade, scales.AccidentGrade,
        scales.HiddenDangerGrade,
    ]  # fmt: skip
    for one, other in combinations(six, 2):
        assert not {str(value) for value in one} & {str(value) for value in other}
        for value in one:
            with pytest.raises(ValueError, match=str(value)):
                other(str(value))


def test_every_value_of_the_other_scales_has_a_chinese_word() -> None:
    others = (scales.SupervisionGrade, scales.ParkClass, scales.DualPreventionGrade, scales.AccidentGrade,
              scales.HiddenDangerGrade)  # fmt: skip
    assert set(scales.SCALE_LABELS) == {value for scale in others for value in scale}
