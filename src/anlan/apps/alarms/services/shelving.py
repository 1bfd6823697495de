"""Shelving an alarm: off the enterprise's own display for a time, with reason and person, back by itself (Q-43).

A shelf touches no alarm row: grading, the number of uncleared alarms and what the agencies see know nothing of it. Its
end is a due row, and it counts only until ``ends_at`` whether or not the clock has come to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from anlan.apps.alarms import kinds
from anlan.apps.alarms.entitled import asked_themselves, may_decide_shelving, may_shelve
from anlan.apps.alarms.models import Shelving, ShelvingState
from anlan.apps.delivery.services import hint
from anlan.apps.journal import services as journal
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Obligation
from anlan.apps.obligations.services import Firing
from anlan.apps.org.access import require
from anlan.apps.org.actor import SYSTEM, Actor
from anlan.apps.org.case import deciding
from anlan.apps.org.stand import Stand
from anlan.apps.registry.models import Point
from anlan.apps.registry.selectors.locality import rules_of_one
from anlan.refused import Refused
from anlan.rules.alarms import QuietingRefused, ShelvingRule, judge_shelving
from anlan.rules.calendar import civil_day
from anlan.rules.grading import Gas
from anlan.rules.words import says_something

OPEN = (ShelvingState.ASKED, ShelvingState.IN_FORCE)


def shelve(point: Point, side: str, *, minutes: int, reason: str, by: Stand, at: datetime) -> Shelving:
    """Shelve one side of a point; a gas alarm is only asked for. Raises `Refused` with the reason for the person.

    One that is shelved or asked for already is refused, so a repeat changes nothing. PermissionDenied (journaled) for
    whoever is not of the enterprise's staff.
    """
    require(may_shelve(by, point), point, by=by)
    with transaction.atomic():
        rule = ShelvingRule.of(rules_of_one(point.enterprise, civil_day(at)))
        verdict = judge_shelving(Gas(point.gas or Gas.NONE), timedelta(minutes=minutes), reason, rule)
        if isinstance(verdict, QuietingRefused):
            raise Refused(verdict.detail)
        journal.hold([f"enterprise:{point.enterprise.code}"])
        if Shelving.objects.by_the_machine().filter(point=point, side=side, state__in=OPEN).exists():
            raise Refused(f"{point.tag} 的这项报警已经搁置或正在等待批准")
        row = Shelving(
            enterprise=point.enterprise,
            point=point,
            side=side,
            state=ShelvingState.ASKED,
            reason=reason.strip()[:200],
            minutes=minutes,
            asked_at=at,
            asked_by=by.actor.name[:60],
            asked_by_id=by.actor.id,
            approver=verdict.approver or "",
        )
        if verdict.approver is None:
            _begin(row, at)
        told = {"side": side, "minutes": minutes, "reason": row.reason, "ends_at": row.ends_at}
        _keep(row, "asked" if verdict.approver else "began", at, by.actor, told)
        if row.ends_at is not None:
            _due(row)
        return row


def approve(shelving: Shelving, *, by: Stand, at: datetime, note: str = "") -> Shelving:
    """The higher role agrees: it stands from now on for the time asked for. Never the person who asked.

    Raises `Refused`, and PermissionDenied (journaled) for whoever has no say in it.
    """
    require(may_decide_shelving(by, shelving), shelving, by=by)
    with deciding(shelving, ShelvingState.ASKED) as row:
        if asked_themselves(by, row):
            raise Refused("申请人不能批准自己的申请")
        row.decide(by.actor, at, note)
        _begin(row, at)
        _keep(row, "approved", at, by.actor, {"ends_at": row.ends_at, "note": row.note})
        _due(row)
    return row


def refuse(shelving: Shelving, *, by: Stand, at: datetime, note: str) -> Shelving:
    """The higher role does not agree, with words why. Raises `Refused`."""
    require(may_decide_shelving(by, shelving), shelving, by=by)
    if not says_something(note):
        raise Refused("请写明不批准的原因")
    with deciding(shelving, ShelvingState.ASKED) as row:
        row.state = ShelvingState.REFUSED
        row.decide(by.actor, at, note)
        _keep(row, "refused", at, by.actor, {"note": row.note})
    return row


def unshelve(shelving: Shelving, *, by: Stand, at: datetime) -> Shelving:
    """Bring it back before its time, or take the request back. Raises `Refused` for one that is over."""
    require(may_shelve(by, shelving), shelving, by=by)
    with deciding(shelving, *OPEN) as row:
        row.state = ShelvingState.RETURNED if row.state == ShelvingState.IN_FORCE else ShelvingState.WITHDRAWN
        row.finish(by.actor, at)
        obligations.cancel(row.about, [kinds.SHELVING], at=at)
        _keep(row, row.state, at, by.actor)
    return row


def fire_shelvings(rows: Sequence[Obligation], firing: Firing) -> None:
    """The time is up: the alarm is back on the enterprise's display, as of the minute that was agreed."""
    for due in rows:
        row = Shelving.objects.by_the_machine().select_related("enterprise").get(pk=due.payload["shelving"])
        if row.state != ShelvingState.IN_FORCE:
            continue
        row.state, row.ended_at = ShelvingState.EXPIRED, row.ends_at
        _keep(row, "expired", firing.now, after={"ended_at": row.ended_at})


def _begin(row: Shelving, at: datetime) -> None:
    row.state, row.begins_at, row.ends_at = ShelvingState.IN_FORCE, at, at + timedelta(minutes=row.minutes)


def _due(row: Shelving) -> None:
    assert row.ends_at is not None
    due = Obligation(
        key=row.about,
        kind=kinds.SHELVING,
        subject=row.about,
        enterprise=row.enterprise,
        due_at=row.ends_at,
        payload={"shelving": row.pk},
    )
    obligations.add([due])


def _keep(row: Shelving, act: str, at: datetime, by: Actor = SYSTEM, after: Mapping[str, object] | None = None) -> None:
    row.keep(act, at, by, after)
    hint("alarm", row.enterprise.code, kind="shelving")
