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
from anlan.apps.org.actor import SYSTEM, Actor
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

    Unique until closed, enforced by the database: of two that find at the same instant one opens and one counts.
    """
    with transaction.atomic():
        finding, opened = (
            Finding.objects.by_the_machine()
            .exclude(state=FindingState.CLOSED)
            .get_or_create(
                kind=kind,
                subject=subject,
                defaults={
                    "enterprise_id": enterprise.pk,
                    "source_id": source_id,
                    "text": text[:300],
                    "found_at": at,
                    "seen_at": at,
                    "found_by": found_by[:80],
                },
            )
        )
        if opened:
            after = {"kind": str(kind), "subject": subject, "text": text, "is": state_of(finding)}
            chain = f"enterprise:{enterprise.code}"
            journal.record(chain, "finding_opened", at=at, actor=by.id, subject=f"finding:{finding.pk}", after=after)
        else:
            Finding.objects.by_the_machine().filter(pk=finding.pk).update(seen_at=at, times=F("times") + 1)
    return finding


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
