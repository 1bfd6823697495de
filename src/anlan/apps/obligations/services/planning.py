"""Adds, cancels and fulfils due things, in the caller's transaction. The clock's side is `firing`.

Must never keep a deadline anywhere but in the row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from anlan.apps.obligations.models import Obligation, ObligationState
from anlan.apps.registry.models import Enterprise, HazardSource
from anlan.database import bulk
from anlan.declared import Kind


def add(obligations: Iterable[Obligation]) -> Sequence[Obligation]:
    """Insert new rows in the caller's transaction. The unique ``key`` refuses a step that exists already."""
    rows = list(obligations)
    bulk.insert(rows)
    return rows


def cancel(subject: str, kinds: Iterable[str], *, at: datetime, **narrower: object) -> int:
    """Cancel the pending rows of a subject; returns how many. Again: none are left, 0."""
    pending = Obligation.objects.by_the_machine().filter(
        subject=subject, kind__in=list(kinds), state=ObligationState.PENDING, **narrower
    )
    return pending.update(state=ObligationState.CANCELLED, done_at=at)


def replan(
    *, kind: Kind, subject: str, due_at: datetime | None, at: datetime, enterprise: Enterprise,
    source: HazardSource | None = None, payload: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Make ``due_at`` the one pending moment of a subject for a kind that has no steps; None: there is none any more.

    A moment that was cancelled before is taken up again, so planning the same twice is one row.
    """
    pending = Obligation.objects.by_the_machine().filter(subject=subject, kind=kind, state=ObligationState.PENDING)
    if due_at is None:
        pending.update(state=ObligationState.CANCELLED, done_at=at)
        return
    key = f"{kind}:{subject}:{due_at.astimezone(UTC).isoformat()}"
    pending.exclude(key=key).update(state=ObligationState.CANCELLED, done_at=at)
    fields = {"kind": kind, "subject": subject, "due_at": due_at, "enterprise": enterprise, "source": source}
    fields["payload"] = dict(payload or {})
    row, _ = Obligation.objects.by_the_machine().get_or_create(key=key, defaults=fields)
    if row.state != ObligationState.PENDING:
        again = Obligation.objects.by_the_machine().filter(pk=row.pk)
        again.update(state=ObligationState.PENDING, done_at=None, fired_at=None)


def postpone(obligation: Obligation, due_at: datetime) -> bool:
    """Put off one pending row for which further events count; False when it is not pending any more."""
    if obligation.due_at == due_at:
        return True
    pending = Obligation.objects.by_the_machine().filter(pk=obligation.pk, state=ObligationState.PENDING)
    return bool(pending.update(due_at=due_at))


def remember(obligation: Obligation) -> None:
    """Keep what a handler wrote into the payload of a row that it fires."""
    Obligation.objects.by_the_machine().filter(pk=obligation.pk).update(payload=obligation.payload)


def settle(obligation: Obligation, state: ObligationState, *, at: datetime) -> bool:
    """Move one pending row to a final state; False when it was not pending any more."""
    pending = Obligation.objects.by_the_machine().filter(pk=obligation.pk, state=ObligationState.PENDING)
    changed = pending.update(state=state, done_at=at)
    if changed:
        obligation.state, obligation.done_at = state, at
    return bool(changed)


def make_good(subject: str, kind: str, *, at: datetime, done: bool = True) -> int:
    """What was overdue of a subject has been put right after all (late), or is owed no more (not ``done``: cancelled).
    Returns how many rows; again: none are left, 0."""
    owed = Obligation.objects.by_the_machine().filter(subject=subject, kind=kind, state=ObligationState.OVERDUE)
    return owed.update(state=ObligationState.LATE if done else ObligationState.CANCELLED, done_at=at)


def unfulfil(evidence: str, *, at: datetime, besides: str = "") -> Sequence[Obligation]:
    """What a record was said to show it shows no more, but for the row with the key ``besides``: those rows wait again,
    or are overdue. Returns them."""
    shown = Obligation.objects.by_the_machine().filter(
        evidence=evidence, state__in=[ObligationState.DONE, ObligationState.LATE]
    )
    rows = list(shown.exclude(key=besides).select_related("enterprise"))
    for row in rows:
        row.state = ObligationState.OVERDUE if row.due_at <= at else ObligationState.PENDING
        row.done_at, row.evidence = None, ""
    Obligation.objects.bulk_update(rows, ["state", "done_at", "evidence"])
    return rows


def noted(obligation: Obligation, *, at: datetime, evidence: str) -> None:
    """What a clock finds done when it comes to look: when, and by which record. The row is being fired."""
    Obligation.objects.by_the_machine().filter(pk=obligation.pk).update(done_at=at, evidence=evidence)


def fulfil_now(key: str, *, at: datetime, evidence: str) -> bool:
    """As `fulfil` for what strictly before its instant is in time, and at it late without being overdue. What fell due
    before ``at`` while no clock looked is left to the clock, which judges it as of its instant; False."""
    owed = Obligation.objects.by_the_machine().filter(key=key)
    told = {"done_at": at, "evidence": evidence}
    done = owed.filter(state=ObligationState.PENDING, due_at__gt=at).update(state=ObligationState.DONE, **told)
    late = owed.filter(state=ObligationState.PENDING, due_at=at) | owed.filter(state=ObligationState.OVERDUE)
    return bool(done or late.update(state=ObligationState.LATE, **told))


def fulfil(key: str, *, at: datetime, late: bool, evidence: str = "") -> bool:
    """A person did what they owed, as the record ``evidence`` shows. Pending or overdue becomes done, or late; False
    when there was nothing to fulfil."""
    owed = Obligation.objects.by_the_machine().filter(
        key=key, state__in=[ObligationState.PENDING, ObligationState.OVERDUE]
    )
    state = ObligationState.LATE if late else ObligationState.DONE
    return bool(owed.update(state=state, done_at=at, evidence=evidence))
