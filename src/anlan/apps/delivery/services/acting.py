"""代理人: who is told beside a person that is declared away.

Routing still tells the person who holds the duty; the deputy is told as well, marked 代, and keeps being told how what
they heard of goes on, even when the person is back by then. Must never replace anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.utils.translation import gettext as _

from anlan.apps.delivery.models import Message, NoticeKind
from anlan.apps.delivery.services.draft import Draft, To
from anlan.apps.org import selectors as org
from anlan.apps.org.models import Deputy

FOLLOW: frozenset[str] = frozenset({NoticeKind.UPGRADED, NoticeKind.DOWNGRADED, NoticeKind.CLEARED, NoticeKind.SUMMARY})
"""Kinds that go to everybody who was told before."""


def with_deputies(drafts: Sequence[Draft]) -> Sequence[Draft]:
    """The drafts with the deputies of absent persons added to their recipients; one query, one more for `FOLLOW`."""
    persons = {to.person_id: to for draft in drafts for to in draft.to if to.person_id is not None}
    if not persons:
        return drafts
    instants = [draft.sent_at for draft in drafts]
    declared = org.deputies_between(set(persons), min(instants), max(instants))
    before = _told_before(drafts)
    if not declared and not before:
        return drafts
    return [_beside(draft, declared, before) for draft in drafts]


def stand_in(person_id: int, code: str, name: str, absent: To) -> To:
    """``person`` as recipient in the stead of ``absent``."""
    slot = _("代%(name)s") % {"name": absent.name}
    return To(f"person:{code}", name, slot[:20], person_id=person_id, acting_for=absent.id)


def _beside(draft: Draft, declared: Sequence[Deputy], before: dict[tuple[str, str], list[To]]) -> Draft:
    told = {to.id for to in draft.to}
    extra: list[To] = []
    for absent in draft.to:
        found = [
            stand_in(row.deputy_id, row.deputy.code, row.deputy.name, absent)
            for row in declared
            if row.person_id == absent.person_id
            and row.valid_from <= draft.sent_at
            and (row.valid_until is None or row.valid_until > draft.sent_at)
        ]
        if draft.kind in FOLLOW:
            found += before.get((draft.subject, absent.id), [])
        for to in found:
            if to.id not in told:
                told.add(to.id)
                extra.append(to)
    return replace(draft, to=(*draft.to, *extra)) if extra else draft


def _told_before(drafts: Sequence[Draft]) -> dict[tuple[str, str], list[To]]:
    """Who was told in a person's stead about the subject of a draft that goes to all who were told."""
    subjects = {draft.subject for draft in drafts if draft.kind in FOLLOW}
    found: dict[tuple[str, str], list[To]] = {}
    if not subjects:
        return found
    rows = Message.objects.by_the_machine().filter(
        notice__subject__in=subjects, person__isnull=False, acting_for__startswith="person:"
    )
    fields = ("notice__subject", "acting_for", "recipient", "recipient_name", "slot", "person_id")
    for subject, absent, recipient, name, slot, person_id in rows.values_list(*fields).order_by("pk"):
        to = To(recipient, name, slot, person_id=person_id, acting_for=absent)
        found.setdefault((subject, absent), []).append(to)
    return found
