"""Writes what is to be told as rows, in the transaction of the decision: one notice, a message for each recipient, a
delivery for each message and outside channel. The message is its own delivery on the platform: whoever it is addressed
to can read it from the commit on. Must never send anything itself, and never decide who is told.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from anlan.apps.delivery.models import Message, Notice
from anlan.apps.delivery.services.acting import with_deputies
from anlan.apps.delivery.services.contact_order import outside, rows_for
from anlan.apps.delivery.services.draft import Draft, message_of
from anlan.apps.delivery.services.hints import hint
from anlan.apps.journal import services as journal
from anlan.database import bulk


@dataclass(frozen=True, slots=True)
class Posting:
    """Notices with their messages, worded and addressed, ready to be written."""

    drafts: Sequence[Draft]
    notices: Sequence[Notice]
    messages: Sequence[Sequence[Message]]
    """Those of each notice."""


def post(draft: Draft) -> Notice:
    """Post one notice; as `post_all`."""
    return post_all([draft])[0]


def post_all(drafts: Sequence[Draft]) -> Sequence[Notice]:
    """Write notices with their messages and deliveries; a handful of statements for any number of them.

    Call inside the transaction of the decision. A key that exists already raises IntegrityError and undoes the
    decision with it: the caller claims its step first, so this only happens when the claim was wrong.
    """
    return write(prepare(drafts))


def prepare(drafts: Sequence[Draft]) -> Posting:
    """Make the rows without writing any; may be called before the transaction of the decision."""
    drafts = with_deputies(drafts) if drafts else drafts
    return Posting(
        drafts,
        [_notice(draft) for draft in drafts],
        [[message_of(draft.enterprise, to) for to in draft.to] for draft in drafts],
    )


def write(posting: Posting) -> Sequence[Notice]:
    """Write what was prepared; as `post_all`."""
    notices = posting.notices
    if not notices:
        return notices
    bulk.insert(notices, keys=True)
    letters = bool(outside())
    messages = []
    for notice, told in zip(notices, posting.messages, strict=True):
        for message in told:
            message.notice_id = notice.pk
            if letters:
                message.notice = notice
            messages.append(message)
    bulk.insert(messages, keys=letters)
    if letters:
        bulk.insert(rows_for(messages, (to for draft in posting.drafts for to in draft.to)))
    for code in dict.fromkeys(draft.enterprise.code for draft in posting.drafts):
        hint("delivery", code, kind="posted")
    return notices


def fact(draft: Draft) -> dict[str, Any]:
    """What the journal keeps of a notice: its key, who is told by right, and the fingerprint of all that it says."""
    return {"key": draft.key, "to": [to.id for to in draft.to], "sha256": fingerprint(_notice(draft))}


def fingerprint(notice: Notice) -> str:
    """SHA-256 over everything that a notice says; the same for a row to be written and the row read again."""
    said = journal.state_of(notice, SAID)
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


SAID = (
    "key", "kind", "subject", "enterprise_id", "source_id", "level", "step", "due_at", "sent_at", "missed", "article",
    "title", "body",
)  # fmt: skip
"""The columns of a notice that its fingerprint covers: all but its number."""


def _notice(draft: Draft) -> Notice:
    return bulk.fresh(
        Notice,
        key=draft.key,
        kind=draft.kind,
        subject=draft.subject,
        enterprise_id=draft.enterprise.pk,
        source_id=draft.source_id,
        level=draft.level,
        step=draft.step,
        due_at=draft.due_at,
        sent_at=draft.sent_at,
        missed=[instant.isoformat() for instant in draft.missed],
        article=draft.article[:60],
        title=draft.title[:120],
        body=draft.body,
    )
