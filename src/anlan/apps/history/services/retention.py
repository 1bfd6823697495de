"""Removes history whose time of keeping is over: in small steps, counted, told before it is done, never what is held.

A row goes only whole, only when it was compacted, and only when no hold and no evidence touches its hour.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Greatest, Length

from anlan.apps.history.models import Block, Grain, Hold, Removal, Rollup
from anlan.apps.org.actor import Actor
from anlan.rules.words import says_something

HISTORY = "history"
HOUR_US = 3_600_000_000
RAW, ROLLUP = "raw", "rollup"


@dataclass(frozen=True)
class Planned:
    """Rows of one enterprise that may go now. ``from_us``, ``until_us``: the stretch that they cover."""

    enterprise: str
    kind: str
    keys: tuple[int, ...]
    samples: int
    bytes: int
    from_us: int
    until_us: int


def plan_raw(enterprise: str, before_us: int, kept: Iterable[tuple[int, int]], limit: int) -> Planned | None:
    """The oldest compacted blocks that ended before ``before_us`` and that nothing holds; None when there are none.

    ``kept``: stretches that must stay, epoch µs; the enterprise's own holds are added to them.
    """
    rows = Block.objects.filter(enterprise=enterprise, start_us__lte=before_us - HOUR_US)
    rows = rows.filter(Q(grain=Grain.HOUR) | Q(damaged_us__isnull=False))
    return _planned(enterprise, RAW, rows, kept, limit)


def plan_rollups(
    enterprise: str, gateways: Iterable[str], before_us: int, kept: Iterable[tuple[int, int]], limit: int
) -> Planned | None:
    """The same for one-minute roll-ups of the enterprise's gateways."""
    rows = Rollup.objects.filter(gateway__in=list(gateways), start_us__lte=before_us - HOUR_US)
    return _planned(enterprise, ROLLUP, rows, kept, limit)


def _planned(
    enterprise: str, kind: str, rows: QuerySet[Any], kept: Iterable[tuple[int, int]], limit: int
) -> Planned | None:
    for start, end in [*kept, *holds_of(enterprise)]:
        rows = rows.exclude(start_us__gt=start - HOUR_US, start_us__lt=end)
    found = list(rows.order_by("start_us", "pk").annotate(size=Length("body"))[:limit].values("pk", "start_us", "size"))
    if not found:
        return None
    keys = tuple(row["pk"] for row in found)
    samples = Block.objects.filter(pk__in=keys).aggregate(n=Sum("samples"))["n"] if kind == RAW else 0
    return Planned(
        enterprise,
        kind,
        keys,
        int(samples or 0),
        sum(row["size"] for row in found),
        found[0]["start_us"],
        found[-1]["start_us"] + HOUR_US,
    )


def remove(planned: Planned) -> int:
    """Remove what was planned and count it in one transaction; returns how many rows went, none at a repeat."""
    model = Block if planned.kind == RAW else Rollup
    with transaction.atomic(using=HISTORY):
        gone, _ = model.objects.filter(pk__in=planned.keys).delete()
        if gone:
            Removal.objects.get_or_create(
                enterprise=planned.enterprise, kind=planned.kind, defaults={"until_us": planned.until_us}
            )
            Removal.objects.filter(enterprise=planned.enterprise, kind=planned.kind).update(
                until_us=Greatest(F("until_us"), planned.until_us),
                rows=F("rows") + gone,
                samples=F("samples") + planned.samples,
                bytes=F("bytes") + planned.bytes,
            )
    return gone


def holds_of(enterprise: str) -> list[tuple[int, int]]:
    """Stretches that somebody asked to be kept, epoch µs."""
    rows = Hold.objects.filter(enterprise=enterprise, released_us=None)
    return list(rows.values_list("from_us", "to_us"))


def place_hold(enterprise: str, from_us: int, to_us: int, reason: str, by: Actor, now_us: int) -> Hold:
    """Keep a stretch of history whatever its age. Raises ValueError for an empty stretch or no reason.

    The caller journals it. The same hold twice is two holds; each ends by itself.
    """
    if from_us >= to_us:
        raise ValueError("起始时间应早于截止时间")
    if not says_something(reason):
        raise ValueError("应写明事由")
    return Hold.objects.create(
        enterprise=enterprise,
        from_us=from_us,
        to_us=to_us,
        reason=reason.strip(),
        placed_by=by.name[:60],
        placed_us=now_us,
    )


def release_hold(key: int, by: Actor, now_us: int) -> bool:
    """End a hold; False when there is none or it has ended. What is old enough goes at the next round."""
    rows = Hold.objects.filter(pk=key, released_us=None)
    return bool(rows.update(released_us=now_us, released_by=by.name[:60]))
