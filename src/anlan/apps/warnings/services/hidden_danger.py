"""Closes the loop behind a warning: its cause becomes a hidden danger that is put right and verified (WRN-16)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from anlan.apps.findings import selectors as findings_read
from anlan.apps.findings import services as findings
from anlan.apps.findings.models import Finding
from anlan.apps.org.access import require
from anlan.apps.org.stand import HANDLERS, STAFF, Stand
from anlan.apps.warnings import kinds
from anlan.apps.warnings.entitled import may_record_hidden_danger
from anlan.apps.warnings.models import Warning
from anlan.apps.warnings.services.posting import finish
from anlan.apps.warnings.services.refusal import Reason
from anlan.apps.warnings.services.situation import hold
from anlan.refused import Refused
from anlan.rules.words import says_something


def record_hidden_danger(warning: Warning, *, by: Stand, at: datetime, text: str) -> Finding:
    """Open a finding of the kind 隐患 that belongs to the warning, also after it was cleared and closed.

    The same words again while the first is open are that first one. Raises `Refused` for a blank text, and
    PermissionDenied (journaled) for whoever neither belongs to the enterprise nor tracks it.
    """
    require(may_record_hidden_danger(by, warning), warning, by=by)
    actor = by.speaking(*STAFF, *HANDLERS)
    words = text.strip()[:300]
    if not says_something(words):
        raise Refused("请写明隐患内容", reason=Reason.INCOMPLETE)
    with transaction.atomic():
        standing = hold(warning.source, at)
        standing.warning = warning
        known = [each for each in findings_read.open_about(subject_of(warning)) if each.text == words]
        if known:
            return known[0]
        place = standing.place
        finding = findings.found(
            kinds.HIDDEN_DANGER,
            enterprise=place.enterprise,
            subject=f"{subject_of(warning)}:{findings_read.number_of(subject_of(warning)) + 1}",
            text=words,
            at=at,
            source_id=place.source.pk,
            found_by=f"{actor.unit} {actor.name}".strip(),
            by=actor,
        )
        standing.note("hidden_danger", at, actor, after={"finding": finding.pk, "text": words, "unit": actor.unit})
        finish(standing, [], "act")
    return finding


def subject_of(warning: Warning) -> str:
    """How findings about a warning name it."""
    return f"warning:{warning.number}"
