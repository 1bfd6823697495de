"""What happens when a way fails: the recipient's next way; when all failed for good, the deputy, then the duty desk of
the recipient's own unit, then the persons on duty there; never nobody without a record of it.

All of it inside the transaction that records the failure, which holds the chain of the enterprise. The platform's own
inbox keeps the message whatever happens here. Must never tell anybody outside the recipient's own unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from anlan.apps.delivery import kinds
from anlan.apps.delivery.models import (
    NO_WAY,
    TAKEN,
    WAITING,
    Delivery,
    DeliveryState,
    FallBack,
    Message,
    RecipientKind,
    Rung,
)  # fmt: skip
from anlan.apps.delivery.services import suspending, trouble
from anlan.apps.delivery.services.acting import beside, stand_in
from anlan.apps.delivery.services.contact_order import first_ways, letters, next_ways
from anlan.apps.delivery.services.draft import To, message_of
from anlan.apps.delivery.services.hints import hint
from anlan.apps.journal import services as journal
from anlan.apps.org import selectors as org
from anlan.apps.org.models import Role

LADDER = (Rung.DEPUTY, Rung.DESK, Rung.OFFICERS)


def chain_of(message: Message) -> str:
    """The chain of the enterprise that the message is about, which is the lock of all that is decided about it."""
    return f"enterprise:{message.enterprise.code}"


def open_next(row: Delivery, at: datetime) -> bool:
    """Open the recipient's next way because this one has not worked so far; it stays queued. Once per row.

    False when it was done before, or there is no further way.
    """
    if row.contact_id is None:
        return False
    if not Delivery.objects.filter(pk=row.pk, passed_on_at__isnull=True).update(passed_on_at=at):
        return False
    return _open(row.message, at)


def _open(message: Message, at: datetime) -> bool:
    ways = next_ways(message, at)
    if ways:  # two ways that fail at the same instant open the same next one: the rows are unique
        Delivery.objects.bulk_create(letters(message, ways), ignore_conflicts=True)
    return bool(ways)


def failed_for_good(
    row: Delivery, error: str, at: datetime, *, no_such_address: bool = False, wrong: bool = False
) -> None:
    """This way has failed this message: go on with the next way, or pass the message on when there is none.

    ``no_such_address``: the provider's own word, on which the contact is suspended. ``wrong``: the address is not of
    its kind, or its owner was refused again and again; that is a finding and no more.
    """
    if row.contact is not None and no_such_address:
        suspending.suspend(row.contact, row.message, error, at)
    elif row.contact is not None and wrong:
        suspending.doubt(row.contact, row.message, error, at)
    closed_for_now(row, error, at)


def closed_for_now(row: Delivery, error: str, at: datetime) -> None:
    """Nothing is to be expected of this way: the next one, or somebody else. Does nothing while another is open."""
    if row.channel != NO_WAY and row.contact_id is None:
        return  # a common place such as a group is nobody's way: the recipients have their own
    if row.message.notice.kind == kinds.TEST:
        return  # a test is of this recipient's own ways
    if not _alive(row.message) and not _open(row.message, at):
        _pass_on(row.message, at, error)


def _alive(message: Message) -> bool:
    """Whether a way is still open to the message, or has taken it. One that is refused again and again is not open."""
    rows = Delivery.objects.filter(message=message, contact__isnull=False)
    undecided = Delivery.objects.filter(message=message, channel=NO_WAY, state__in=WAITING)
    waiting = rows.filter(state__in=WAITING, refused_at__isnull=True)
    return waiting.exists() or rows.filter(state__in=TAKEN).exists() or undecided.exists()


def _dead(message: Message) -> bool:
    """Whether every way to the message has failed, or is being refused."""
    tried = Delivery.objects.filter(message=message)
    failed = tried.filter(state=DeliveryState.FAILED) | tried.filter(refused_at__isnull=False)
    return (failed.filter(contact__isnull=False) | failed.filter(channel=NO_WAY)).exists() and not _alive(message)


def _pass_on(message: Message, at: datetime, reason: str) -> None:
    """A message is dead: pass it on, and all that had been passed on to it."""
    rows = FallBack.objects.by_the_machine().filter(to=message).select_related("message__notice", "message__enterprise")
    fallen = [row.message for row in rows]
    only_for_them = message.acting_for in {dead.recipient for dead in fallen}  # never told but in their stead
    for dead in fallen if only_for_them else [message, *fallen]:
        _next_rung(dead, at, reason)


def _next_rung(message: Message, at: datetime, reason: str) -> None:
    past = list(FallBack.objects.by_the_machine().filter(message=message).select_related("to"))
    if any(row.to is not None and not _dead(row.to) for row in past):
        return  # another substitute is still being reached
    done = {row.rung for row in past}
    if Rung.NOBODY in done:
        return
    for rung in LADDER[max((LADDER.index(Rung(each)) + 1 for each in done), default=0) :]:
        reached = [_give(message, to, at) for to in beside(_candidates(rung, message, at), at)]
        told = [each for each in reached if each is not None]
        if told:
            _write(message, rung, told, at, reason)
            return
    _write(message, Rung.NOBODY, [], at, reason)
    trouble.report(
        trouble.Trouble(
            trouble.TroubleKind.UNREACHED,
            message.enterprise,
            f"unreached:{message.recipient}",
            _("告知对象联系不上：%(name)s（%(slot)s），仅平台内可见。%(reason)s")
            % {"name": message.recipient_name, "slot": message.slot or message.recipient, "reason": reason},
            at,
            source_id=message.notice.source_id,
        )
    )


def _give(message: Message, to: To, at: datetime) -> Message | None:
    """The substitute's message of the same notice: its own if it has one that is not dead, else a new one."""
    if to.id == message.recipient:
        return None
    own = Message.objects.by_the_machine().filter(notice=message.notice_id, recipient=to.id).first()
    if own is not None:
        return None if _dead(own) else own
    fresh = message_of(message.enterprise, to)
    fresh.notice, fresh.enterprise = message.notice, message.enterprise
    fresh.save(force_insert=True)
    Delivery.objects.bulk_create(letters(fresh, first_ways([to], at)[to.whom]))
    return fresh


def _write(message: Message, rung: Rung, told: list[Message], at: datetime, reason: str) -> None:
    reached: Sequence[Message | None] = told or [None]
    FallBack.objects.bulk_create(
        FallBack(message=message, rung=rung, to=to, enterprise=message.enterprise, at=at, reason=reason[:200])
        for to in reached
    )
    journal.record(
        chain_of(message),
        "message_passed_on" if told else "message_reached_nobody",
        at=at,
        subject=message.notice.subject,
        after={
            "notice": message.notice.key,
            "recipient": message.recipient,
            "rung": str(rung),
            "to": [each.recipient for each in told],
            "reason": reason[:200],
        },
    )
    hint("delivery", message.enterprise.code, id=message.pk, kind="passed_on")


def _told_beside(message: Message) -> list[To]:
    """Who was told of the same notice in the recipient's stead from the start, deputy still or not."""
    rows = Message.objects.by_the_machine().filter(
        notice=message.notice_id, acting_for=message.recipient, person__isnull=False
    )
    return [
        To(row.recipient, row.recipient_name, row.slot, person_id=row.person_id, acting_for=row.acting_for)
        for row in rows.order_by("pk")
    ]


def _candidates(rung: Rung, message: Message, at: datetime) -> list[To]:
    """Who stands on this rung for the recipient: for a person the declared deputies and whoever was told beside them,
    then the desk of the enterprise, then its principal; for a desk the persons on duty in its unit."""
    told = To(message.recipient, message.recipient_name, person_id=message.person_id)
    is_person = message.recipient_kind == RecipientKind.PERSON
    if rung == Rung.DEPUTY and message.person_id is not None:
        rows = org.deputies(message.person_id, at)
        found = [stand_in(row.deputy_id, row.deputy.code, row.deputy.name, told) for row in rows]
        return found + _told_beside(message)
    if rung == Rung.DESK and is_person:
        slot = _("代%(name)s") % {"name": message.recipient_name}
        desk = message.enterprise
        return [
            To(f"enterprise:{desk.code}", desk.name, slot[:20], enterprise_id=desk.pk, acting_for=message.recipient)
        ]
    if rung == Rung.OFFICERS:
        if message.agency_id is not None:
            persons = org.holding(Role.DUTY_OFFICER, message.agency_id, at)
        else:
            persons = [message.enterprise.principal] if message.enterprise.principal else []
        return [stand_in(row.pk, row.code, row.name, told) for row in persons]
    return []
