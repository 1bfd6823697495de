"""Opens and closes findings by the machine. Found again while open, a finding counts up instead of doubling."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from anlan.apps.findings import kinds
from anlan.apps.findings.models import Finding, FindingState, FindingStep, StepKind
from anlan.apps.journal import services as journal
from anlan.apps.obligations import services as obligations
from anlan.apps.org.actor import SYSTEM, Actor, signed
from anlan.apps.registry.models import Enterprise
from anlan.declared import Kind

BY_ITSELF = "系统"
"""Name under which the machine closes what it sees put right."""


def state_of(finding: Finding) -> dict[str, Any]:
    """What the journal keeps of a finding at an act."""
    return journal.state_of(finding, finding.KEPT)


def found(
    kind: Kind,
    *,
    enterprise: Enterprise,
    subject: str,
    text: str,
    at: datetime,
    source_id: int | None = None,
    found_by: str = "",
    by: Actor = SYSTEM,
) -> Finding:
    """Open a finding, or count it up when it is on its way already; only the opening is journaled.

    Unique until closed, enforced by the database: of two that find at the same instant one opens and one counts. A kind
    that `RECURS` goes on where it was closed; a `SUSPICION` begins with somebody's judgement.
    """
    with transaction.atomic():
        rows = Finding.objects.by_the_machine().filter(kind=kind, subject=subject)
        if kinds.FINDINGS.has(kind, kinds.RECURS) and not rows.exclude(state=FindingState.CLOSED).exists():
            before = rows.select_related("enterprise").order_by("-pk").first()
            if before is not None:
                return _reopened(before, text, at, by)
        finding, opened = rows.exclude(state=FindingState.CLOSED).get_or_create(
            kind=kind,
            subject=subject,
            defaults={
                "enterprise_id": enterprise.pk,
                "source_id": source_id,
                "text": text[:300],
                "state": _first_state(kind),
                "found_at": at,
                "seen_at": at,
                "found_by": found_by[:80],
            },
        )
        if opened:
            after = {"kind": str(kind), "subject": subject, "text": text, "is": state_of(finding)}
            chain = f"enterprise:{enterprise.code}"
            journal.record(chain, "finding_opened", at=at, actor=by.id, subject=f"finding:{finding.pk}", after=after)
        else:
            Finding.objects.by_the_machine().filter(pk=finding.pk).update(seen_at=at, times=F("times") + 1)
    return finding


def _first_state(kind: str) -> FindingState:
    return FindingState.SUSPECTED if kinds.FINDINGS.has(kind, kinds.SUSPICION) else FindingState.OPEN


def _reopened(row: Finding, text: str, at: datetime, by: Actor) -> Finding:
    """The same finding once more: it waits anew for whoever judges or assigns; its steps stay."""
    row.state, row.text, row.seen_at, row.times = _first_state(row.kind), text[:300], at, row.times + 1
    row.assigned_at = row.due_at = row.overdue_at = row.rectified_at = row.verified_at = row.closed_at = None
    row.assigned_by, row.rectification, row.measures, row.limit_source = None, "", "", ""
    row.save()
    step(row, StepKind.REOPENED, by, at, f"第 {row.times} 次：{text}")
    return row


def step(row: Finding, kind: StepKind, actor: Actor, at: datetime, text: str) -> None:
    """Write down a step of a finding that is saved, and journal it with all that the finding says then."""
    FindingStep.objects.create(
        finding=row, enterprise_id=row.enterprise_id, kind=kind, **signed(actor), at=at, text=text[:500]
    )
    said = {"text": text, "unit": actor.unit, "by": actor.name}
    after = {**said, "due_at": row.due_at, "limit_source": row.limit_source, "is": state_of(row)}
    journal.record(row.chain, f"finding_{kind}", at=at, actor=actor.id, subject=row.about, after=after)


def closed(kind: Kind, *, subject: str, enterprise_code: str, at: datetime, by: Actor = SYSTEM) -> bool:
    """Close the finding of this kind and subject wherever it stands: what was missing is there. False without one."""
    with transaction.atomic():
        open_ones = Finding.objects.by_the_machine().exclude(state=FindingState.CLOSED)
        finding = open_ones.filter(kind=kind, subject=subject).first()
        if finding is None:
            return False
        Finding.objects.by_the_machine().filter(pk=finding.pk).update(state=FindingState.CLOSED, closed_at=at)
        finding.state, finding.closed_at = FindingState.CLOSED, at
        obligations.cancel(f"finding:{finding.pk}", [kinds.RECTIFY], at=at)
        FindingStep.objects.create(
            finding=finding, enterprise_id=finding.enterprise_id, kind=StepKind.CLOSED,
            actor_id=by.id, actor_name=BY_ITSELF, at=at,
        )  # fmt: skip
        chain = f"enterprise:{enterprise_code}"
        after = {"by": BY_ITSELF, "is": state_of(finding)}
        journal.record(chain, "finding_closed", at=at, actor=by.id, subject=f"finding:{finding.pk}", after=after)
    return True
