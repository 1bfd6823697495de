"""What is read of notices and messages: inboxes by scope, a dossier's by its subject."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, F, Min, OuterRef, Q, QuerySet

from anlan.apps.delivery import kinds
from anlan.apps.delivery.models import (
    NO_WAY,
    NOBODY_AFTER,
    TAKEN,
    WAITING,
    ChannelState,
    Contact,
    Delivery,
    DeliveryState,
    FallBack,
    Message,
    Notice,
    Rung,
)
from anlan.apps.org.scope import Scope


def inbox(scope: Scope) -> QuerySet[Message]:
    """Messages to the person, to the agencies whose seat they hold, or to their enterprise; the newest first."""
    return Message.objects.addressed_to(scope).select_related("notice", "enterprise").order_by("-pk")


def unread_of(scope: Scope, subject: str) -> QuerySet[Message]:
    """What this reader has not yet read about one subject; opening the dossier reads it."""
    return inbox(scope).filter(notice__subject=subject, read_at__isnull=True)


def notices_of(subject: str) -> list[Notice]:
    """Every notice about a subject with its messages, in order of sending. For who found the subject in a scope."""
    rows = Notice.objects.by_the_machine().filter(subject=subject).prefetch_related("messages")
    return list(rows.order_by("sent_at", "pk"))


def messages_of(subject: str) -> list[Message]:
    """Every message about a subject with its notice and deliveries, in order. For who found it in a scope."""
    rows = Message.objects.by_the_machine().filter(notice__subject=subject)
    rows = rows.select_related("notice").prefetch_related("deliveries", "fallbacks__to")
    return list(rows.order_by("notice__sent_at", "pk"))


def reads_of(subjects: Collection[str]) -> dict[tuple[str, str], list[datetime]]:
    """When each recipient read what was sent to it about each subject. For upper apps."""
    rows = Message.objects.by_the_machine().filter(notice__subject__in=list(subjects), read_at__isnull=False)
    reads: dict[tuple[str, str], list[datetime]] = {}
    for subject, recipient, read_at in rows.values_list("notice__subject", "recipient", "read_at"):
        if read_at is not None:
            reads.setdefault((subject, recipient), []).append(read_at)
    return reads


def readings(subject: Any) -> QuerySet[Message]:
    """Messages about a subject that were read, for a query of an upper app: ``subject`` refers to a row of that."""
    return Message.objects.by_the_machine().filter(notice__subject=subject, read_at__isnull=False)


def sent_between(scope: Scope, kind: str, start: datetime, until: datetime) -> QuerySet[Notice]:
    """Notices of one kind sent in [start, until): one row each, however many received it."""
    return Notice.objects.visible_to(scope).filter(kind=kind, sent_at__gte=start, sent_at__lt=until)


def reached(message: Message) -> bool | None:
    """Whether an outside way took a message that was read by `messages_of`; None when no way of the recipient's own
    leads out of the platform (no such channel is set up)."""
    own = [row for row in message.deliveries.all() if row.contact_id is not None or row.channel == NO_WAY]
    return any(row.state in TAKEN for row in own) if own else None


def fallback_figures(scope: Scope, start: datetime, until: datetime) -> dict[str, int]:
    """How many messages in scope were passed on in [start, until), by rung; ``nobody`` reached only the platform.

    A message that fell through two rungs counts in both.
    """
    rows = FallBack.objects.visible_to(scope).filter(at__gte=start, at__lt=until)
    counted = dict(rows.order_by().values_list("rung").annotate(Count("message", distinct=True)))
    return {str(rung): counted.get(rung, 0) for rung in Rung}


def contacts_in(scope: Scope, whoms: Collection[tuple[str, int]]) -> list[Contact]:
    """The contacts of these recipients, each ``(kind, key)``, in their order, as far as the scope opens them."""
    wanted = Q(pk__in=[])
    for kind, key in whoms:
        wanted |= Q(**{kind: key})
    return list(Contact.objects.visible_to(scope).filter(wanted))


def disabled_contacts(scope: Scope) -> QuerySet[Contact]:
    """Contacts in scope that are disabled, or that a provider's word has suspended: these first."""
    idle = Q(is_enabled=False) | Q(suspended_until__isnull=False)
    rows = Contact.objects.visible_to(scope).filter(idle).select_related("person", "agency", "enterprise")
    return rows.order_by(F("suspended_until").desc(nulls_last=True), "-disabled_at", "-pk")


@dataclass(frozen=True)
class Queue:
    """What stands in the queue of one channel, and what became of its letters of the last day."""

    waiting: int = 0
    oldest_at: datetime | None = None
    """When the oldest of them should have gone."""
    taken: int = 0
    failed: int = 0


def queues(now: datetime) -> dict[str, Queue]:
    """The queue of each channel that has rows, by name; one query. For the machine's own page."""
    lately = Q(message__notice__sent_at__gte=now - timedelta(days=1))
    waiting = Q(state__in=WAITING)
    rows = Delivery.objects.filter(waiting | lately).values("channel").order_by("channel")
    counted = rows.annotate(
        waiting=Count("pk", filter=waiting),
        oldest=Min("message__notice__sent_at", filter=waiting),
        taken=Count("pk", filter=Q(state__in=TAKEN)),
        failed=Count("pk", filter=Q(state=DeliveryState.FAILED)),
    )
    return {row["channel"]: Queue(row["waiting"], row["oldest"], row["taken"], row["failed"]) for row in counted}


def channel_states() -> dict[str, ChannelState]:
    """How each channel that was ever used fares, by name."""
    return {row.name: row for row in ChannelState.objects.all()}


def unwell_channels() -> list[ChannelState]:
    """Channels that take no letters now."""
    return list(ChannelState.objects.filter(unwell_since__isnull=False))


def stuck(now: datetime, after: timedelta) -> tuple[int, datetime | None]:
    """Letters that nobody works on: due, or claimed and left, for longer than ``after``; how many, and the oldest.

    One that waits for a channel which took or refused letters meanwhile is in a queue, not stuck: its channel is slow
    or unwell, and the page of channels says so.
    """
    tried = ChannelState.objects.filter(Q(last_ok_at__gte=now - after) | Q(last_error_at__gte=now - after))
    waiting = Q(state=DeliveryState.QUEUED) & (
        Q(next_try_at__lt=now - after) | Q(next_try_at__isnull=True, message__notice__sent_at__lt=now - after)
    )
    left = Q(state=DeliveryState.SENDING, claimed_until__lt=now - after)
    rows = Delivery.objects.filter(waiting | left).exclude(channel__in=tried.values("name"))
    found = rows.aggregate(n=Count("pk"), oldest=Min("message__notice__sent_at"))
    return found["n"], found["oldest"]


def letters_by(scope: Scope, channels: Collection[str]) -> QuerySet[Delivery]:
    """Letters in scope that these channels took, the newest first."""
    told = Message.objects.visible_to(scope)
    rows = Delivery.objects.filter(channel__in=list(channels), state__in=TAKEN, message__in=told)
    return rows.select_related("message__notice").order_by("-sent_at", "-pk")


def reached_nobody(now: datetime, over: timedelta = timedelta(days=1)) -> list[Notice]:
    """Notices of the time ``over`` until `NOBODY_AFTER` ago that no way has brought to anybody and nobody has read,
    the oldest first, at most 50. From the rows alone, whatever delivery has found itself."""
    rows = Delivery.objects.filter(message__notice=OuterRef("pk"))
    own = rows.filter(Q(contact__isnull=False) | Q(channel=NO_WAY))
    read = Message.objects.by_the_machine().filter(notice=OuterRef("pk"), read_at__isnull=False)
    found = Notice.objects.by_the_machine().filter(sent_at__gte=now - over, sent_at__lte=now - NOBODY_AFTER)
    found = (
        found.exclude(kind__in=kinds.NOTICES.having(kinds.ASIDE))
        .filter(Exists(rows))
        .exclude(Exists(read))
        .exclude(Exists(own.filter(state__in=TAKEN)))
    )
    return list(found.filter(Exists(own) | ~Exists(rows.filter(state__in=TAKEN))).order_by("sent_at", "pk")[:50])


def given_up(now: datetime, over: timedelta = timedelta(days=1)) -> tuple[int, datetime | None]:
    """Letters of the time ``over`` that failed after having been refused again and again for their own sake; how many,
    and when the first of them was."""
    rows = Delivery.objects.filter(state=DeliveryState.FAILED, refused_at__gte=now - over)
    found = rows.aggregate(n=Count("pk"), oldest=Min("refused_at"))
    return found["n"], found["oldest"]


def unsettled() -> dict[str, int]:
    """Letters to outside channels that wait or are on their way, by state."""
    states = (DeliveryState.QUEUED, DeliveryState.SENDING)
    return {str(state): Delivery.objects.filter(state=state).count() for state in states}
