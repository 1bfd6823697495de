"""By which ways a recipient is reached: contacts in their order, filled from the register where nobody filled them in.

Must never decide who is told. A channel that needs no address (a group, another system) is nobody's way: it gets one
letter a notice.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import datetime
from functools import lru_cache

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _

from anlan import addresses
from anlan.apps.delivery import kinds
from anlan.apps.delivery.models import NO_WAY, Contact, Delivery, Message
from anlan.apps.delivery.services.draft import To
from anlan.apps.org import selectors as org
from anlan.channels import Channel, Need, configured
from anlan.config import Config

Whom = tuple[str, int]
"""``("person" | "agency" | "enterprise", key of its row)``."""

PRIORITY = {"red": 0, "orange": 1, "yellow": 2, "blue": 3}
"""Sent in this order when a channel cannot keep up."""
OTHER = 4
"""Priority of what is about no level."""
_MOBILE = re.compile(r"1\d{10}")


@lru_cache(maxsize=4)
def _configured(config: Config) -> dict[str, Channel]:
    return configured(config)


def outside() -> dict[str, Channel]:
    """The channels that lead out of the platform, by name: what goes there is sent, and has rows of `Delivery`."""
    return _configured(settings.CONFIG)


def addressed() -> dict[str, Channel]:
    """The channels that reach one recipient at one address."""
    return {name: channel for name, channel in outside().items() if channel.needs != Need.NOTHING}


def title_of(name: str) -> str:
    """What screens call a channel; its name when this installation no longer has it."""
    if name == NO_WAY:
        return _("无联系方式")
    channel = outside().get(name)
    return channel.title or name if channel else name


def whom_of(row: Message | Contact) -> Whom:
    """Whose the row is."""
    enterprise_id = row.to_enterprise_id if isinstance(row, Message) else row.enterprise_id
    for kind, key in (("person", row.person_id), ("agency", row.agency_id), ("enterprise", enterprise_id)):
        if key is not None:
            return kind, key
    raise ValueError(f"{row!r} belongs to nobody")


def contacts_of(whoms: Collection[Whom]) -> dict[Whom, list[Contact]]:
    """All contacts of these recipients for the channels of this installation, disabled ones too, in their order.

    Numbers and mail addresses of the register become contacts here when a recipient has none for a channel, and follow
    the register when it changes. At most three queries, and the writes of what is new.
    """
    channels = addressed()
    found: dict[Whom, list[Contact]] = {whom: [] for whom in whoms}
    if not channels or not found:
        return found
    rows = Contact.objects.by_the_machine().filter(_of(found), channel__in=list(channels))
    for row in rows:
        found[whom_of(row)].append(row)
    if _follow_register(found, channels):
        return {**{whom: [] for whom in whoms}, **_grouped(rows.all())}
    return found


def first_ways(recipients: Iterable[To], at: datetime) -> dict[Whom, list[Contact]]:
    """For each recipient the enabled contacts of the first order; empty when there is none. Those that are suspended
    at ``at`` come last: they are used when there is no other."""
    contacts = contacts_of({to.whom for to in recipients})
    return {whom: _first(rows, at) for whom, rows in contacts.items()}


def next_ways(message: Message, at: datetime) -> list[Contact]:
    """The enabled contacts of the next order that this message has not gone to yet; suspended ones last."""
    used = set(Delivery.objects.filter(message=message).values_list("contact", flat=True))
    whom = whom_of(message)
    return _first([row for row in contacts_of([whom])[whom] if row.pk not in used], at)


def letters(message: Message, contacts: Collection[Contact]) -> list[Delivery]:
    """Unsaved rows for a message by these ways; the one row that says there is none when there are none."""
    priority = PRIORITY.get(message.notice.level, OTHER)
    key = f"{message.notice.key}/{message.recipient}"
    if not contacts:
        if kinds.NOTICES.has(message.notice.kind, kinds.ASIDE):
            return []  # the inbox is enough; that a desk has no way out is found when a warning needs one
        return [Delivery(message=message, channel=NO_WAY, key=f"{key}/{NO_WAY}", priority=priority)]
    return [
        Delivery(
            message=message,
            channel=row.channel,
            contact=row,
            sent_to=row.masked[:60],
            key=f"{key}/{row.channel}/{row.pk}",
            priority=priority,
        )
        for row in contacts
    ]


def rows_for(messages: Collection[Message], recipients: Iterable[To]) -> list[Delivery]:
    """Unsaved deliveries of just posted messages: the first ways of each, and one letter a notice for each channel
    that needs no address. Nothing when there is no outside channel, without a query."""
    if not outside():
        return []
    rows: list[Delivery] = []
    if addressed():
        ways = first_ways(recipients, max(message.notice.sent_at for message in messages))
        rows = [row for message in messages for row in letters(message, ways[whom_of(message)])]
    broadcast = [name for name in outside() if name not in addressed()]
    noticed: set[int] = set()
    for message in messages:
        if message.notice_id in noticed or kinds.NOTICES.has(message.notice.kind, kinds.ASIDE):
            continue
        noticed.add(message.notice_id)
        priority = PRIORITY.get(message.notice.level, OTHER)
        for name in broadcast:
            rows.append(Delivery(message=message, channel=name, key=f"{message.notice.key}/{name}", priority=priority))
    return rows


def _of(whoms: Iterable[Whom]) -> Q:
    ids: dict[str, list[int]] = {"person": [], "agency": [], "enterprise": []}
    for kind, key in whoms:
        ids[kind].append(key)
    return Q(person__in=ids["person"]) | Q(agency__in=ids["agency"]) | Q(enterprise__in=ids["enterprise"])


def _grouped(rows: Iterable[Contact]) -> dict[Whom, list[Contact]]:
    found: dict[Whom, list[Contact]] = {}
    for row in rows:
        found.setdefault(whom_of(row), []).append(row)
    return found


def _first(rows: list[Contact], at: datetime) -> list[Contact]:
    enabled = [row for row in rows if row.is_enabled]
    usable = [row for row in enabled if not row.is_suspended(at)] or enabled
    return [row for row in usable if row.order == usable[0].order]


def _follow_register(found: dict[Whom, list[Contact]], channels: dict[str, Channel]) -> bool:
    """Make the contacts that the register gives and nobody has; True when something was written."""
    persons = {row.pk: row for row in org.persons_by_id([key for kind, key in found if kind == "person"])}
    agencies = {row.pk: row for row in org.agencies([key for kind, key in found if kind == "agency"])}
    fresh: list[Contact] = []
    changed = False
    for (kind, key), known in found.items():
        given: dict[Need, str] = {}
        if kind == "person" and key in persons:
            person = persons[key]
            given = {Need.PHONE: addresses.tidy_phone(person.phone), Need.EMAIL: addresses.tidy_mail(person.email)}
        elif kind == "agency" and key in agencies:
            duty_phone = addresses.tidy_phone(agencies[key].duty_phone, desk=True)
            given = {Need.PHONE: duty_phone} if _MOBILE.fullmatch(duty_phone) else {}
        for order, (name, channel) in enumerate(channels.items(), 1):
            address = given.get(channel.needs, "").strip()
            mine = [row for row in known if row.channel == name]
            if not mine and address:
                fresh.append(
                    Contact(**{f"{kind}_id": key}, channel=name, address=address, order=order, from_register=True)
                )
            for row in mine:
                if row.from_register and row.address != address:
                    changed = _renew(row, address) or changed
    Contact.objects.bulk_create(fresh, ignore_conflicts=True)
    return changed or bool(fresh)


def _renew(row: Contact, address: str) -> bool:
    """The register holds another address now: the contact takes it, and is tried again; True when it was changed."""
    rows = Contact.objects.by_the_machine()
    if not address:
        if row.is_enabled:
            return bool(rows.filter(pk=row.pk).update(is_enabled=False, disabled_because="登记信息中已无此项"))
        return False
    kind, key = whom_of(row)
    if rows.filter(**{f"{kind}_id": key}, channel=row.channel, address=address).exists():
        stale = rows.filter(pk=row.pk, is_enabled=True)
        return bool(stale.update(is_enabled=False, disabled_because="登记号码已变更"))
    values = {
        "address": address, "is_enabled": True, "disabled_at": None, "disabled_because": "", "suspended_until": None,
    }  # fmt: skip
    return bool(rows.filter(pk=row.pk).update(**values))
