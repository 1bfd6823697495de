"""A test letter (测试消息): whether a channel works now, seen at once by who asks. Journaled; the address masked."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from anlan import addresses
from anlan.apps.accounts.selectors import INSTALLATION
from anlan.apps.delivery.entitled import may_test
from anlan.apps.delivery.models import masked
from anlan.apps.delivery.services import states
from anlan.apps.delivery.services.contact_order import outside
from anlan.apps.delivery.services.contacts import check_address
from anlan.apps.delivery.services.units import PLATFORM
from anlan.apps.journal import services as journal
from anlan.apps.org.stand import Stand
from anlan.channels import ChannelError, Fault, Letter, Need
from anlan.refused import Refused
from anlan.rules.calendar import civil


def send_test(channel: str, address: str, *, to: str, by: Stand, at: datetime) -> str:
    """Send one letter now, past the queue; returns what went wrong, empty when the channel took it.

    Ends within the channel's own timeout. An unwell channel that takes it is well again. Raises `Refused` for an
    unknown channel and an address that is not of its kind, PermissionDenied for whoever administers nothing.
    """
    if not (may_test(by) or by.actor.is_machine):
        raise PermissionDenied(_("测试消息由管理员发送。"))
    chain = PLATFORM if by.owner == INSTALLATION else by.owner
    found = outside().get(channel)
    if found is None:
        raise Refused(_("没有渠道“%(name)s”，未发送") % {"name": channel[:20]})
    address = "" if found.needs == Need.NOTHING else check_address(found.needs, address)
    letter = Letter(
        key=f"test/{channel}/{at.isoformat()}",
        to=to,
        title=_("安澜测试消息"),
        body=_("这是一条测试消息，不是预警。发送时间 %(at)s。") % {"at": f"{civil(at):%Y-%m-%d %H:%M:%S}"},
        level="",
        address=addresses.dialled(address) if found.needs == Need.PHONE else address,
        kind="test",
        sent_at=at,
    )
    error, fault = "", None
    try:  # outside any transaction: a channel may take seconds
        found.send(letter)
    except ChannelError as failed:
        error, fault = str(failed) or _("渠道未接收"), failed.fault
    with transaction.atomic():
        if not error:
            states.took(channel, at)
        elif fault in (Fault.TRANSPORT, Fault.ACCOUNT):
            states.failed(channel, at, error, everybody=fault == Fault.ACCOUNT)
        after = {"channel": channel, "address": masked(address) if address else "", "error": error}
        journal.record(chain, "test_letter_sent", at=at, actor=by.actor.id, subject=f"channel:{channel}", after=after)
    return error
