"""What follows from a provider's word about an address: the contact rests for a time, and its owner's desk is told.

Only that word suspends, never a status of the transport and never our own judgement. A suspended contact is still used
when its owner has no other, so that a provider's mistake costs nobody a warning.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from anlan.apps.delivery import kinds
from anlan.apps.delivery.models import SUSPENDED_FOR, Contact, Message
from anlan.apps.delivery.services import trouble
from anlan.apps.delivery.services.contact_order import title_of
from anlan.apps.delivery.services.contacts import note
from anlan.apps.delivery.services.draft import Draft, To
from anlan.apps.delivery.services.outbox import post
from anlan.apps.org import selectors as org
from anlan.apps.org.actor import SYSTEM
from anlan.apps.registry.selectors import staff
from anlan.now import AHEAD_AFTER
from anlan.rules.calendar import civil


def suspend(row: Contact, message: Message, error: str, at: datetime) -> bool:
    """Let the contact rest, with a finding and word to its owner's duty desk; once until the time is over.

    Call while holding the chain of the enterprise that the message is about.
    """
    rows = Contact.objects.by_the_machine().filter(pk=row.pk, is_enabled=True)
    resting = Q(suspended_until__gt=at, suspended_until__lte=at + SUSPENDED_FOR + AHEAD_AFTER)
    free = rows.filter(Q(suspended_until__isnull=True) | ~resting)
    until = at + SUSPENDED_FOR
    if not free.update(suspended_until=until, disabled_because=error[:200]):
        return False
    row.suspended_until, row.disabled_because = until, error[:200]
    chain = f"enterprise:{message.enterprise.code}"
    note(row, "contact_suspended", SYSTEM, at, chain=chain)
    words = doubt(row, message, error, at)
    _tell_desk(row, message, words, at)
    return True


def doubt(row: Contact, message: Message, error: str, at: datetime) -> str:
    """Open, or count up, the finding that a contact does not work; returns its words."""
    name = str(row.person or row.agency or row.enterprise)
    words: str = _("联系方式失效：%(name)s %(channel)s（%(address)s）。%(error)s") % {
        "name": name, "channel": title_of(row.channel), "address": row.masked, "error": error,
    }  # fmt: skip
    kind = trouble.TroubleKind.CONTACT
    trouble.report(trouble.Trouble(kind, message.enterprise, f"contact:{row.pk}:failed", words, at))
    return words


def works_again(row: Contact, at: datetime) -> None:
    """A channel took a letter to a contact that was suspended: the word was wrong, or is over."""
    if (
        not Contact.objects.by_the_machine()
        .filter(pk=row.pk, suspended_until__isnull=False)
        .update(suspended_until=None, disabled_because="")
    ):
        return
    row.suspended_until, row.disabled_because = None, ""
    note(row, "contact_works_again", SYSTEM, at)
    trouble.report(trouble.Over(trouble.TroubleKind.CONTACT, f"contact:{row.pk}", at, SYSTEM))


def _tell_desk(row: Contact, message: Message, words: str, at: datetime) -> None:
    desk = _desk_of(row, at)
    if desk is None:
        return
    title = _("联系方式暂停：%(name)s %(channel)s") % {
        "name": str(row.person or row.agency or row.enterprise), "channel": title_of(row.channel),
    }  # fmt: skip
    until = _("暂停到 %(until)s，在此之前先用其他联系方式。请核对号码后重新启用。") % {
        "until": f"{civil(row.suspended_until or at):%Y-%m-%d %H:%M}"
    }
    post(
        Draft(
            key=f"contact:{row.pk}:{at.isoformat()}", kind=kinds.CONTACT, subject=f"contact:{row.pk}",
            enterprise=message.enterprise, source_id=None, level="", due_at=at, sent_at=at, to=(desk,), title=title,
            body=f"{words}\n{until}", article="本地设定",
        )
    )  # fmt: skip


def _desk_of(row: Contact, at: datetime) -> To | None:
    """The duty desk of the unit that the contact serves; None for somebody who serves nowhere."""
    enterprise, agency = row.enterprise, row.agency
    if row.person_id is not None:
        enterprise = next(iter(staff.enterprises_of(row.person_id, at)), None)
        agency = None if enterprise else next(iter(org.agencies_of(row.person_id, at)), None)
    if enterprise is not None:
        return To(f"enterprise:{enterprise.code}", enterprise.name, _("值班台"), enterprise_id=enterprise.pk)
    if agency is not None:
        return To(f"agency:{agency.code}", agency.name, _("值班台"), agency_id=agency.pk)
    return None
