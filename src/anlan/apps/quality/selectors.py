"""What the checks are shown of an enterprise, and what pages are told of their findings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import Count, Q, QuerySet

from anlan.apps.findings.models import Finding, FindingState
from anlan.apps.findings.selectors import findings_visible
from anlan.apps.history.selectors.daily import minutes_between
from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import DeviceKind, Enterprise, Point
from anlan.apps.registry.selectors import equipment, whole
from anlan.rules import quality
from anlan.rules.quality import CHECKS, OTHERS, PROPERTIES, Minute, Plant, Property

HOLDING = frozenset(
    {DeviceKind.TANK, DeviceKind.UNIT, DeviceKind.WAREHOUSE, DeviceKind.PIPELINE, DeviceKind.PROCESS_UNIT}
)
"""Kinds of devices that hold or move a substance."""
MINUTE_US = 60_000_000
DAYS = 30
"""Days whose open findings are told of one enterprise."""


def plant_of(enterprise: Enterprise, at: datetime) -> Plant:
    """The register of one enterprise as the checks see it. Machine's own read; a fixed number of queries."""
    cameras = list(whole.cameras_of(enterprise))
    return Plant(
        code=enterprise.code,
        sources=equipment.source_names(enterprise),
        devices=[
            quality.Device(
                code=row.code, name=row.name, needs_medium=row.kind in HOLDING, medium=row.medium,
                state=row.medium_state, place=row.location, source=row.source.code if row.source else "",
            )
            for row in whole.devices_of(enterprise)
        ],
        points=[point_of(row) for row in whole.used_points_of(enterprise)],
        filmed=frozenset(row.source.code for row in cameras if row.source and row.is_key),
        has_control_room=any(row.is_control_room for row in cameras),
        left=[
            (row.source.code, str(row.get_post_display()), row.person.name)
            for row in whole.holders_who_left(enterprise, at)
        ],
    )  # fmt: skip


def point_of(row: Point) -> quality.Point:
    """A point as the checks see it; ``device`` and ``source`` joined."""
    return quality.Point(
        code=row.code, tag=row.tag, name=row.name, unit=row.unit, device=row.device.code, bottom=row.range_min,
        top=row.range_max, is_gas=bool(row.gas), ll=row.ll, l=row.l, h=row.h, hh=row.hh,
        source=row.source.code if row.source else "",
    )  # fmt: skip


def next_devices(enterprise: Enterprise, after: str, most: int) -> tuple[list[Point], str]:
    """The points in use of the devices behind the code ``after``, about ``most`` of them and whole devices; and the
    code of the last one, empty when there are none behind it. Machine's own read."""
    rows = list(
        whole.used_points_of(enterprise).filter(device__code__gt=after).order_by("device__code", "code")[: most + 1]
    )
    if len(rows) <= most:
        return rows, ""
    last = rows[-1].device.code
    parted = [row for row in rows if row.device.code != last]
    if not parted:  # one device with more points than that
        parted = list(whole.used_points_of(enterprise).filter(device__code=last))
    return parted, parted[-1].device.code


def measured(rows: list[Point], start: datetime, end: datetime) -> list[tuple[Point, list[Minute]]]:
    """What these points measured, minute by minute. Machine's own read."""
    found = minutes_between(rows, start, end)
    return [(row, _minutes(found[row.code])) for row in rows]


def _minutes(parts: Iterable[Any]) -> list[Minute]:
    told = [
        Minute(int(at) // MINUTE_US, float(low), float(high), float(mean), int(count))
        for part in parts
        for at, low, high, mean, count in zip(
            part.start_us, part.lowest, part.highest, part.mean, part.count, strict=True
        )
        if np.isfinite(mean)
    ]
    return sorted(told, key=lambda minute: minute.number)


@dataclass(frozen=True)
class OfProperty:
    """How one property stands: ``days``: open findings at the end of each of the last thirty days, oldest first."""

    key: str
    title: str
    articles: str
    unclosed: int
    suspected: int
    days: list[int]


def kinds_of(properties: Iterable[str] = tuple(map(str, PROPERTIES))) -> list[str]:
    """Kinds of findings that are about data, of some properties."""
    wanted = set(properties)
    own = [key for key, check in CHECKS.items() if str(check.kind) in wanted]
    return own + [key for key, (kind, _, _) in OTHERS.items() if str(kind) in wanted]


def in_focus() -> list[str]:
    """Kinds that are looked at first (DQ-15)."""
    own = [key for key, check in CHECKS.items() if check.in_focus]
    return own + [key for key, (_, _, focus) in OTHERS.items() if focus]


def property_of(kind: str) -> tuple[str, str]:
    """The property that a kind is about and the article, in words; empty for what is not about data."""
    if kind in CHECKS:
        check = CHECKS[kind]
        return PROPERTIES[check.kind], check.article
    if kind in OTHERS:
        prop, article, _ = OTHERS[kind]
        return PROPERTIES[prop], article
    return "", ""


def quality_findings(scope: Scope) -> QuerySet[Finding]:
    """Every finding about data in scope."""
    return findings_visible(scope).filter(kind__in=kinds_of())


def summary(scope: Scope, now: datetime, enterprise: Enterprise | None = None) -> list[OfProperty]:
    """Every property with its open findings in a scope, in one query; of one enterprise in it also how they were for
    thirty days, in another."""
    rows = quality_findings(scope)
    if enterprise is not None:
        rows = rows.filter(enterprise=enterprise)
    unclosed = rows.exclude(state=FindingState.CLOSED).order_by().values("kind")
    suspected = Count("pk", filter=Q(state=FindingState.SUSPECTED))
    counts = {row["kind"]: row for row in unclosed.annotate(number=Count("pk"), suspected=suspected)}
    lives: list[Any] = []
    if enterprise is not None:
        stood = rows.filter(Q(closed_at__isnull=True) | Q(closed_at__gte=now - DAYS * timedelta(days=1)))
        lives = list(stood.order_by().values_list("kind", "found_at", "closed_at"))
    return [_of_property(prop, counts, lives, now) for prop in Property]


def _of_property(prop: Property, counts: dict[str, Any], lives: list[Any], now: datetime) -> OfProperty:
    mine = set(kinds_of([prop]))
    ends = [now - timedelta(days=DAYS - 1 - day) for day in range(DAYS)]
    own = [(found, closed) for kind, found, closed in lives if kind in mine]
    articles = sorted({property_of(kind)[1] for kind in mine}, key=quality.ARTICLES.index)
    short = "、".join(each.removeprefix(f"{quality.DOCUMENT} ") for each in articles)
    return OfProperty(
        key=str(prop), title=PROPERTIES[prop], articles=short,
        unclosed=sum(counts[kind]["number"] for kind in mine if kind in counts),
        suspected=sum(counts[kind]["suspected"] for kind in mine if kind in counts),
        days=[sum(found <= end and (closed is None or closed > end) for found, closed in own) for end in ends],
    )  # fmt: skip
