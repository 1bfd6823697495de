"""What recipients did with their messages, and what providers report of letters that they took."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import F

from anlan.apps.delivery.models import TAKEN, Delivery, DeliveryState, Message, Notice
from anlan.apps.delivery.services import fallback, outcome, untold
from anlan.apps.delivery.services.hints import hint
from anlan.apps.journal import services as journal
from anlan.apps.org import actor
from anlan.apps.org.actor import Actor
from anlan.channels import ReceiptState

MESSAGES_READ = "messages_read"
"""The act of a first reading, about the subject of the notice: ``{"messages": [keys], "by": name}``."""


def mark_read(message: Message, *, by: Actor, at: datetime) -> bool:
    """Record the first reading of a message; True when this was it. Reading again keeps the first time and name."""
    if not mark_all_read([message], by=by, at=at):
        return False
    message.read_at, message.read_by = at, by.name[:60]
    return True


def mark_all_read(messages: Iterable[Message], *, by: Actor, at: datetime) -> int:
    """Record and journal the first reading of several messages at once; returns how many were read for the first time.

    Who has read what ranks counties, so each reading is an act; two readers at the same instant queue on the chain.
    """
    rows = list(messages)
    unread = Message.objects.by_the_machine().filter(pk__in=[row.pk for row in rows], read_at__isnull=True)
    with transaction.atomic():
        journal.hold({fallback.chain_of(row) for row in rows})
        found = list(unread.order_by("pk").values_list("pk", "enterprise__code", "notice__subject"))
        unread.update(read_at=at, read_by=by.name[:60])
        about: dict[tuple[str, str], list[int]] = {}
        for pk, code, subject in found:
            about.setdefault((code, subject), []).append(pk)
        journal.record_all(
            [
                journal.Act(
                    f"enterprise:{code}", MESSAGES_READ, at, by.id, subject,
                    after={"messages": read, "by": by.name[:60]},
                )
                for (code, subject), read in about.items()
            ]
        )  # fmt: skip
        untold_ones = Notice.objects.by_the_machine().filter(nobody_since__isnull=False)
        for subject in set(untold_ones.filter(messages__in=rows).values_list("subject", flat=True)) if found else ():
            untold.over(subject, at)
        for code in {code for code, _subject in about}:
            hint("delivery", code, kind="read", count=len(found))
    return len(found)


def receive_receipt(
    channel: str,
    provider_id: str,
    state: ReceiptState | str,
    at: datetime,
    *,
    error: str = "",
    bad_address: bool = False,
    received_at: datetime | None = None,
) -> bool:
    """What a provider reports of a letter: delivered, read (also a key pressed on the telephone) or failed.

    False when no letter of this channel has that number; a number that was given more than once (a modem counts to 255,
    a gateway from 1 after every restart) is that of the letter sent last. Reports come in any order and more than once:
    the first instant of each state stays, and a failure after an arrival changes nothing. A failure is final, as the
    provider does not try again; the message goes on to the recipient's next way or is passed on.

    ``at`` is the provider's word of the time. Nothing arrives before it was decided to be told, or after its report was
    received (``received_at``; None: not checked): a clock or a zone that says so is wrong, and the receipt counts.
    """
    state = ReceiptState(state)
    rows = Delivery.objects.filter(channel=channel, provider_id=provider_id) if provider_id else Delivery.objects.none()
    rows = rows.select_related("message__notice__enterprise", "message__enterprise", "contact")
    row = rows.order_by(F("sent_at").desc(nulls_last=True), "-pk").first()
    if row is None:
        return False
    if received_at is not None and not row.message.notice.sent_at <= at <= received_at:
        at = received_at
    mine = Delivery.objects.filter(pk=row.pk)
    with transaction.atomic():
        journal.hold([fallback.chain_of(row.message)])
        if state == ReceiptState.FAILED:
            words = error or "渠道回执：未送达"
            if mine.filter(state=DeliveryState.SENT).update(state=DeliveryState.FAILED, error=words[:300]):
                outcome.note(row.pk, row.message, at)
                fallback.failed_for_good(row, words, at, no_such_address=bad_address)
        elif mine.filter(state__in=TAKEN).exists():  # under the lock: another report may have been earlier
            fresh = mine.filter(delivered_at__isnull=True).update(delivered_at=at)
            mine.filter(state=DeliveryState.SENT).update(state=DeliveryState.DELIVERED)
            read = state == ReceiptState.READ and mine.filter(read_at__isnull=True).update(
                read_at=at, state=DeliveryState.READ
            )
            if fresh or read:
                outcome.note(row.pk, row.message, at)
            if read:
                mark_read(row.message, by=actor.channel(channel), at=at)
        hint("delivery", row.message.enterprise.code, id=row.message_id, kind="receipt")
    if state == ReceiptState.FAILED:
        untold.look(row.message.notice, error or "渠道回执：未送达", at)
    return True
