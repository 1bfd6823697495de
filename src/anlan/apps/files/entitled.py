"""Who may withdraw a file; who may hand one in is said by the app whose record it is for (`holders`)."""

from __future__ import annotations

from anlan.apps.files.holders import holder_of
from anlan.apps.files.models import Attachment
from anlan.apps.org.stand import Stand


def may_withdraw(by: Stand, attachment: Attachment) -> bool:
    """Whoever handed it in, while they may still hand in; and whoever the record's app says."""
    holder, record = holder_of(attachment.subject), attachment.record
    if record is None:
        return False
    if attachment.actor_id == by.actor.id and holder.may_attach(by, record):
        return True
    return holder.may_withdraw(by, record)
