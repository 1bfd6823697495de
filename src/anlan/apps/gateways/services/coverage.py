"""Whether everything that must be connected is (MON-01): what is declared and never delivered is a finding, by name."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from anlan.apps.alarms.selectors.filed import in_force, never_delivered
from anlan.apps.findings.services import closed, found
from anlan.apps.gateways import kinds
from anlan.apps.registry.models import Enterprise, Gas, Point
from anlan.apps.registry.selectors import equipment
from anlan.rules.coverage import Coverage, coverage

MUST_CONNECT = (Gas.COMBUSTIBLE, Gas.TOXIC)


def coverage_of(enterprise: Enterprise, at: datetime) -> Coverage:
    """What is declared against what is connected. Machine's own read.

    Connected is a point that is in use, whose gateway has sent data, and that has itself delivered a value; a source is
    connected when one of its points is. A point that was switched off under a confirmed filing in force counts as
    connected. What was declared but not even registered is counted under a running number.
    """
    points = equipment.points_of(enterprise)
    delivering = points.filter(is_active=True, gateway__link__last_received_at__isnull=False).exclude(
        pk__in=never_delivered()
    )
    sources = equipment.source_names(enterprise)
    gas = {point.code: f"{point.tag} {point.name}" for point in points.filter(gas__in=MUST_CONNECT)}
    off = _switched_off_by_leave(points.filter(is_active=False).select_related("source"), enterprise, at)
    fed = {code for code in delivering.values_list("source__code", flat=True) if code in sources}
    fed |= {point.source.code for point in off if point.source}
    there = set(delivering.filter(gas__in=MUST_CONNECT).values_list("code", flat=True)) | {point.code for point in off}
    return coverage(
        _declared(sources, enterprise.declared_sources, "未登记的重大危险源"),
        [f"{code} {sources[code]}" for code in fed],
        _declared(gas, enterprise.declared_gas_points, "未登记的气体监测点"),
        [f"{code} {gas[code]}" for code in there if code in gas],
    )


def _switched_off_by_leave(points: Iterable[Point], enterprise: Enterprise, at: datetime) -> list[Point]:
    switched_off = list(points)
    filings = in_force([enterprise.pk], at) if switched_off else []
    return [point for point in switched_off if any(filing.covers(point) for filing in filings)]


@transaction.atomic
def check_coverage(enterprise: Enterprise, at: datetime) -> Coverage:
    """Open one finding for every gap and close those of gaps that are no more. Repeating it opens nothing twice."""
    result = coverage_of(enterprise, at)
    code = enterprise.code
    for name in result.missing:
        found(
            kinds.POINT_MISSING,
            enterprise=enterprise,
            subject=_subject(code, name),
            text=f"未接入：{name}",
            at=at,
        )
    still = {_subject(code, name) for name in result.missing}
    for finding in enterprise.findings.filter(kind=kinds.POINT_MISSING, state="open"):
        if finding.subject not in still:
            closed(kinds.POINT_MISSING, subject=finding.subject, enterprise_code=code, at=at)
    return result


def _declared(registered: dict[str, str], number: int, unregistered: str) -> list[str]:
    names = [f"{code} {name}" for code, name in registered.items()]
    return names + [f"{unregistered} {count}" for count in range(len(names) + 1, number + 1)]


def _subject(enterprise: str, name: str) -> str:
    return f"coverage:{enterprise}:{name}"[:80]
