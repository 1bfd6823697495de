"""The registry as the stream sees it: one `PointSpec` a point, and a cheap way to notice that it changed."""

from __future__ import annotations

from django.db.models import Count, Max, Sum

from anlan.apps.registry.selectors import equipment
from anlan.stream.points import PointSpec

_PLAIN = [
    "code",
    "unit",
    "range_min",
    "range_max",
    "ll",
    "l",
    "h",
    "hh",
    "deadband",
    "on_delay_s",
    "off_delay_s",
    "flatline_s",
    "period_s",
    "no_data_s",
    "decimals",
]


def point_specs() -> list[PointSpec]:
    """All points in use, of active gateways of active enterprises, in order of code. Machine's own read."""
    rows = (
        equipment.points_in_use()
        .order_by("code")
        .values_list("enterprise__code", "gateway__code", "source__code", *_PLAIN)
    )
    return [
        PointSpec(enterprise=enterprise, gateway=gateway, source=source or "", **dict(zip(_PLAIN, plain, strict=True)))
        for enterprise, gateway, source, *plain in rows.iterator()
    ]


def registry_version() -> tuple[int, ...]:
    """Figures that differ when a point was added, changed (its revision grew) or switched off. One cheap query."""
    found = equipment.points_in_use().aggregate(number=Count("pk"), newest=Max("pk"), revisions=Sum("revision"))
    return (found["number"], found["newest"] or 0, found["revisions"] or 0)
