"""How far history reaches: for the auditor, which compares it with what has arrived."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connections, router
from django.db.models import Max

from anlan.apps.history.models import Block, Grain
from anlan.apps.history.selectors.stored import EPOCH, LENGTH_US

GATEWAYS_AT_ONCE = 500


def stored_until(gateways: Iterable[str]) -> dict[str, datetime]:
    """The end of the newest block of each gateway that has one. Machine's own read, one index look per gateway."""
    rows = (
        Block.objects.filter(gateway__in=list(gateways))
        .values_list("gateway", "grain")
        .order_by("gateway", "grain")
        .annotate(newest=Max("start_us"))
    )
    until: dict[str, datetime] = {}
    for gateway, grain, start_us in rows:
        end = EPOCH + timedelta(microseconds=start_us + LENGTH_US[grain])
        until[gateway] = max(end, until.get(gateway, end))
    return until


def newest_frames(gateways: Iterable[str]) -> dict[str, int]:
    """Where the newest row of each gateway that has one begins, epoch µs: what is older came late.

    Machine's own read: one query for `GATEWAYS_AT_ONCE`, in it two index looks a gateway. A grouped maximum would walk
    through every row that there is.
    """
    found: dict[str, int] = {}
    codes = list(gateways)
    for at in range(0, len(codes), GATEWAYS_AT_ONCE):
        part = codes[at : at + GATEWAYS_AT_ONCE]
        with connections[router.db_for_read(Block)].cursor() as cursor:
            newest = f"SELECT MAX(start_us) FROM {Block._meta.db_table} WHERE gateway = asked.code AND grain = %s"
            given = ", ".join(["(%s)"] * len(part))
            looks = ", ".join([f"({newest})"] * len(Grain.values))
            cursor.execute(
                f"WITH asked(code) AS (VALUES {given}) SELECT code, {looks} FROM asked", [*part, *Grain.values]
            )
            for code, *starts in cursor.fetchall():
                if known := [start for start in starts if start is not None]:
                    found[code] = max(known)
    return found
