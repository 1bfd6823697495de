"""What a channel is handed: the notice in the words of the record, with what templates and other systems ask for."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext as _

from anlan import addresses
from anlan.apps.delivery.models import Delivery, Message
from anlan.channels import Channel, Earlier, Letter, Need

Numbers = Callable[[str], str]
_numbers: dict[str, Numbers] = {}
MOST_EARLIER = 20
"""Earlier letters that a channel is told of; a chain of warnings goes on from its newest."""


def on_subject(prefix: str, number_of: Numbers) -> None:
    """Ask ``number_of(subject)`` for the number that people know a subject ``<prefix>:<key>`` by."""
    _numbers[prefix] = number_of


def letter_of(row: Delivery, channel: Channel) -> Letter:
    """The letter of a claimed row; the same at every try but for a changed address."""
    message, notice = row.message, row.message.notice
    enterprise, region = message.enterprise, message.enterprise.region
    number_of = _numbers.get(notice.subject.partition(":")[0])
    return Letter(
        key=row.key,
        to=_to(message, channel),
        title=notice.title,
        body=notice.body,
        level=notice.level,
        address=_address(row.contact.address, channel) if row.contact is not None else "",
        kind=notice.kind,
        sent_at=notice.sent_at,
        due_at=notice.due_at,
        enterprise=enterprise.name,
        enterprise_code=enterprise.code,
        source=notice.source.name if notice.source else "",
        source_code=notice.source.code if notice.source else "",
        region=region.code,
        region_name=region.name,
        number=number_of(notice.subject) if number_of else "",
        step=notice.step,
        article=notice.article,
        acting=bool(message.acting_for),
        earlier=_earlier(row) if channel.wants_earlier else (),
    )


def _address(kept: str, channel: Channel) -> str:
    """The address as a provider wants it: numbers without blanks and dashes, whatever they were kept with."""
    if channel.needs == Need.PHONE:
        return addresses.dialled(kept)
    return addresses.tidy_mail(kept) if channel.needs == Need.EMAIL else kept


def _to(message: Message, channel: Channel) -> str:
    """The recipient, with whom they stand in for; everybody who is told, where one letter goes to a common place."""
    if channel.needs == Need.NOTHING:
        told = Message.objects.by_the_machine().filter(notice=message.notice_id).order_by("pk")
        return "、".join(told.values_list("recipient_name", flat=True))
    return (
        _("%(name)s（%(slot)s）") % {"name": message.recipient_name, "slot": message.slot}
        if message.acting_for
        else (message.recipient_name)
    )


def _earlier(row: Delivery) -> tuple[Earlier, ...]:
    """Letters of earlier decisions about the same subject to the same address by this channel, the newest of them.

    Whether they have gone out yet does not matter: a grave letter overtakes a milder one, and whoever gets the milder
    one late must know that it is over. Instants are those of the decisions, as the letters themselves carry them.
    """
    notice = row.message.notice
    rows = Delivery.objects.filter(
        message__notice__subject=notice.subject, message__notice__lt=notice.pk, channel=row.channel, contact=row.contact
    )
    found = rows.order_by("-message__notice_id").values_list("key", "message__notice__sent_at")[:MOST_EARLIER]
    return tuple(Earlier(key, sent_at) for key, sent_at in reversed(found))
