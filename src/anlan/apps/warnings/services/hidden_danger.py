"""Closes the loop behind a warning: its cause becomes a hidden danger that is put right and verified (WRN-16)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from anlan.apps.findings import selectors as findings_read
from anlan.apps.findings import services as findings
from anlan.apps.findings.models import Finding, FindingKind
from anlan.apps.warnings.models import Warning
from anlan.apps.warnings.services.posting import finish
from anlan.apps.warnings.services.refusal import Reason, Refused
from anlan.apps.warnings.services.standing import hold
from anlan.rules.words import says_something


def record_hidden_danger(warning: Warning, *, actor: str, name: str, unit: str, at: datetime, text: str) -> Finding:
    """Open a finding of the kind 隐患 that belongs to the warning, also after it was cleared and closed.

    ``actor`` is how the journal names the person. The same words again while the first is open are that first one.
    Raises `Refused` for a blank text.
    """
    words = text.strip()[:300]
    if not says_something(words):
        raise Refused(Reason.INCOMPLETE, "请写明隐患内容")
    with transaction.atomic():
        standing = hold(warning.source, at)
        standing.warning = warning
        known = [each for each in findings_read.open_about(subject_of(warning)) if each.text == words]
        if known:
            return known[0]
        place = standing.place
        finding = findings.found(
            FindingKind.HIDDEN_DANGER,
            enterprise_id=place.enterprise.pk,
            enterprise_code=place.enterprise.code,
            subject=f"{subject_of(warning)}:{findings_read.number_of(subject_of(warning)) + 1}",
            text=words,
            at=at,
            source_id=place.source.pk,
            found_by=f"{unit} {name}".strip(),
            actor=actor,
        )
        standing.note("hidden_danger", at, actor, after={"finding": finding.pk, "text": words, "unit": unit})
        finish(standing, [], "act")
    return finding


def subject_of(warning: Warning) -> str:
    """How findings about a warning name it."""
    return f"warning:{warning.number}"
