"""Whether a point is described so that it can be judged (数据质量管理办法 第五条; MON-03, DQ-05, DQ-06).

Gives problem codes with a Chinese text; must never repair what an enterprise declared.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from anlan.rules.grading import Gas


class Problem(StrEnum):
    """What is wrong with a point."""

    NO_DEVICE = "no_device"
    NO_UNIT = "no_unit"
    NO_THRESHOLD = "no_threshold"
    THRESHOLD_ORDER = "threshold_order"
    THRESHOLD_OUTSIDE_RANGE = "threshold_outside_range"
    THRESHOLD_PLACEHOLDER = "threshold_placeholder"
    RANGE_EMPTY = "range_empty"
    GAS_LOW_LIMIT = "gas_low_limit"
    GAS_NO_HIGH_LIMIT = "gas_no_high_limit"
    OXYGEN_ONE_SIDED = "oxygen_one_sided"
    DUPLICATE_NAME = "duplicate_name"
    NEAR_DUPLICATE_NAME = "near_duplicate_name"


PROBLEM_TEXTS: dict[Problem, str] = {
    Problem.NO_DEVICE: "测点未关联设备设施",
    Problem.NO_UNIT: "测点未注明计量单位",
    Problem.NO_THRESHOLD: "测点未设置任何阈值",
    Problem.THRESHOLD_ORDER: "阈值不符合 低低限 < 低限 < 高限 < 高高限",
    Problem.THRESHOLD_OUTSIDE_RANGE: "阈值超出仪表量程",
    Problem.THRESHOLD_PLACEHOLDER: "阈值疑似占位值（9999 一类）",
    Problem.RANGE_EMPTY: "量程下限不小于上限",
    Problem.GAS_LOW_LIMIT: "可燃、有毒气体测点只设高限，不设低限",
    Problem.GAS_NO_HIGH_LIMIT: "可燃、有毒气体测点未设高限",
    Problem.OXYGEN_ONE_SIDED: "氧气测点须同时设低限和高限",
    Problem.DUPLICATE_NAME: "同一设备上已有同名测点，可用前缀或后缀区分，例如“塔顶温度”“塔底温度”",
    Problem.NEAR_DUPLICATE_NAME: "与同一设备上的另一测点名称几乎相同，请用前缀或后缀明确区分",
}
"""The Chinese text of every problem, to be shown with it."""

PLACEHOLDERS = frozenset({999.0, 9999.0, 99999.0, 999999.0, -999.0, -9999.0})
"""Numbers that stand for "nobody filled this in". 0 is none of them: it is a real limit of many points."""


@dataclass(frozen=True, slots=True)
class DeclaredPoint:
    """A point as an enterprise declares it; limits and range None where not given."""

    name: str
    device: str
    unit: str
    gas: Gas = Gas.NONE
    ll: float | None = None
    l: float | None = None  # noqa: E741 - the four limits have these names everywhere in the field
    h: float | None = None
    hh: float | None = None
    range_min: float | None = None
    range_max: float | None = None

    @property
    def limits(self) -> tuple[float, ...]:
        """The limits given, from the lowest to the highest by their meaning."""
        return tuple(limit for limit in (self.ll, self.l, self.h, self.hh) if limit is not None)


def problems_of(point: DeclaredPoint) -> list[Problem]:
    """Everything wrong with one point by itself, each once; empty when it can be accepted."""
    found: list[Problem] = []
    if not point.device.strip():
        found.append(Problem.NO_DEVICE)
    if not point.unit.strip():
        found.append(Problem.NO_UNIT)
    limits = point.limits
    if not limits:
        found.append(Problem.NO_THRESHOLD)
    if any(lower >= upper for lower, upper in pairwise(limits)):
        found.append(Problem.THRESHOLD_ORDER)
    found += _against_range(point)
    filled_in = point.range_max is not None  # inside a declared range even 9999 may be meant
    if any(not math.isfinite(limit) or (limit in PLACEHOLDERS and not filled_in) for limit in limits):
        found.append(Problem.THRESHOLD_PLACEHOLDER)
    return found + _gas_problems(point)


def duplicate_problems(points: Iterable[DeclaredPoint]) -> Mapping[int, Problem]:
    """Names that cannot be told apart on one device, by the point's place in the order given.

    The first of its name is kept; the later ones carry the problem. Blanks, width and case make a near duplicate.
    """
    exact: set[tuple[str, str]] = set()
    near: set[tuple[str, str]] = set()
    found: dict[int, Problem] = {}
    for place, point in enumerate(points):
        name = point.name.strip()
        if (point.device, name) in exact:
            found[place] = Problem.DUPLICATE_NAME
        elif (point.device, _folded(name)) in near:
            found[place] = Problem.NEAR_DUPLICATE_NAME
        exact.add((point.device, name))
        near.add((point.device, _folded(name)))
    return found


def _against_range(point: DeclaredPoint) -> list[Problem]:
    low, high = point.range_min, point.range_max
    if low is not None and high is not None and low >= high:
        return [Problem.RANGE_EMPTY]
    outside = any((low is not None and limit < low) or (high is not None and limit > high) for limit in point.limits)
    return [Problem.THRESHOLD_OUTSIDE_RANGE] if outside else []


def _gas_problems(point: DeclaredPoint) -> list[Problem]:
    if point.gas in (Gas.COMBUSTIBLE, Gas.TOXIC):
        low_limit = [Problem.GAS_LOW_LIMIT] if point.l is not None or point.ll is not None else []
        no_high = point.limits and point.h is None and point.hh is None
        return low_limit + ([Problem.GAS_NO_HIGH_LIMIT] if no_high else [])
    if point.gas is Gas.OXYGEN and point.limits:
        low = point.l is not None or point.ll is not None
        high = point.h is not None or point.hh is not None
        return [] if low and high else [Problem.OXYGEN_ONE_SIDED]
    return []


def _folded(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())
