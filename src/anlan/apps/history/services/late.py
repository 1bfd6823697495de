"""Stretches of late data that wait to be looked through, and what is known of a stretch afterwards."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Q

from anlan.apps.history.models import Block, LateStretch

HOUR_US = 3_600_000_000
LONGEST_US = 6 * HOUR_US
"""So much is looked through at once, beside its margins."""


@dataclass(frozen=True)
class Waiting:
    """Late data of one gateway over neighbouring hours; sample times epoch µs, inclusive."""

    gateway: str
    enterprise: str
    first_us: int
    last_us: int
    received_us: int
    rows: tuple[tuple[int, int], ...]
    """(key, newest receipt) of the rows that this stands for."""


def next_waiting(before_us: int, ahead_us: int, without: Collection[str] = ()) -> Waiting | None:
    """The stretch that waits longest, of those that nothing was added to since ``before_us``; None when none does.

    Nor does it wait for a receipt beyond ``ahead_us``, which our own clock stamped while it stood ahead. Gateways in
    ``without`` are left out.
    """
    settled = Q(received_us__lt=before_us) | Q(received_us__gt=ahead_us)
    waiting = LateStretch.objects.filter(settled, evaluated_us=None).exclude(gateway__in=without)
    oldest = waiting.order_by("received_us").first()
    if oldest is None:
        return None
    beside = list(waiting.filter(gateway=oldest.gateway, hour_us__gte=oldest.hour_us).order_by("hour_us")[:24])
    taken = [beside[0]]
    for row in beside[1:]:
        if row.hour_us > taken[-1].hour_us + HOUR_US or row.last_us - taken[0].first_us > LONGEST_US:
            break
        taken.append(row)
    return Waiting(
        gateway=oldest.gateway,
        enterprise=_enterprise(oldest.gateway),
        first_us=min(row.first_us for row in taken),
        last_us=max(row.last_us for row in taken),
        received_us=max(row.received_us for row in taken),
        rows=tuple((row.pk, row.received_us) for row in taken),
    )


def looked_through(waiting: Waiting, now_us: int) -> None:
    """The stretch has been looked through; rows that grew meanwhile stay waiting. Repeating it changes nothing."""
    for pk, received_us in waiting.rows:
        LateStretch.objects.filter(pk=pk, received_us=received_us).update(evaluated_us=now_us)


def waiting_count() -> int:
    """Gateway-hours of late data that have not been looked through yet."""
    return LateStretch.objects.filter(evaluated_us=None).count()


def _enterprise(gateway: str) -> str:
    return Block.objects.filter(gateway=gateway).values_list("enterprise", flat=True).first() or ""
