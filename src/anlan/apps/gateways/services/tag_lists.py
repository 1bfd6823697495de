"""Keeps the tag lists that gateways announce, bounded, and never takes one out that a record of the log may need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from anlan.apps.gateways.models import TagList
from anlan.apps.registry.selectors import equipment
from anlan.rules.calendar import civil_day

KEEP_PER_GATEWAY = 64
UNUSED = timedelta(days=35)
"""A list that nobody sent by for so long may give way: no record of the log waits that long."""


class TooManyLists(Exception):
    """The gateway has as many lists in use as one may have."""


@transaction.atomic
def announce_tags(gateway: str, tags_hash: str, tags: Sequence[str], at: datetime) -> bool:
    """Keep a list; True when it is new. Announcing it again only notes that it is used.

    Raises `TooManyLists` when the gateway has `KEEP_PER_GATEWAY` lists that were used lately; an unknown gateway is an
    error of the caller (`Gateway.DoesNotExist`).
    """
    owner = equipment.gateways_with([gateway]).get()
    mine = TagList.objects.by_the_machine().filter(gateway=owner)
    today = civil_day(at)
    if mine.filter(tags_hash=tags_hash).update(used_on=today):
        return False
    if mine.count() >= KEEP_PER_GATEWAY:
        mine.filter(used_on__lt=today - UNUSED).delete()
        if mine.count() >= KEEP_PER_GATEWAY:
            raise TooManyLists
    _, made = TagList.objects.by_the_machine().get_or_create(
        gateway=owner,
        tags_hash=tags_hash,
        defaults={
            "enterprise_id": owner.enterprise_id,
            "tags": "\n".join(tags),
            "count": len(tags),
            "announced_at": at,
            "used_on": today,
        },
    )
    return made


def note_used_tags(used: Iterable[tuple[str, str]], at: datetime) -> None:
    """Lists by (gateway, hash) were sent by on the civil day of ``at``. Repeating it changes nothing."""
    today = civil_day(at)
    for gateway, tags_hash in sorted(used):
        TagList.objects.by_the_machine().filter(gateway__code=gateway, tags_hash=tags_hash, used_on__lt=today).update(
            used_on=today
        )
