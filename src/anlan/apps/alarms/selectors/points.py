"""The registry as the stream sees it: one `PointSpec` a point, and a cheap way to notice that it changed."""

from __future__ import annotations

from collections.abc import Collection
from operator import attrgetter
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Max, Sum

from anlan.apps.registry.selectors import equipment, revisions
from anlan.database.instants import micros
from anlan.stream.partition import partition_of
from anlan.stream.points import PointSpec

_COLUMNS = PointSpec.__struct_fields__[4:-1]
"""Fields of a point that have the same name there; before them stand code, enterprise, gateway and source, and behind
them since when all of that holds."""
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
        every = equipment.active_points(named).values_list(
            "code", "enterprise", "gateway", "source", *_COLUMNS, "valid_from"
        )
        rows = list(every) if few is not None else every.iterator(chunk_size=CHUNK)
        gateways = equipment.active_gateways({row[2] for row in rows} if few is not None else None)
        sources = equipment.sources({row[3] for row in rows} if few is not None else None)
        found = [
            PointSpec(code, homes[enterprise], gateways[gateway], sources.get(source, ""), *_since_in_micros(plain))
            for code, enterprise, gateway, source, *plain in rows
            if enterprise in homes and gateway in gateways
        ]
    found.sort(key=attrgetter("code"))
    return found


def _since_in_micros(plain: list[Any]) -> list[Any]:
    if plain[-1] is not None:
        plain[-1] = micros(plain[-1])
    return plain


def specs_of(codes: Collection[str]) -> dict[str, PointSpec]:
    """Registered points by code as they are set now, in use or not; codes that are none are left out. Machine's own."""
    columns = ("code", "enterprise__code", "gateway__code", "source__code", *_COLUMNS)
    # since when it holds is for who judges samples of earlier times
    rows = equipment.points_with(codes).values_list(*columns)
    return {code: PointSpec(code, home, gateway, source or "", *plain) for code, home, gateway, source, *plain in rows}


def former_settings(codes: Collection[str]) -> dict[str, list[tuple[int, dict[str, Any]]]]:
    """By code what points were set to before, oldest first, each until an instant in epoch µs, as the kernel asks for
    it (`stream.kernel.former`). Machine's own."""
    known = set(_COLUMNS)
    return {
        code: [(micros(until), {name: v for name, v in values.items() if name in known}) for until, values in settings]
        for code, settings in revisions.former_settings(codes).items()
    }


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
