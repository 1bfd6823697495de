"""What is read of findings: the list in a scope, and those of one hazard source for a dossier."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from anlan.apps.findings.models import Clue, Finding, FindingState, FindingStep, StepKind
from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import Enterprise


def findings_visible(scope: Scope) -> QuerySet[Finding]:
    """All findings that ``scope`` may see, with what a list shows."""
    return Finding.objects.visible_to(scope).select_related("enterprise", "source", "assigned_by")


def clues_visible(scope: Scope) -> QuerySet[Clue]:
    """All clues that ``scope`` may see, with what a list shows; none for who looks from inside an enterprise."""
    return Clue.objects.visible_to(scope).select_related("enterprise", "finding")


def evidence_of(finding: Finding) -> list[dict[str, Any]]:
    """What the clues of a finding hold. Machine's own read."""
    return list(Clue.objects.by_the_machine().filter(finding=finding).values_list("evidence", flat=True))


def open_findings(scope: Scope) -> QuerySet[Finding]:
    """Those not closed yet."""
    return findings_visible(scope).exclude(state=FindingState.CLOSED)


def of_dossier(scope: Scope, subject: str, source_id: int, start: datetime, until: datetime) -> list[Any]:
    """Findings that belong to a dossier, oldest first, with their steps: those about the subject itself
    (``<subject>`` or ``<subject>:…``), and those of its hazard source that stood between ``start`` and ``until``.
    """
    stood = Q(source_id=source_id, found_at__lte=until) & (Q(closed_at__isnull=True) | Q(closed_at__gte=start))
    own = Q(subject=subject) | Q(subject__startswith=f"{subject}:")
    rows = findings_visible(scope).filter(own | stood).prefetch_related("steps")
    return list(rows.order_by("found_at", "pk"))


def open_about(subject: str) -> list[Finding]:
    """Findings about ``<subject>:…`` that are not closed. For upper apps, which hold the enterprise."""
    rows = Finding.objects.by_the_machine().filter(subject__startswith=f"{subject}:")
    return list(rows.exclude(state=FindingState.CLOSED).order_by("pk"))


def closed_about(subject: str) -> list[Finding]:
    """Findings about exactly this subject that are closed. For upper apps."""
    return list(Finding.objects.by_the_machine().filter(subject=subject, state=FindingState.CLOSED).order_by("pk"))


def open_among(kind: str, subjects: Collection[str]) -> list[Finding]:
    """Findings of a kind about exactly these subjects that are not closed. For upper apps."""
    rows = Finding.objects.by_the_machine().filter(kind=kind, subject__in=list(subjects))
    return list(rows.exclude(state=FindingState.CLOSED).order_by("pk"))


def unclosed_of(enterprise: Enterprise, kinds: Collection[str]) -> list[Finding]:
    """Findings of these kinds of an enterprise that are not closed. For upper apps, which hold the enterprise."""
    rows = Finding.objects.by_the_machine().filter(enterprise=enterprise, kind__in=list(kinds))
    return list(rows.exclude(state=FindingState.CLOSED).select_related("enterprise").order_by("pk"))


def refuted_since(enterprise: Enterprise, kinds: Collection[str], since: datetime) -> set[tuple[str, str]]:
    """(kind, subject) of suspicions of an enterprise whose last judgement since then says that they are none."""
    steps = FindingStep.objects.by_the_machine().filter(
        finding__enterprise=enterprise, finding__kind__in=list(kinds), kind=StepKind.REFUTED, at__gt=since
    )
    return set(steps.order_by().values_list("finding__kind", "finding__subject"))


def open_subjects(kind: str) -> list[tuple[int, str]]:
    """(enterprise, subject) of every finding of a kind that is not closed. Machine's own read."""
    rows = Finding.objects.by_the_machine().filter(kind=kind).exclude(state=FindingState.CLOSED)
    return list(rows.order_by().values_list("enterprise_id", "subject"))


def number_of(subject: str) -> int:
    """How many findings were ever opened about ``<subject>:…``. For upper apps, which number theirs by it."""
    return Finding.objects.by_the_machine().filter(subject__startswith=f"{subject}:").count()
