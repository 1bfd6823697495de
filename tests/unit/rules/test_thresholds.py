"""Points that can be judged, and those that cannot."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.rules.grading import Gas
from anlan.rules.thresholds import PROBLEM_TEXTS, DeclaredPoint, Problem, duplicate_problems, problems_of

LEVEL = DeclaredPoint("液位", "G0001", "m", ll=0.5, l=1.0, h=8.0, hh=9.0, range_min=0, range_max=10)
GAS = DeclaredPoint("可燃气体", "Q0001", "%LEL", Gas.COMBUSTIBLE, h=25, hh=50, range_min=0, range_max=100)
OXYGEN = DeclaredPoint("氧含量", "Q0002", "%VOL", Gas.OXYGEN, l=19.5, h=23.5, range_min=0, range_max=30)


@pytest.mark.parametrize("point", [LEVEL, GAS, OXYGEN, replace(LEVEL, ll=None, l=None, hh=None)])
def test_a_well_described_point_has_no_problem(point: DeclaredPoint) -> None:
    assert problems_of(point) == []


@pytest.mark.parametrize(
    ("point", "problem"),
    [
        (replace(LEVEL, device=" "), Problem.NO_DEVICE),
        (replace(LEVEL, unit=""), Problem.NO_UNIT),
        (replace(LEVEL, ll=None, l=None, h=None, hh=None), Problem.NO_THRESHOLD),
        (replace(LEVEL, l=8.0), Problem.THRESHOLD_ORDER),
        (replace(LEVEL, ll=1.5), Problem.THRESHOLD_ORDER),
        (replace(LEVEL, hh=7.0), Problem.THRESHOLD_ORDER),
        (replace(LEVEL, hh=10.5), Problem.THRESHOLD_OUTSIDE_RANGE),
        (replace(LEVEL, ll=-1.0), Problem.THRESHOLD_OUTSIDE_RANGE),
        (replace(LEVEL, range_max=None, hh=9999.0), Problem.THRESHOLD_PLACEHOLDER),
        (replace(LEVEL, hh=float("nan")), Problem.THRESHOLD_PLACEHOLDER),
        (replace(LEVEL, range_max=0), Problem.RANGE_EMPTY),
        (replace(GAS, l=5.0), Problem.GAS_LOW_LIMIT),
        (replace(GAS, h=None, hh=None, l=5.0), Problem.GAS_NO_HIGH_LIMIT),
        (replace(OXYGEN, h=None), Problem.OXYGEN_ONE_SIDED),
    ],
)
def test_each_fault_is_named(point: DeclaredPoint, problem: Problem) -> None:
    assert problem in problems_of(point)


def test_same_name_on_one_device_is_refused_with_a_hint() -> None:
    points = [
        DeclaredPoint("温度", "R-101", "℃", h=80),
        DeclaredPoint("温度", "R-101", "℃", h=90),
        DeclaredPoint("温度", "R-102", "℃", h=90),
        DeclaredPoint("T-101A", "R-101", "℃", h=90),
        DeclaredPoint("T-101 A", "R-101", "℃", h=90),
        DeclaredPoint("T-101B", "R-101", "℃", h=90),
    ]
    assert duplicate_problems(points) == {1: Problem.DUPLICATE_NAME, 4: Problem.NEAR_DUPLICATE_NAME}
    assert "前缀或后缀" in PROBLEM_TEXTS[Problem.DUPLICATE_NAME]


def test_every_problem_has_a_text() -> None:
    assert set(PROBLEM_TEXTS) == set(Problem)


@given(st.lists(st.floats(0, 10, allow_nan=False), min_size=4, max_size=4, unique=True))
def test_four_limits_are_in_order_exactly_when_sorted(limits: list[float]) -> None:
    ll, low, h, hh = limits
    found = problems_of(replace(LEVEL, ll=ll, l=low, h=h, hh=hh))
    assert (Problem.THRESHOLD_ORDER in found) == (limits != sorted(limits))
