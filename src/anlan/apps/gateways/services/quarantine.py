"""Keeps what was refused, with its reason, for the sender and the operator; bounded, because a sender repeats itself.

The same gateway refused for the same reason within an hour is one row with a count, however often it comes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from anlan.apps.gateways.models import Quarantined
from anlan.apps.gateways.services.clocks import Measured, record_clocks
from anlan.apps.registry.selectors import equipment
from anlan.stream.refusal import Refusal

AGGREGATION = timedelta(hours=1)
_KEEP_PER_GATEWAY = 500


@dataclass(frozen=True)
class PacketRefused:
    """One kind of refusal by one gateway: how often since the last report, and the newest example."""

    gateway: str
    reason: str
    detail: str
    received_at: datetime
    excerpt: str = ""
    size: int = 0
    repeats: int = 1
    sampled_at: datetime | None = None
    """What the packet said of its own time, where it could be read."""


@transaction.atomic
def quarantine(refusals: Iterable[PacketRefused]) -> int:
    """Add refusals to their rows or make new ones; returns the number of rows touched.

    Counts, not events: the caller reports each refusal once. Beyond a fixed number of rows per gateway the oldest are
    taken out, so that a broken sender cannot fill the database; quarantine is a work list, not evidence.
    """
    rows = 0
    owners: dict[str, int | None] = {}
    refusals = list(refusals)
    for refused in refusals:
        code = refused.gateway[:40]
        if code not in owners:
            owners[code] = equipment.owner_of_gateway(code)
        same = Quarantined.objects.by_the_machine().filter(
            gateway=code, reason=refused.reason, received_at__gt=refused.received_at - AGGREGATION
        )
        newest = same.order_by("-received_at").first()
        if newest is not None:
            Quarantined.objects.by_the_machine().filter(pk=newest.pk).update(
                repeats=F("repeats") + refused.repeats,
                detail=_plain(refused.detail, 300),
                sampled_at=refused.sampled_at,
            )
        else:
            Quarantined.objects.create(
                gateway=code,
                enterprise_id=owners[code],
                received_at=refused.received_at,
                sampled_at=refused.sampled_at,
                reason=refused.reason,
                detail=_plain(refused.detail, 300),
                excerpt=_plain(refused.excerpt, 500),
                size=refused.size,
                repeats=refused.repeats,
            )
            _bound(code)
        rows += 1
    record_clocks(measured for refused in refusals if (measured := _clock_of(refused)))
    return rows


def _clock_of(refused: PacketRefused) -> Measured | None:
    """What a packet that was refused for its time says of its gateway's clock."""
    if refused.sampled_at is None or refused.reason not in (Refusal.FUTURE_DATED, Refusal.TOO_OLD):
        return None
    ahead = refused.sampled_at - refused.received_at
    return Measured(refused.gateway, refused.received_at, ahead, ahead, ahead, refused=refused.repeats)


def _bound(gateway: str) -> None:
    surplus = Quarantined.objects.by_the_machine().filter(gateway=gateway).order_by("-received_at", "-pk")
    oldest = list(surplus.values_list("pk", flat=True)[_KEEP_PER_GATEWAY:])
    Quarantined.objects.by_the_machine().filter(pk__in=oldest).delete()


def _plain(text: str, length: int) -> str:
    # PostgreSQL refuses NUL in text, and a control character has no business on a screen
    return "".join(char if char.isprintable() else " " for char in text)[:length]
