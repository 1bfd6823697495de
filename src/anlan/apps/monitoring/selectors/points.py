"""The registry as the stream sees it: one `PointSpec` a point, and a cheap way to notice that it changed."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Count, Max, Sum

from anlan.apps.monitoring.chunks import chunks
from anlan.apps.registry.selectors import equipment
from anlan.stream.partition import partition_of
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


def point_specs(enterprises: Collection[str] | None = None) -> list[PointSpec]:
    """Points in use, of active gateways of active enterprises, in order of code; of all, or of these. Machine's own."""
    in_use = equipment.points_in_use()
    parts = [in_use] if enterprises is None else [in_use.filter(enterprise__code__in=c) for c in chunks(enterprises)]
    columns = ("enterprise__code", "gateway__code", "source__code", *_PLAIN)
    return [
        PointSpec(enterprise=enterprise, gateway=gateway, source=source or "", **dict(zip(_PLAIN, plain, strict=True)))
        for part in parts
        for enterprise, gateway, source, *plain in part.order_by("code").values_list(*columns).iterator()
    ]


def registry_versions() -> dict[str, tuple[int, ...]]:
    """Per enterprise with points, figures that differ when one was added, changed (its revision grew) or switched off.

    One query; at half a million points it takes some tenths of a second, so it belongs in a thread of its own.
    """
    found = equipment.points_in_use().values("enterprise__code").order_by()
    rows = found.annotate(number=Count("pk"), newest=Max("pk"), revisions=Sum("revision"))
    return {row["enterprise__code"]: (row["number"], row["newest"], row["revisions"]) for row in rows}


def enterprises_of(partitions: Collection[int]) -> list[str]:
    """Codes of all enterprises in these partitions. Machine's own read."""
    return [code for code in equipment.enterprise_codes() if partition_of(code) in partitions]
