"""How far history reaches: for the auditor, which compares it with what has arrived."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Max

from anlan.apps.history.models import Block
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
