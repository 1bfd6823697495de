"""Enters refinements: judged by the rules, journaled, never changing what counted yesterday or counts today."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction

from anlan.apps.journal import services as journal
from anlan.apps.org import selectors as org
from anlan.apps.org.access import require
from anlan.apps.org.actor import Actor
from anlan.apps.org.models import Agency, Role
from anlan.apps.org.stand import Stand
from anlan.apps.rulebook import selectors
from anlan.apps.rulebook.entitled import may_refine
from anlan.apps.rulebook.models import Refinement
from anlan.refused import Refused
from anlan.rules import rulebook
from anlan.rules.calendar import civil_day
from anlan.rules.rulebook import Accepted, Override, RefinementRefused

REFINED, REFUSED = "rule_refined", "rule_refused"
"""Acts under which an entered and a refused refinement stand in the journal of the agency."""


def judge(agency: Agency, wanted: Override, at: datetime) -> Accepted | RefinementRefused:
    """What entering the refinement at ``at`` would come to; changes nothing."""
    rows = selectors.history(agency.path, wanted.key)
    codes = {row.agency_id: row.agency.code for row in rows} | {agency.pk: agency.code}
    chain = [codes[pk] for pk in selectors.ids_of(agency.path) if pk in codes]
    others = [row.override(row.agency.code) for row in rows]
    return rulebook.book().override(wanted, chain, others, today=civil_day(at))


def refine(agency: Agency, wanted: Override, *, by: Stand, at: datetime) -> Refinement:
    """Enter a value of a number for the area of ``agency``; None takes its own value back from that day on.

    Raises `Refused` when the rules do not allow it; the attempt then stands in the journal. The same refinement sent
    twice is entered once. PermissionDenied (journaled) for whoever does not administer the area.
    """
    require(may_refine(by, agency), agency, by=by)
    actor = by.speaking(str(Role.ADMIN))
    wanted = replace(wanted, document=wanted.document.strip(), waiver=wanted.waiver.strip())
    if wanted.locality != agency.code:
        raise ValueError(f"a value for {wanted.locality} is entered by {agency.code}")
    with transaction.atomic():
        journal.hold([f"agency:{each.code}" for each in org.agencies(ids=selectors.ids_of(agency.path))])
        own = [row for row in selectors.history(agency.path, wanted.key) if row.agency_id == agency.pk]
        if own and own[-1].override(agency.code) == wanted:
            return own[-1]
        verdict = judge(agency, wanted, at)
        words = _words(wanted)
        if isinstance(verdict, RefinementRefused):
            after = {**words, "reason": str(verdict.reason), "detail": verdict.detail}
            _journal(agency, REFUSED, wanted, actor, at, None, after)
        else:
            row = Refinement.objects.create(
                agency=agency,
                key=wanted.key,
                value=wanted.value,
                effective_from=wanted.effective_from,
                effective_to=wanted.effective_to,
                document=wanted.document,
                waiver=wanted.waiver,
                entered_by=(actor.title or actor.id)[:80],
                entered_at=at,
            )
            before = _words(own[-1].override(agency.code)) if own else None
            _journal(agency, REFINED, wanted, actor, at, before, words)
    if isinstance(verdict, RefinementRefused):
        raise Refused(verdict.detail, reason=verdict.reason)
    return row


def _journal(agency: Agency, act: str, wanted: Override, by: Actor, at: datetime, before: Any, after: Any) -> None:
    journal.record(
        f"agency:{agency.code}", act, at=at, actor=by.id, subject=f"rule:{wanted.key}", before=before, after=after
    )


def _words(override: Override) -> dict[str, Any]:
    return {
        "value": override.value,
        "from": override.effective_from,
        "to": override.effective_to,
        "document": override.document,
        "waiver": override.waiver,
    }
