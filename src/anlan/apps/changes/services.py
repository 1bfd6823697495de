"""Asking for changes and deciding about them; one limit changed by its authority. Each is one transaction.

A request names rows of the register workbook. Approving keeps all of them or none; what has changed since it was asked
for, has expired or was taken back is refused in words, and everything that was said stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from anlan.apps.changes import kinds
from anlan.apps.changes.entitled import DECIDERS, may_ask, may_change, may_decide, may_set
from anlan.apps.changes.models import ChangeRequest, ChangeState
from anlan.apps.delivery.services import hint
from anlan.apps.enrolment.services import Asked, apply_rows, asked_row, sheet_named
from anlan.apps.findings.services import digest_of
from anlan.apps.journal import services as journal
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Obligation
from anlan.apps.obligations.services import Firing
from anlan.apps.org.access import require
from anlan.apps.org.actor import SYSTEM, Actor
from anlan.apps.org.case import NAME, deciding
from anlan.apps.org.stand import Stand
from anlan.apps.registry.models import Enterprise, Point
from anlan.apps.registry.selectors.locality import rules_of_one
from anlan.apps.registry.services import LIMITS, Why
from anlan.refused import Refused
from anlan.rules.calendar import civil_day
from anlan.rules.words import says_something

POINTS = "点位"
UNSAID = "请写明理由"


def ask(enterprise: Enterprise, rows: Sequence[Asked], *, by: Stand, at: datetime, reason: str) -> ChangeRequest:
    """Ask for these rows; the same again while it waits is the same request. Raises `Refused` without a reason."""
    require(may_ask(by, enterprise), enterprise, by=by)
    if not says_something(reason):
        raise Refused(UNSAID, fields={"reason": UNSAID})
    return _asked(enterprise, rows, by.actor, at, reason)


def ask_from_workbook(enterprise: Enterprise, rows: Sequence[Asked], by: Actor, at: datetime, reason: str) -> None:
    """One request for all that a workbook changes of an enterprise's watching; its rows were looked at one by one."""
    _asked(enterprise, rows, by, at, reason if says_something(reason) else "随登记表提出，未写理由")


def _asked(enterprise: Enterprise, rows: Sequence[Asked], by: Actor, at: datetime, reason: str) -> ChangeRequest:
    if not rows:
        raise Refused("没有改动")
    with transaction.atomic():
        journal.hold([f"enterprise:{enterprise.code}"])
        sha256 = digest_of({"rows": list(rows)})
        waiting = ChangeRequest.objects.by_the_machine().filter(enterprise=enterprise, state=ChangeState.ASKED)
        if found := waiting.filter(sha256=sha256).first():
            return found
        expires_at = at + rules_of_one(enterprise, civil_day(at)).length("change_request_hours")
        row = ChangeRequest(
            enterprise=enterprise, rows=list(rows), sha256=sha256, reason=reason.strip()[:200], asked_at=at,
            asked_by=by.name[:NAME], asked_by_id=by.id, expires_at=expires_at,
        )  # fmt: skip
        row.save()
        row.record("asked", at, by)
        obligations.add(
            [
                Obligation(
                    key=f"{row.about}:expiry", kind=kinds.EXPIRY, subject=row.about, enterprise=enterprise,
                    agency=enterprise.supervisor, due_at=expires_at, payload={"change": row.pk},
                )
            ]
        )  # fmt: skip
        hint("change", enterprise.code, kind="asked")
    return row


def approve(request: ChangeRequest, *, by: Stand, at: datetime, note: str = "") -> ChangeRequest:
    """Keep all rows of a request, each as a revision that names it. Raises `Refused`, and has then kept none, when one
    has changed meanwhile, when the register does not take one, and when the request has expired."""
    require(may_decide(by, request), request, by=by)
    with deciding(request, ChangeState.ASKED) as row:
        if at >= row.expires_at:
            raise Refused("这份变更申请已过期，须重新提出")
        actor = by.speaking(*DECIDERS)
        apply_rows(row.enterprise, row.rows, by=actor, at=at, why=Why(row.reason, row.about))
        _decided(row, ChangeState.APPROVED, by, at, note)
    return row


def refuse(request: ChangeRequest, *, by: Stand, at: datetime, note: str) -> ChangeRequest:
    """Not grant it, with words why; nothing of the register changes. Raises `Refused` without them."""
    require(may_decide(by, request), request, by=by)
    if not says_something(note):
        raise Refused("请写明不批准的原因")
    with deciding(request, ChangeState.ASKED) as row:
        _decided(row, ChangeState.REFUSED, by, at, note)
    return row


def _decided(row: ChangeRequest, state: ChangeState, by: Stand, at: datetime, note: str) -> None:
    row.state, row.agency = state, by.agency_with(*DECIDERS, near=True)
    row.decide(by.actor, at, note)
    _over(row, str(state), at, by.actor)


def withdraw(request: ChangeRequest, *, by: Stand, at: datetime) -> ChangeRequest:
    """The enterprise takes it back."""
    require(may_ask(by, request), request, by=by)
    with deciding(request, ChangeState.ASKED) as row:
        row.state = ChangeState.WITHDRAWN
        row.finish(by.actor, at)
        _over(row, "withdrawn", at, by.actor)
    return row


def fire_expiries(rows: Sequence[Obligation], firing: Firing) -> None:
    """Requests that nobody decided in time are over; asked for again they are new ones. Repeated: nothing more."""
    for due in rows:
        row = ChangeRequest.objects.by_the_machine().select_related("enterprise").get(pk=due.payload["change"])
        if row.state == ChangeState.ASKED:
            row.state = ChangeState.EXPIRED
            row.finish(SYSTEM, due.due_at)
            row.keep("expired", firing.now)
            hint("change", row.enterprise.code, kind="expired")


def _over(row: ChangeRequest, act: str, at: datetime, by: Actor) -> None:
    obligations.cancel(row.about, [kinds.EXPIRY], at=at)
    row.keep(act, at, by)
    hint("change", row.enterprise.code, kind=act)


def change_limits(
    point: Point, wanted: Mapping[str, Any], *, by: Stand, at: datetime, reason: str
) -> ChangeRequest | None:  # fmt: skip
    """Change limits of one point: at once by its authority (None), as a request by the enterprise.

    Raises `Refused` for what the register would not take, for no change at all, and without a reason.
    """
    require(may_set(by, point), point, by=by)
    decides = may_change(by, point)
    if not says_something(reason):
        raise Refused(UNSAID, fields={"reason": UNSAID})
    sheet = sheet_named(POINTS)
    now = sheet.values_of(point)
    row = asked_row(sheet, point.code, now, {**now, **{name: wanted[name] for name in LIMITS if name in wanted}})
    if row is None:
        raise Refused("没有改动")
    with transaction.atomic():
        journal.hold([f"enterprise:{point.enterprise.code}"])
        if decides:
            apply_rows(point.enterprise, [row], by=by.speaking(*DECIDERS), at=at, why=Why(reason))
            return None
        attempt = transaction.savepoint()
        apply_rows(point.enterprise, [row], by=by.actor, at=at, why=Why(reason))
        transaction.savepoint_rollback(attempt)
        return _asked(point.enterprise, [row], by.actor, at, reason)
