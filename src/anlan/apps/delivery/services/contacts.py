"""Contacts of persons and duty desks: added, ordered, disabled and enabled again; each change is journaled, masked.

Where a contact's acts stand: in the chain of the agency or enterprise that it serves, for a person that of their unit.
Must never write an address into the journal as it is (SEC-04), and never delete a row that deliveries point at.
"""

from __future__ import annotations

import re
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anlan import addresses
from anlan.apps.delivery.entitled import may_enable, may_keep
from anlan.apps.delivery.models import Contact, masked
from anlan.apps.delivery.services import trouble
from anlan.apps.delivery.services.contact_order import Whom, addressed, whom_of
from anlan.apps.delivery.services.units import chain_of_contact, owner_of_contact
from anlan.apps.journal import services as journal
from anlan.apps.org.access import require
from anlan.apps.org.actor import Actor
from anlan.apps.org.stand import Stand
from anlan.channels import Need
from anlan.plain import one_line
from anlan.refused import Refused

MOST_ORDER = 9
MOST_CONTACTS = 20
"""Ways in use of one person or desk (local setting). Each letter goes to all of one order, and the senders' rates are
those of everybody: one person's thousand numbers would hold up the letters of all."""
_NOT_YOURS = gettext_lazy("这不是您管理的联系方式。")
_SHAPES = {
    Need.WECOM: re.compile(r"[\w.@-]{1,64}"),
    Need.DINGTALK: re.compile(r"[\w.@$:+/=-]{1,64}"),
    Need.URL: re.compile(r"https?://\S+"),
}
NEED_WORDS = {
    Need.PHONE: gettext_lazy("电话号码"),
    Need.EMAIL: gettext_lazy("邮箱地址"),
    Need.WECOM: gettext_lazy("企业微信账号"),
    Need.DINGTALK: gettext_lazy("钉钉账号"),
    Need.URL: gettext_lazy("网址"),
}


def add(whom: Whom, channel: str, address: str, *, order: int, by: Stand, at: datetime) -> Contact:
    """A further way to a recipient. The same address for the same channel is enabled again and takes the new order.

    Raises `Refused` for a channel that is not set up, an address that is not of its kind, an order out of 1–9,
    and for one more than `MOST_CONTACTS`.
    """
    kind, key = whom
    mine = Contact(**{f"{kind}_id": key})
    require(may_keep(by, mine), mine, by=by, owner=owner_of_contact(mine, at), words=_NOT_YOURS)
    known = addressed()
    if channel not in known:
        raise Refused(_("没有渠道“%(name)s”，未保存") % {"name": channel[:20]})
    address = check_address(known[channel].needs, address)
    _check_order(order)
    with transaction.atomic():
        journal.hold([chain_of_contact(mine, at)])
        everything = Contact.objects.by_the_machine().filter(**{f"{kind}_id": key})
        others = everything.filter(channel=channel)
        same = [row.address for row in others if tidy(known[channel].needs, row.address) == address]
        if not others.filter(address__in=same, is_enabled=True).exists():
            _check_room(whom)
        row, made = Contact.objects.by_the_machine().get_or_create(
            **{f"{kind}_id": key}, channel=channel, address=(same or [address])[0], defaults={"order": order}
        )
        if not made:
            row.order, row.is_enabled, row.disabled_at, row.disabled_because = order, True, None, ""
            row.suspended_until = None
            row.save()
            _over(row, by.actor, at)
        note(row, "contact_added", by.actor, at)
    return row


def change_order(row: Contact, order: int, *, by: Stand, at: datetime) -> None:
    """Use this way earlier or later; ways of one order are used together."""
    require(may_keep(by, row), row, by=by, owner=owner_of_contact(row, at), words=_NOT_YOURS)
    _check_order(order)
    with transaction.atomic():
        journal.hold([chain_of_contact(row, at)])
        before = row.order
        if Contact.objects.by_the_machine().filter(pk=row.pk).exclude(order=order).update(order=order):
            row.order = order
            note(row, "contact_reordered", by.actor, at, before={"order": before})


def disable(row: Contact, reason: str, *, by: Stand, at: datetime) -> bool:
    """Use this way no more; what waits for it is passed on at its next try. False when it was disabled already."""
    require(may_keep(by, row), row, by=by, owner=owner_of_contact(row, at), words=_NOT_YOURS)
    with transaction.atomic():
        journal.hold([chain_of_contact(row, at)])
        rows = Contact.objects.by_the_machine().filter(pk=row.pk, is_enabled=True)
        if not rows.update(is_enabled=False, disabled_at=at, disabled_because=reason[:200]):
            return False
        row.is_enabled, row.disabled_at, row.disabled_because = False, at, reason[:200]
        note(row, "contact_disabled", by.actor, at)
    return True


def enable(row: Contact, *, by: Stand, at: datetime) -> bool:
    """Use a disabled or suspended way again (重新启用); the finding about it is closed. False when it was in use.

    Raises `Refused` for one more than `MOST_CONTACTS`.
    """
    require(may_enable(by, row), row, by=by, owner=owner_of_contact(row, at), words=_NOT_YOURS)
    with transaction.atomic():
        journal.hold([chain_of_contact(row, at)])
        rows = Contact.objects.by_the_machine().filter(pk=row.pk)
        if rows.filter(is_enabled=False).exists():
            _check_room(whom_of(row))
        idle = rows.filter(Q(is_enabled=False) | Q(suspended_until__isnull=False))
        if not idle.update(is_enabled=True, disabled_at=None, disabled_because="", suspended_until=None):
            return False
        because = row.disabled_because
        row.is_enabled, row.disabled_at, row.disabled_because, row.suspended_until = True, None, "", None
        note(row, "contact_enabled", by.actor, at, before={"disabled_because": because})
        _over(row, by.actor, at)
    return True


def check_address(need: Need, address: str) -> str:
    """The address in its one form (`anlan.addresses`); raises `Refused` when it is not of this kind."""
    rule = {Need.PHONE: addresses.phone, Need.EMAIL: addresses.mail}.get(need)
    if rule is not None:
        try:
            found = rule(address)
        except Refused as refused:
            raise Refused(_("%(why)s，没有采用") % {"why": refused}) from None
        if found and len(found) <= 200:
            return found
        raise Refused(_("没有填写%(kind)s，没有采用") % {"kind": NEED_WORDS[need]})
    address = one_line(address)
    if len(address) > 200 or not _SHAPES[need].fullmatch(address):
        raise Refused(_("“%(address)s”不是%(kind)s，没有采用") % {"address": address[:40], "kind": NEED_WORDS[need]})
    return address


def tidy(need: Need, address: str) -> str:
    """An address that was kept before the rule stood, in its one form where it has one."""
    rule = {Need.PHONE: addresses.tidy_phone, Need.EMAIL: addresses.tidy_mail}.get(need, str)
    return rule(address)


def _check_order(order: int) -> None:
    if not 1 <= order <= MOST_ORDER:
        raise Refused(_("次序应为 1 到 %(most)s，未保存") % {"most": MOST_ORDER})


def _check_room(whom: Whom) -> None:
    kind, key = whom
    if Contact.objects.by_the_machine().filter(**{f"{kind}_id": key}, is_enabled=True).count() >= MOST_CONTACTS:
        raise Refused(_("在用的联系方式已有 %(n)d 个，没有再启用；请先停用不用的") % {"n": MOST_CONTACTS})


def _over(row: Contact, by: Actor, at: datetime) -> None:
    trouble.report(trouble.Over(trouble.TroubleKind.CONTACT, f"contact:{row.pk}", at, by))


def note(row: Contact, act: str, by: Actor, at: datetime, before: object = None, chain: str = "") -> None:
    """Journal an act about a contact, its address masked; in ``chain`` when not with the unit that it serves."""
    after = {
        "channel": row.channel,
        "address": masked(row.address),
        "order": row.order,
        "enabled": row.is_enabled,
        "because": row.disabled_because,
        "suspended_until": row.suspended_until.isoformat() if row.suspended_until else None,
    }
    chain = chain or chain_of_contact(row, at)
    journal.record(chain, act, at=at, actor=by.id, subject=f"contact:{row.pk}", before=before, after=after)
