"""How far history reaches: for the auditor, which compares it with what has arrived."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Max

from anlan.apps.history.models import Block, Grain
from anlan.apps.history.selectors.stored import EPOCH, LENGTH_US


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

    Machine's own read, two index looks a gateway.
    """
    found: dict[str, int] = {}
    for gateway in gateways:
        for grain in Grain.values:
            rows = Block.objects.filter(gateway=gateway, grain=grain).order_by("-start_us")
            start = rows.values_list("start_us", flat=True).first()
            if start is not None:
                found[gateway] = max(start, found.get(gateway, start))
    return found
