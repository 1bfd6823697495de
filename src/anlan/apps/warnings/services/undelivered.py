"""What delivery could not do becomes findings: contacts that failed, recipients whom nobody reached."""

from __future__ import annotations

from anlan.apps.delivery.services import Over, Trouble, TroubleKind
from anlan.apps.findings import services as findings
from anlan.apps.findings.selectors import open_about
from anlan.apps.warnings import kinds
from anlan.apps.warnings.models import Warning

KINDS = {
    TroubleKind.CONTACT: kinds.CONTACT_FAILED,
    TroubleKind.UNREACHED: kinds.UNREACHED,
    TroubleKind.NOBODY: kinds.NOBODY_TOLD,
}


def note_trouble(trouble: Trouble | Over) -> None:
    """Open the finding of a trouble, or close it when it is over. A repeat counts up, a second end does nothing."""
    kind = KINDS[trouble.kind]
    if isinstance(trouble, Over):
        for row in open_about(trouble.subject):
            code = row.enterprise.code
            findings.closed(kind, subject=row.subject, enterprise_code=code, at=trouble.at, by=trouble.by)
        return
    findings.found(
        kind,
        enterprise=trouble.enterprise,
        subject=trouble.subject,
        text=trouble.text,
        at=trouble.at,
        source_id=trouble.source_id,
    )


def number_of(subject: str) -> str:
    """The number of the warning ``warning:<key>``, for letters; empty when there is none."""
    key = subject.partition(":")[2]
    row = Warning.objects.by_the_machine().filter(pk=int(key)).values_list("number", flat=True).first()
    return row or ""
