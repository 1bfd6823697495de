"""The finding of a lost link (数据中断, DQ-13): open while a gateway is silent and no confirmed filing says why.

Q-03: never a warning. Call everything here with the enterprise's chain held.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from anlan.apps.alarms.models import Filing
from anlan.apps.alarms.selectors.filed import in_force
from anlan.apps.findings.services import closed, found
from anlan.apps.gateways import kinds
from anlan.apps.gateways.models import OfflineSpell
from anlan.apps.registry.models import Gateway, Point
from anlan.apps.registry.selectors import equipment


def explained(gateways: Collection[Gateway], at: datetime) -> set[int]:
    """Keys of the gateways whose silence a filing in force at ``at`` explains. One query when nothing is filed."""
    filings = in_force({each.enterprise_id for each in gateways}, at)
    points = _points(gateways) if filings else {}
    return {
        each.pk
        for each in gateways
        if any(row.enterprise_id == each.enterprise_id and row.covers_all(points.get(each.pk, ())) for row in filings)
    }


def lost(gateway: Gateway, at: datetime) -> None:
    """Open the finding, or count it up. ``gateway`` has its enterprise joined."""
    found(
        kinds.LINK_LOST,
        enterprise=gateway.enterprise,
        subject=_subject(gateway),
        text=f"网关 {gateway.code} 数据中断",
        at=at,
    )


def back(gateway: Gateway, at: datetime) -> None:
    """Close the finding: data comes again, or a filing explains the silence."""
    closed(kinds.LINK_LOST, subject=_subject(gateway), enterprise_code=gateway.enterprise.code, at=at)


def take_effect(filing: Filing, at: datetime) -> None:
    """Close what the filing explains: outages of gateways wholly in its scope that began within its window."""
    for gateway in _silent(filing):
        if gateway.pk in explained([gateway], at):
            back(gateway, at)


def end(filing: Filing, at: datetime) -> None:
    """A filing that was in force is over: what is still silent in its scope is found, unless another explains it."""
    for gateway in _silent(filing):
        if gateway.pk not in explained([gateway], at):
            lost(gateway, at)


def _silent(filing: Filing) -> list[Gateway]:
    """Silent gateways wholly in the scope of a filing that fell silent since its start."""
    spells = OfflineSpell.objects.by_the_machine().filter(
        enterprise=filing.enterprise_id, ended_at__isnull=True, started_at__gte=filing.starts_at
    )
    gateways = [each.gateway for each in spells.select_related("gateway__enterprise").order_by("gateway")]
    points = _points(gateways) if gateways else {}
    return [each for each in gateways if filing.covers_all(points.get(each.pk, ()))]


def _points(gateways: Collection[Gateway]) -> dict[int, list[Point]]:
    found: dict[int, list[Point]] = defaultdict(list)
    for point in equipment.points_in_use().filter(gateway__in=list(gateways)):
        found[point.gateway_id].append(point)
    return found


def _subject(gateway: Gateway) -> str:
    return f"gateway:{gateway.code}"
