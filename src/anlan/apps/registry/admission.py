"""Lets a point into the registry, or says in Chinese everything that keeps it out (MON-03, 数据质量办法 第四、五条)."""

from __future__ import annotations

from collections.abc import Iterable

from anlan.apps.registry.models import Point
from anlan.refused import Refused
from anlan.rules import codes
from anlan.rules.grading import Gas
from anlan.rules.thresholds import PROBLEM_TEXTS, DeclaredPoint, duplicate_problems, problems_of
from anlan.stream.points import signs_in


def declared(point: Point) -> DeclaredPoint:
    """The point as the rules see it. A device that is not set yet is an empty name."""
    return DeclaredPoint(
        name=point.name,
        device=point.device.code if point.device_id else "",
        unit=point.unit,
        gas=Gas(point.gas) if point.gas else Gas.NONE,
        ll=point.ll,
        l=point.l,
        h=point.h,
        hh=point.hh,
        range_min=point.range_min,
        range_max=point.range_max,
    )


def admit(point: Point, others: Iterable[Point] | None = None) -> None:
    """Raises `Refused` with every fault that keeps a point out; arguments as for `faults_of`."""
    faults = faults_of(point, others)
    if faults:
        raise Refused(*faults)


def _missing_faults(point: Point) -> list[str]:
    try:
        signs = signs_in(point.missing)
    except ValueError:
        return ["缺测值须是数值，几个之间用分号"]
    # a number that the instrument can measure would be a hole in the watch
    inside = [f"{sign:g}" for sign in signs if point.range_min <= sign <= point.range_max]
    return [f"缺测值 {'、'.join(inside)} 在量程之内：那是测得出来的值"] if inside else []


def faults_of(point: Point, others: Iterable[Point] | None = None) -> list[str]:
    """Every fault of one point, alone and beside the ``others`` of its device; empty when it may come in.

    The others are read from the register when they are not given.
    """
    mine = declared(point)
    faults = [PROBLEM_TEXTS[problem] for problem in problems_of(mine)] + _missing_faults(point)
    if point.deadband >= point.range_max - point.range_min > 0:
        faults.append("回差不小于量程：报警发生后永远不会恢复")
    if not point.device_id:
        return faults
    scheme = next(scheme for scheme in codes.schemes() if scheme.id == point.enterprise.scheme)
    if not scheme.is_point(point.code):
        faults.append(f"“{point.code}”不是{scheme.title}的指标编码")
    elif not point.code.startswith(point.device.code):
        faults.append(f"指标编码 {point.code} 不属于设备 {point.device.code}")
    beside = point.device.points.exclude(pk=point.pk) if others is None else others
    siblings = [declared(other) for other in beside]
    clash = duplicate_problems([*siblings, mine]).get(len(siblings))
    if clash is not None:
        faults.append(PROBLEM_TEXTS[clash])
    return faults
