"""What an enterprise loosens about its own watching becomes a finding and a clue, in the transaction of the change.

Whoever stands above the enterprise may loosen; that is supervision, and stands in the journal alone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from anlan.apps.enrolment.sheets.base import Sheet
from anlan.apps.findings import services as findings
from anlan.apps.findings.models import ClueKind, FindingKind
from anlan.apps.registry.models import Enterprise
from anlan.rules.loosening import ARTICLE, LOCAL, Loosened, loosened


def tell(
    sheet: Sheet, code: str, enterprise: Enterprise, before: dict[str, Any], after: dict[str, Any], *,
    source_id: int | None, actor: str, at: datetime,
) -> bool:  # fmt: skip
    """Open a finding and take a clue down when a record of this sheet is watched less closely than before.

    ``before`` and ``after`` are rows by column key. False when nothing was loosened. Found again while open, the
    finding counts up; each change is a clue of its own.
    """
    kind = sheet.watched
    changes = loosened(kind, before, after) if kind is not None else ()
    if not changes:
        return False
    name = before.get("tag") or before.get("name") or code
    words = "，".join(_words(sheet, each) for each in changes)
    text = f"{sheet.title} {name}：{words}。企业自行修改，未经批准"
    finding = findings.found(
        FindingKind.LOOSENED, enterprise_id=enterprise.pk, enterprise_code=enterprise.code, subject=f"{kind}:{code}",
        text=text, at=at, source_id=source_id, actor=actor,
    )  # fmt: skip
    findings.take_down(
        ClueKind.LOOSENED,
        finding=finding,
        enterprise_code=enterprise.code,
        text=text,
        label=ARTICLE if any(each.label == ARTICLE for each in changes) else LOCAL,
        evidence={
            "record": f"{kind}:{code}",
            "enterprise": enterprise.code,
            "actor": actor,
            "at": at,
            "before": before,
            "after": after,
            "loosened": [
                {"field": each.field, "before": each.before, "after": each.after, "label": each.label}
                for each in changes
            ],
        },
        at=at,
        actor=actor,
    )
    return True


def _words(sheet: Sheet, change: Loosened) -> str:
    column = sheet.column(change.field)
    return f"{column.title} {column.in_words(change.before)} → {column.in_words(change.after)}"
