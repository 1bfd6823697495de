"""Takes clues down: evidence with its digest, in the transaction of the act that it points to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from anlan.apps.findings.models import Clue, Finding
from anlan.apps.journal import services as journal
from anlan.apps.org.actor import Actor
from anlan.declared import Kind


def take_down(
    kind: Kind,
    *,
    finding: Finding,
    enterprise_code: str,
    text: str,
    label: str,
    evidence: Mapping[str, Any],
    at: datetime,
    by: Actor,
) -> Clue:
    """Keep a clue beside the finding that it belongs to; its digest stands in the enterprise's journal.

    Every call is a clue of its own: the caller's transaction keeps a repeated act from being taken down twice.
    """
    kept = journal.plain(dict(evidence))
    with transaction.atomic():
        clue = Clue.objects.create(
            kind=kind,
            enterprise_id=finding.enterprise_id,
            finding=finding,
            subject=finding.subject,
            text=text[:300],
            label=label[:80],
            evidence=kept,
            sha256=digest_of(kept),
            found_at=at,
        )
        after = {"kind": str(kind), "finding": finding.pk, "label": clue.label, "sha256": clue.sha256}
        chain = f"enterprise:{enterprise_code}"
        journal.record(chain, "clue_taken_down", at=at, actor=by.id, subject=f"clue:{clue.pk}", after=after)
    return clue


def digest_of(evidence: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of evidence as JSON: keys sorted, no blanks, UTF-8."""
    text = json.dumps(journal.plain(dict(evidence)), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
