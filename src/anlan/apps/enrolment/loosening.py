"""What an enterprise loosens about its own watching becomes a finding and a clue, in the transaction of the change.

Whoever stands above the enterprise may loosen; that is supervision, and stands in the journal alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from anlan.apps.enrolment import kinds
from anlan.apps.enrolment.sheets.base import Sheet
from anlan.apps.findings import services as findings
from anlan.apps.org.actor import Actor
from anlan.apps.registry.models import Enterprise
from anlan.rules.loosening import ARTICLE, LOCAL, Loosened, loosened


def tell(
    sheet: Sheet, code: str, enterprise: Enterprise, before: dict[str, Any], after: dict[str, Any], *,
    source_id: int | None, by: Actor, at: datetime,
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
    text = f"{sheet.title} {name}：{words}。企业自行修改（{who(by)}），未经批准"
    finding = findings.found(
        kinds.LOOSENED, enterprise=enterprise, subject=f"{kind}:{code}",
        text=text, at=at, source_id=source_id, by=by,
    )  # fmt: skip
    findings.take_down(
        kinds.LOOSENED_CLUE,
        finding=finding,
        enterprise_code=enterprise.code,
        text=text,
        label=ARTICLE if any(each.label == ARTICLE for each in changes) else LOCAL,
        evidence={
            "record": f"{kind}:{code}",
            "enterprise": enterprise.code,
            "actor": by.id,
            "actor_name": who(by),
            "at": at,
            "before": before,
            "after": after,
            "loosened": [
                {"field": each.field, "before": each.before, "after": each.after, "label": each.label}
                for each in changes
            ],
        },
        at=at,
        by=by,
    )
    return True


def who(actor: Actor) -> str:
    """Who loosened it, in words: the name, and what it may be looked up by where several bear it."""
    return f"{actor.name}，{actor.id.partition(':')[2]}" if actor.person_id is not None else actor.name or actor.id


@dataclass(frozen=True, slots=True)
class Change:
    """One field of a clue in the words of the register: its title, before, after, and what says that it matters."""

    title: str
    before: str
    after: str
    label: str


def changes_of(evidence: Mapping[str, Any], sheets: Iterable[Sheet]) -> list[Change]:
    """What a clue of this kind says was loosened, in words; fields that the register no longer has keep their name."""
    kind = str(evidence.get("record", "")).partition(":")[0]
    sheet = next((each for each in sheets if each.watched is not None and each.watched == kind), None)
    known = {column.key: column for column in sheet.columns} if sheet is not None else {}
    found = []
    for each in evidence.get("loosened", []):
        column = known.get(each["field"])
        title = column.title if column else each["field"]
        before, after = (column.in_words(each[side]) if column else str(each[side]) for side in ("before", "after"))
        found.append(Change(title, before, after, each["label"]))
    return found


def _words(sheet: Sheet, change: Loosened) -> str:
    column = sheet.column(change.field)
    return f"{column.title} {column.in_words(change.before)} → {column.in_words(change.after)}"
