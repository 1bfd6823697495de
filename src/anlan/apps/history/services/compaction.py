"""Turns an hour's rows into one block and its one-minute roll-up; late data brings the hour up again."""

from __future__ import annotations

from collections.abc import Callable, Collection

from django.db import transaction

from anlan.apps.history.models import Block, Grain, Rollup, packed
from anlan.apps.history.services.damage import flag_damaged
from anlan.stream.blocks import BlockError, compact, header
from anlan.stream.partition import partition_of
from anlan.stream.rollup import roll_up

HISTORY = "history"
HOUR_US = 3_600_000_000


def hours_to_compact(
    before_us: int, limit: int = 200, partitions: Collection[int] | None = None
) -> list[tuple[str, int]]:
    """(gateway, start of hour) of hours with minute rows that ended before ``before_us``, oldest first.

    ``partitions``: only of enterprises in these, None for all.
    """
    last_start = before_us - HOUR_US
    rows = (
        Block.objects.filter(
            grain=Grain.MINUTE, damaged_us=None, start_us__lt=last_start // HOUR_US * HOUR_US + HOUR_US
        )
        .order_by("start_us", "gateway")
        .values_list("gateway", "start_us", "enterprise")
    )
    hours: dict[tuple[str, int], None] = {}
    for gateway, start, enterprise in rows.iterator(chunk_size=limit * 60):
        hour = start // HOUR_US * HOUR_US
        if hour + HOUR_US <= before_us and (partitions is None or partition_of(enterprise) in partitions):
            hours[gateway, hour] = None
            if len(hours) >= limit:
                break
    return list(hours)


@transaction.atomic(using=HISTORY)
def compact_hour(gateway: str, hour_us: int, guard: Callable[[str], None] | None = None) -> int:
    """Put all rows of one gateway and hour into one; returns how many rows it took the place of.

    ``guard(enterprise)`` raises when the rows are no longer the caller's to touch; nothing is changed then.
    A row that is damaged is flagged and stays beside the others. Repeating it changes nothing.
    """
    rows = list(
        Block.objects.select_for_update()
        .filter(gateway=gateway, start_us__gte=hour_us, start_us__lt=hour_us + HOUR_US, damaged_us=None)
        .order_by("start_us", "part")
    )
    if len(rows) <= 1 and all(row.grain == Grain.HOUR for row in rows):
        return 0
    if guard is not None:
        guard(rows[-1].enterprise)
    try:
        merged = compact([packed(row.body) for row in rows])
    except BlockError:
        rows = flag_damaged(rows)
        if not rows:
            return 0
        merged = compact([packed(row.body) for row in rows])
    Block.objects.filter(pk__in=[row.pk for row in rows]).delete()
    Block.objects.create(
        gateway=gateway,
        enterprise=rows[-1].enterprise,
        grain=Grain.HOUR,
        start_us=hour_us,
        part=max(row.part for row in rows),
        samples=header(merged).samples,
        body=merged,
    )
    Rollup.objects.update_or_create(gateway=gateway, start_us=hour_us, defaults={"body": roll_up(merged)})
    return len(rows)
