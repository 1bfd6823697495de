"""The registry as the stream sees it: one `PointSpec` a point, and a cheap way to notice that it changed."""

from __future__ import annotations

from collections.abc import Collection
from operator import attrgetter

from django.db import connection, transaction
from django.db.models import Count, Max, Sum

from anlan.apps.registry.selectors import equipment
from anlan.stream.partition import partition_of
from anlan.stream.points import PointSpec

_COLUMNS = PointSpec.__struct_fields__[4:]
"""Fields of a point that have the same name there; before them stand code, enterprise, gateway and source."""
CHUNK = 20_000


def point_specs(enterprises: Collection[str] | None = None) -> list[PointSpec]:
    """Points in use, of active gateways of active enterprises, in order of code; of all, or of these. Machine's own.

    Half a million at a start: codes are put in here, so that the database neither joins nor sorts. PostgreSQL is given
    the keys of thousands of enterprises too: it looks them up while it reads, and sends only what is asked for.
    """
    with transaction.atomic():  # a cursor of PostgreSQL then hands out rows while it finds them
        homes = equipment.active_enterprises(enterprises)
        few = list(homes) if len(homes) <= equipment.AT_ONCE else None
        named = few if enterprises is None or connection.vendor == "sqlite" else list(homes)
        every = equipment.active_points(named).values_list("code", "enterprise", "gateway", "source", *_COLUMNS)
        rows = list(every) if few is not None else every.iterator(chunk_size=CHUNK)
        gateways = equipment.active_gateways({row[2] for row in rows} if few is not None else None)
        sources = equipment.sources({row[3] for row in rows} if few is not None else None)
        found = [
            PointSpec(code, homes[enterprise], gateways[gateway], sources.get(source, ""), *plain)
            for code, enterprise, gateway, source, *plain in rows
            if enterprise in homes and gateway in gateways
        ]
    found.sort(key=attrgetter("code"))
    return found


def specs_of(codes: Collection[str]) -> dict[str, PointSpec]:
    """Registered points by code as they are set now, in use or not; codes that are none are left out. Machine's own."""
    columns = ("code", "enterprise__code", "gateway__code", "source__code", *_COLUMNS)
    rows = equipment.points_with(codes).values_list(*columns)
    return {code: PointSpec(code, home, gateway, source or "", *plain) for code, home, gateway, source, *plain in rows}


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
