"""What recipients did with their messages, and what providers report of letters that they took."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from anlan.apps.delivery.models import TAKEN, Delivery, DeliveryState, Message, Notice
from anlan.apps.delivery.services import falling, untold
from anlan.apps.delivery.services.hints import hint
from anlan.apps.journal import services as journal
from anlan.channels import ReceiptState


def mark_read(message: Message, *, actor: str, at: datetime) -> bool:
    """Record the first reading of a message; True when this was it. Reading again keeps the first time and name."""
    first = Message.objects.by_the_machine().filter(pk=message.pk, read_at__isnull=True)
    if not first.update(read_at=at, read_by=actor[:60]):
        return False
    message.read_at, message.read_by = at, actor[:60]
    untold.over(message.notice.subject, at)
    hint("delivery", message.enterprise.code, id=message.pk, kind="read")
    return True


def mark_all_read(messages: Iterable[Message], *, actor: str, at: datetime) -> int:
    """Record the first reading of several messages at once; returns how many were read for the first time."""
    rows = list(messages)
    unread = Message.objects.by_the_machine().filter(pk__in=[row.pk for row in rows], read_at__isnull=True)
    count = unread.update(read_at=at, read_by=actor[:60])
    if count:
        untold_ones = Notice.objects.by_the_machine().filter(nobody_since__isnull=False)
        for subject in set(untold_ones.filter(messages__in=rows).values_list("subject", flat=True)):
            untold.over(subject, at)
        for code in {row.enterprise.code for row in rows}:
            hint("delivery", code, kind="read", count=count)
    return count


def receive_receipt(
    channel: str,
    provider_id: str,
    state: ReceiptState | str,
    at: datetime,
    *,
    error: str = "",
    bad_address: bool = False,
) -> bool:
    """What a provider reports of a letter: delivered, read (also a key pressed on the telephone) or failed.

    False when no letter of this channel has that number. Reports come in any order and more than once: the first
    instant of each state stays, and a failure after an arrival changes nothing. A failure is final, as the provider
    does not try again; the message goes on to the recipient's next way or is passed on.
    """
    state = ReceiptState(state)
    rows = Delivery.objects.filter(channel=channel, provider_id=provider_id) if provider_id else Delivery.objects.none()
    row = rows.select_related("message__notice__enterprise", "message__enterprise", "contact").first()
    if row is None:
        return False
    mine = Delivery.objects.filter(pk=row.pk)
    with transaction.atomic():
        if state == ReceiptState.FAILED:
            journal.hold([falling.chain_of(row.message)])
            words = error or "渠道回执：未送达"
            if mine.filter(state=DeliveryState.SENT).update(state=DeliveryState.FAILED, error=words[:300]):
                falling.failed_for_good(row, words, at, no_such_address=bad_address)
        elif row.state in TAKEN:
            mine.filter(delivered_at__isnull=True).update(delivered_at=at)
            mine.filter(state=DeliveryState.SENT).update(state=DeliveryState.DELIVERED)
            if state == ReceiptState.READ and mine.filter(read_at__isnull=True).update(
                read_at=at, state=DeliveryState.READ
            ):
                mark_read(row.message, actor=f"channel:{channel}", at=at)
        hint("delivery", row.message.enterprise.code, id=row.message_id, kind="receipt")
    if state == ReceiptState.FAILED:
        untold.look(row.message.notice, error or "渠道回执：未送达", at)
    return True
