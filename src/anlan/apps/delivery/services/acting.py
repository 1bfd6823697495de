"""代理人: who is told beside a person that is declared away.

Routing still tells the person who holds the duty; the deputy is told as well, marked 代, and keeps being told how what
they heard of goes on, even when the person is back by then. A deputy who is away himself has his own told, and so on;
a ring ends where it began. Must never replace anybody.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from django.utils.translation import gettext as _

from anlan.apps.delivery import kinds
from anlan.apps.delivery.models import Message
from anlan.apps.delivery.services.draft import Draft, To
from anlan.apps.org import selectors as org
from anlan.apps.org.models import Deputy


def with_deputies(drafts: Sequence[Draft]) -> Sequence[Draft]:
    """The drafts with the deputies of absent persons added to their recipients; one query and one for each further link
    of a chain, one more for kinds that follow."""
    persons = {to.person_id for draft in drafts for to in draft.to if to.person_id is not None}
    if not persons:
        return drafts
    instants = [draft.sent_at for draft in drafts]
    before = _told_before(drafts)
    persons |= {to.person_id for found in before.values() for to in found if to.person_id is not None}
    declared = _declared(persons, min(instants), max(instants))
    if not declared and not before:
        return drafts
    return [_beside(draft, declared, before) for draft in drafts]


def beside(told: Sequence[To], at: datetime) -> list[To]:
    """``told``, each once, with the deputies of those among them who are declared away at ``at``."""
    declared = _declared({to.person_id for to in told if to.person_id is not None}, at, at)
    return _with(list({to.id: to for to in told}.values()), declared, at, {})


def stand_in(person_id: int, code: str, name: str, absent: To) -> To:
    """``person`` as recipient in the stead of ``absent``."""
    slot = _("代%(name)s") % {"name": absent.name}
    return To(f"person:{code}", name, slot[:20], person_id=person_id, acting_for=absent.id)


def _declared(persons: Collection[int], first: datetime, last: datetime) -> list[Deputy]:
    """The deputies of whoever is away between these instants, and those of deputies who are away themselves."""
    found: list[Deputy] = []
    asked: set[int] = set()
    wanted = set(persons)
    while wanted:
        rows = org.deputies_between(wanted, first, last)
        found += rows
        asked |= wanted
        wanted = {row.deputy_id for row in rows} - asked
    return found


def _beside(draft: Draft, declared: Sequence[Deputy], before: dict[tuple[str, str], list[To]]) -> Draft:
    followed = {absent: to for (subject, absent), to in before.items() if subject == draft.subject}
    to = _with(draft.to, declared, draft.sent_at, followed if kinds.NOTICES.has(draft.kind, kinds.FOLLOWS) else {})
    return replace(draft, to=tuple(to)) if len(to) > len(draft.to) else draft


def _with(
    told: Sequence[To], declared: Sequence[Deputy], at: datetime, before: Mapping[str, Sequence[To]]
) -> list[To]:  # fmt: skip
    """``told`` and whoever stands in for one of them or of those: declared at ``at``, or told ``before`` (by id)."""
    to = list(told)
    ids = {each.id for each in to}
    for absent in to:  # grows while it is walked; nobody enters twice, so a ring ends
        stand_ins = [
            stand_in(row.deputy_id, row.deputy.code, row.deputy.name, absent)
            for row in declared
            if row.person_id == absent.person_id
            and row.valid_from <= at
            and (row.valid_until is None or row.valid_until > at)
        ]
        for each in [*stand_ins, *before.get(absent.id, ())]:
            if each.id not in ids:
                ids.add(each.id)
                to.append(each)
    return to


def _told_before(drafts: Sequence[Draft]) -> dict[tuple[str, str], list[To]]:
    """Who was told in a person's stead about the subject of a draft that goes to all who were told."""
    subjects = {draft.subject for draft in drafts if kinds.NOTICES.has(draft.kind, kinds.FOLLOWS)}
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
