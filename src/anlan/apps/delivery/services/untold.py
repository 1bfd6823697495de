"""Nobody reached against somebody told: a notice that no way has brought to anybody is trouble at once.

Looked at whenever a way fails, and once more from the rows alone by the auditor (`selectors.reached_nobody`). Over as
soon as a channel takes a letter about the same subject, or somebody reads one on the platform.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from anlan.apps.delivery import kinds
from anlan.apps.delivery.models import (
    NO_WAY,
    NOBODY_AFTER,
    TAKEN,
    WAITING,
    ChannelState,
    Delivery,
    Message,
    Notice,
)
from anlan.apps.delivery.services import trouble
from anlan.apps.journal import services as journal
from anlan.apps.org.actor import SYSTEM


def look(notice: Notice, reason: str, at: datetime) -> bool:
    """Report once that a notice reached nobody, when that is so; True when this look found it.

    Call outside a transaction that holds a row: it takes the chain of the enterprise itself.
    """
    if kinds.NOTICES.has(notice.kind, kinds.ASIDE) or notice.nobody_since is not None or not _nobody(notice, at):
        return False
    chain = f"enterprise:{notice.enterprise.code}"
    with transaction.atomic():
        journal.hold([chain])
        fresh = Notice.objects.by_the_machine().filter(pk=notice.pk, nobody_since__isnull=True)
        if not _nobody(notice, at) or not fresh.update(nobody_since=at):
            return False
        journal.record(
            chain,
            "notice_reached_nobody",
            at=at,
            subject=notice.subject,
            after={"notice": notice.key, "reason": reason},
        )
        trouble.report(
            trouble.Trouble(
                trouble.TroubleKind.NOBODY,
                notice.enterprise,
                f"{_about(notice.subject)}:{notice.pk}",
                _("没有告知到任何人：%(title)s。%(reason)s") % {"title": notice.title, "reason": reason},
                at,
                source_id=notice.source_id,
            )
        )
    notice.nobody_since = at
    return True


def over(subject: str, at: datetime) -> bool:
    """Somebody was told about the subject; True when it had reached nobody before."""
    rows = Notice.objects.by_the_machine().filter(subject=subject, nobody_since__isnull=False)
    if not rows.exists():
        return False
    with transaction.atomic():
        codes = set(rows.values_list("enterprise__code", flat=True))
        journal.hold([f"enterprise:{code}" for code in codes])
        if not rows.update(nobody_since=None):
            return False
        trouble.report(trouble.Over(trouble.TroubleKind.NOBODY, _about(subject), at, SYSTEM))
    return True


def _about(subject: str) -> str:
    return f"nobody:{subject}"


def _nobody(notice: Notice, at: datetime) -> bool:
    """No way took it, nobody read it, and none is left of which it could be expected within `NOBODY_AFTER`.

    A common place (a group, another system) counts only where no recipient has a way of their own.
    """
    if Message.objects.by_the_machine().filter(notice=notice, read_at__isnull=False).exists():
        return False
    rows = list(Delivery.objects.filter(message__notice=notice).only("channel", "contact_id", "state", "refused_at"))
    unwell = set(ChannelState.objects.filter(unwell_since__isnull=False).values_list("name", flat=True))
    own = [row for row in rows if row.contact_id is not None or row.channel == NO_WAY]
    counted = own or rows
    if not counted or any(row.state in TAKEN for row in counted):
        return False
    if at - notice.sent_at >= NOBODY_AFTER:
        return True
    return not any(row.state in WAITING and row.refused_at is None and row.channel not in unwell for row in counted)
