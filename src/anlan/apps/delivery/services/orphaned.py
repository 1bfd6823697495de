"""Messages to whom no channel leads: a recipient without a number or address. They are passed on, never left lying."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction

from anlan.apps.delivery.models import NO_WAY, Delivery, DeliveryState
from anlan.apps.delivery.services import fallback, outcome, untold
from anlan.apps.journal import services as journal

REASON = "没有可用的联系方式"


def pass_on_stranded(now: datetime, limit: int = 100) -> int:
    """Pass on up to ``limit`` messages whose recipient has no usable contact, red first; returns how many.

    Each in its own transaction: a sender that is killed leaves the rest queued, and several may run.
    """
    rows = Delivery.objects.filter(channel=NO_WAY, state=DeliveryState.QUEUED).order_by("priority", "pk")
    keys = list(rows.values_list("pk", flat=True)[:limit])
    return sum(_pass_on(key, now) for key in keys)


def _pass_on(key: int, now: datetime) -> bool:
    found = Delivery.objects.filter(pk=key, state=DeliveryState.QUEUED)
    with transaction.atomic():
        row = found.select_related("message__notice__enterprise", "message__enterprise__principal").first()
        if row is None:
            return False
        journal.hold([fallback.chain_of(row.message)])
        skip = connection.features.has_select_for_update_skip_locked
        if found.select_for_update(skip_locked=skip).first() is None:
            return False  # another sender has it
        found.update(state=DeliveryState.FAILED, error=REASON)
        outcome.note(row.pk, row.message, now)
        fallback.failed_for_good(row, REASON, now)
    untold.look(row.message.notice, REASON, now)
    return True
