"""The closed loop by people: assigned with a limit, rectified, verified or sent back, closed (巡查抽查办法 第十四条).

The limit is an obligation; when it passes without a rectification the clock marks the finding as overdue, and it stays
owed. Every step is a row with its words and stands in the journal of the enterprise; what was handed in with it
(`anlan.apps.files`) is attached in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from anlan.apps.files.services import Received, attach
from anlan.apps.findings import kinds
from anlan.apps.findings.entitled import may_rectify, may_supervise
from anlan.apps.findings.models import Finding, FindingState, StepKind
from anlan.apps.findings.services.finding import step
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Obligation, ObligationState
from anlan.apps.obligations.services import Firing
from anlan.apps.org.access import require
from anlan.apps.org.actor import SYSTEM, Actor
from anlan.apps.org.case import deciding
from anlan.apps.org.stand import HANDLERS, STAFF, Stand
from anlan.apps.registry.selectors.locality import rules_of_one
from anlan.refused import Refused
from anlan.rules.calendar import civil_day
from anlan.rules.patrol import RECTIFICATION_LABELS, Rectification, rectify_limit
from anlan.rules.words import says_something

LOOKED_AGAIN = "自动复检：已不存在"
UNCLOSED = tuple(state for state in FindingState if state != FindingState.CLOSED)


def judge(finding: Finding, *, by: Stand, at: datetime, text: str) -> Finding:
    """属实: what the machine suspected is so, and goes on to be assigned. Raises `Refused` without words."""
    require(may_supervise(by, finding), finding, by=by)
    if not says_something(text):
        raise Refused("请写明判定的依据")
    with deciding(finding, FindingState.SUSPECTED) as row:
        row.state = FindingState.OPEN
        _step(row, StepKind.JUDGED, by.speaking(*HANDLERS), at, text)
    return row


def refute(finding: Finding, *, by: Stand, at: datetime, text: str) -> Finding:
    """误报: what the machine suspected is not so; closed with the words of who says it. Raises `Refused` without."""
    require(may_supervise(by, finding), finding, by=by)
    if not says_something(text):
        raise Refused("请写明判定的依据")
    with deciding(finding, FindingState.SUSPECTED) as row:
        row.state, row.closed_at = FindingState.CLOSED, at
        _step(row, StepKind.REFUTED, by.speaking(*HANDLERS), at, text)
    return row


def assign(
    finding: Finding, *, by: Stand, at: datetime, how: Rectification, measures: str = "",
    due_at: datetime | None = None, text: str = "",
) -> Finding:  # fmt: skip
    """Have the enterprise put it right, at once or with measures and a limit; without a limit the local default counts.

    Assigned again while being rectified, the new limit takes the place of the old one. Raises `Refused` for a finding
    that is further on, for measures left blank where they are asked for, and for a limit that is not in the future;
    PermissionDenied (journaled), as all of these, for whoever it is not open to.
    """
    require(may_supervise(by, finding), finding, by=by)
    actor = by.speaking(*HANDLERS)
    with deciding(finding, FindingState.OPEN, FindingState.ASSIGNED) as row:
        if how is Rectification.WITH_MEASURES and not says_something(measures):
            raise Refused("不能立即整改的，须写明整改前的管控措施")
        if due_at is not None and due_at <= at:
            raise Refused("整改时限须晚于现在")
        row.assigned_by, row.rectification, row.measures = by.agency_with(*HANDLERS), how, measures.strip()[:500]
        _owe(row, at, due_at)
        words = f"{RECTIFICATION_LABELS[how]}{'：' + measures.strip() if measures.strip() else ''}"
        _step(row, StepKind.ASSIGNED, actor, at, f"{words}{'。' + text.strip() if text.strip() else ''}")
    return row


def rectify(finding: Finding, *, by: Stand, at: datetime, text: str, files: Sequence[Received] = ()) -> Finding:
    """The enterprise says what it did. Raises `Refused` for a blank text; nobody has to wait for the assignment."""
    require(may_rectify(by, finding), finding, by=by)
    if not says_something(text):
        raise Refused("请填写整改情况")
    with deciding(finding, FindingState.OPEN, FindingState.ASSIGNED) as row:
        late = row.due_at is not None and at > row.due_at
        if row.due_at is not None:
            obligations.fulfil(_key(row), at=at, late=late)
            if late and row.overdue_at is None:  # the clock has not looked yet: what is late is overdue first
                row.overdue_at = row.due_at
        row.state, row.rectified_at = FindingState.RECTIFIED, at
        _step(row, StepKind.RECTIFIED, by.speaking(*STAFF), at, text)
        _attach(row, files, by, at)
    return row


def send_back(
    finding: Finding, *, by: Stand, at: datetime, text: str, due_at: datetime | None = None,
    files: Sequence[Received] = (),
) -> Finding:  # fmt: skip
    """Verified and not put right: back to the enterprise with a new limit (the local default without one)."""
    require(may_supervise(by, finding), finding, by=by)
    if not says_something(text):
        raise Refused("请写明退回的原因")
    if due_at is not None and due_at <= at:
        raise Refused("整改时限须晚于现在")
    with deciding(finding, FindingState.RECTIFIED) as row:
        row.rectified_at = None
        row.rectification = row.rectification or Rectification.IMMEDIATE
        _owe(row, at, due_at)
        _step(row, StepKind.SENT_BACK, by.speaking(*HANDLERS), at, text)
        _attach(row, files, by, at)
    return row


def verify(finding: Finding, *, by: Stand, at: datetime, text: str, files: Sequence[Received] = ()) -> Finding:
    """Somebody of the supervising side has looked and found it put right."""
    require(may_supervise(by, finding), finding, by=by)
    if not says_something(text):
        raise Refused("请填写核验情况")
    with deciding(finding, FindingState.RECTIFIED) as row:
        row.state, row.verified_at = FindingState.VERIFIED, at
        _step(row, StepKind.VERIFIED, by.speaking(*HANDLERS), at, text)
        _attach(row, files, by, at)
    return row


def close(finding: Finding, *, by: Stand, at: datetime, text: str = "") -> Finding:
    """销号, after it was verified."""
    require(may_supervise(by, finding), finding, by=by)
    with deciding(finding, FindingState.VERIFIED) as row:
        row.state, row.closed_at = FindingState.CLOSED, at
        _step(row, StepKind.CLOSED, by.speaking(*HANDLERS), at, text)
    return row


def gone(finding: Finding, at: datetime) -> Finding:
    """The machine looked again and does not find it any more (自动复检). What nobody had taken up is closed; what was
    assigned or reported counts as rectified and verified, and a person closes it. Again: nothing more."""
    with deciding(finding, *UNCLOSED) as row:
        match row.state:
            case FindingState.SUSPECTED | FindingState.OPEN:
                row.state, row.closed_at = FindingState.CLOSED, at
                _step(row, StepKind.CLOSED, SYSTEM, at, LOOKED_AGAIN)
            case FindingState.ASSIGNED | FindingState.RECTIFIED:
                if row.state == FindingState.ASSIGNED:
                    obligations.fulfil(_key(row), at=at, late=row.due_at is not None and at > row.due_at)
                    row.rectified_at = at
                row.state, row.verified_at = FindingState.VERIFIED, at
                _step(row, StepKind.VERIFIED, SYSTEM, at, LOOKED_AGAIN)
    return row


def still_there(finding: Finding, at: datetime) -> Finding:
    """The machine looked again and still finds what was reported as rectified: back to the enterprise, with the local
    limit. Raises `Refused` for one that is in another state by now."""
    with deciding(finding, FindingState.RECTIFIED) as row:
        row.rectified_at = None
        row.rectification = row.rectification or Rectification.IMMEDIATE
        _owe(row, at, None)
        _step(row, StepKind.SENT_BACK, SYSTEM, at, "自动复检：仍然存在")
    return row


def fire_overdue(rows: Sequence[Obligation], firing: Firing) -> None:
    """The clock: limits that passed without a rectification. The rectification stays owed."""
    findings = {f"finding:{row.pk}": row for row in _by_subjects(rows)}
    for obligation in rows:
        finding = findings[obligation.subject]
        obligation.state = ObligationState.OVERDUE
        finding.overdue_at = obligation.due_at
        finding.save(update_fields=["overdue_at"])
        step(finding, StepKind.OVERDUE, SYSTEM, firing.now, "")


def _by_subjects(rows: Sequence[Obligation]) -> list[Finding]:
    keys = [int(row.subject.removeprefix("finding:")) for row in rows]
    return list(Finding.objects.by_the_machine().filter(pk__in=keys).select_related("enterprise"))


def _owe(row: Finding, at: datetime, due_at: datetime | None) -> None:
    """A new due thing for the rectification in place of the last one; its limit by the rules of the day."""
    limit = rectify_limit(at, Rectification(row.rectification), rules_of_one(row.enterprise, civil_day(at)), due_at)
    obligations.cancel(row.about, [kinds.RECTIFY], at=at)
    row.state, row.assigned_at, row.overdue_at = FindingState.ASSIGNED, at, None
    row.due_at, row.limit_source, row.seq = limit.deadline.at, limit.source, row.seq + 1
    obligations.add(
        [
            Obligation(
                key=_key(row),
                kind=kinds.RECTIFY,
                subject=row.about,
                enterprise=row.enterprise,
                source=row.source,
                due_at=row.due_at,
                article=limit.source,
            )
        ]
    )


def _key(row: Finding) -> str:
    return f"rectify:f{row.pk}:{row.seq}"


def _attach(row: Finding, files: Sequence[Received], by: Stand, at: datetime) -> None:
    for each in files:
        attach(row.about, each, by=by, at=at)


def _step(row: Finding, kind: StepKind, actor: Actor, at: datetime, text: str) -> None:
    row.save(update_fields=row.MOVED)
    step(row, kind, actor, at, text.strip())
