"""Who was told of a warning, by which way, and who has read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from anlan.apps.delivery import selectors as delivery
from anlan.apps.delivery.models import NO_WAY, TAKEN, Delivery, DeliveryState, Message
from anlan.apps.warnings.models import Told, Warning

PLATFORM = "platform"
"""Name of the inbox beside the names of outside channels."""
COMMON = "common"
"""Kind of a row that stands for a place where many read, such as a group."""


@dataclass(slots=True)
class Way:
    """One way to one recipient: the platform, or a channel at an address (masked). Instants are the newest letter's."""

    channel: str
    sent_to: str = ""
    state: str = str(DeliveryState.DELIVERED)
    due_at: datetime | None = None
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    read_at: datetime | None = None
    next_try_at: datetime | None = None
    error: str = ""
    letters: int = 0
    taken: int = 0
    """How many of the letters the channel took."""


@dataclass(frozen=True, slots=True)
class Instead:
    """Who was told because the recipient could not be reached; ``name`` is empty when nobody was left to tell."""

    rung: str
    name: str
    at: datetime
    reason: str


@dataclass(slots=True)
class Receipt:
    """One recipient of a warning: what it got and read, by which ways, and who was told instead.

    ``told_at`` is when this warning first reached it as a warning; None for who only gets notices (the enterprise).
    The platform's own inbox, `PLATFORM`, is always the first way and always delivers: the message itself is there.
    A place without an address of anybody's, such as a group, is a recipient of kind `COMMON` without the inbox.
    """

    recipient: str
    name: str
    kind: str
    slot: str
    told_at: datetime | None = None
    last_at: datetime | None = None
    last_title: str = ""
    read_at: datetime | None = None
    """When it last read something of this warning for the first time."""
    messages: int = 0
    unread: int = 0
    undelivered: int = 0
    """Messages that no outside way has taken, though there is a channel that should."""
    ways: dict[tuple[str, str], Way] = field(default_factory=dict)
    instead: list[Instead] = field(default_factory=list)


def recipients_table(warning: Warning) -> list[Receipt]:
    """One row for each recipient, in the order in which the warning reached them. A constant number of queries."""
    first = {told.recipient: told.at for told in Told.objects.by_the_machine().filter(warning=warning)}
    rows: dict[str, Receipt] = {}
    for message in delivery.messages_of(warning.subject):
        row = rows.get(message.recipient)
        if row is None:
            row = rows[message.recipient] = Receipt(
                recipient=message.recipient,
                name=message.recipient_name,
                kind=message.recipient_kind,
                slot=message.slot,
                told_at=first.get(message.recipient),
            )
        _count(row, message)
        for letter in message.deliveries.all():
            owner = row
            if letter.contact_id is None and letter.channel != NO_WAY:
                common = f"channel:{letter.channel}"
                owner = rows.setdefault(common, Receipt(common, letter.channel, COMMON, ""))
            _follow(owner, message, letter)
    return list(rows.values())


def _count(row: Receipt, message: Message) -> None:
    notice = message.notice
    row.messages += 1
    row.last_at, row.last_title = notice.sent_at, notice.title
    if message.read_at is None:
        row.unread += 1
    elif row.read_at is None or message.read_at > row.read_at:
        row.read_at = message.read_at
    row.undelivered += delivery.reached(message) is False
    row.instead += [
        Instead(each.rung, each.to.recipient_name if each.to else "", each.at, each.reason)
        for each in message.fallbacks.all()
    ]
    inbox = row.ways.setdefault((PLATFORM, ""), Way(PLATFORM))
    inbox.letters, inbox.taken = inbox.letters + 1, inbox.taken + 1
    inbox.due_at, inbox.sent_at, inbox.delivered_at = notice.should_go_at, notice.sent_at, notice.sent_at
    inbox.read_at, inbox.state = (
        message.read_at,
        str(DeliveryState.READ if message.read_at else DeliveryState.DELIVERED),
    )


def _follow(row: Receipt, message: Message, letter: Delivery) -> None:
    way = row.ways.setdefault((letter.channel, letter.sent_to), Way(letter.channel, letter.sent_to))
    way.letters += 1
    way.taken += letter.state in TAKEN
    way.state, way.error, way.due_at = letter.state, letter.error, message.notice.should_go_at
    way.sent_at, way.delivered_at, way.read_at = letter.sent_at, letter.delivered_at, letter.read_at
    way.next_try_at = letter.next_try_at if letter.state == DeliveryState.QUEUED else None
