"""Filings by people and by the clock: filed, confirmed, in force, ended by themselves (MON-06, DQ-13, Q-43).

The beginning, the end and the day after which an unconfirmed one stands on the county's list are due rows. A filing
never touches an open warning; see `withholding`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from anlan.apps.alarms import kinds
from anlan.apps.alarms.entitled import CONFIRMERS, may_confirm_filing, may_file
from anlan.apps.alarms.models import Alarm, AlarmState, Filing, FilingReach, FilingState
from anlan.apps.alarms.services import out_of_alarm
from anlan.apps.alarms.services.hooks import filing_begins, filing_ends, tell
from anlan.apps.delivery.services import hint
from anlan.apps.journal import services as journal
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Obligation, ObligationState
from anlan.apps.obligations.services import Firing
from anlan.apps.org.access import require
from anlan.apps.org.actor import SYSTEM, Actor
from anlan.apps.org.case import deciding
from anlan.apps.org.stand import Stand
from anlan.apps.registry.models import Device, Enterprise, HazardSource, Point
from anlan.apps.registry.selectors.locality import rules_of_one
from anlan.refused import Refused
from anlan.rules.alarms import judge_filing
from anlan.rules.calendar import civil_day
from anlan.rules.words import says_something

BEGIN, END, UNCONFIRMED = "begin", "end", "unconfirmed"
"""The three moments of a filing that fall due by themselves."""


@dataclass(frozen=True, slots=True)
class Stoppage:
    """A stop, an overhaul or a damage as it is declared: of points, a device, a source, or the whole enterprise."""

    kind: str
    reason: str
    starts_at: datetime
    ends_at: datetime
    source: HazardSource | None = None
    device: Device | None = None
    points: Sequence[Point] = ()


def file(enterprise: Enterprise, stoppage: Stoppage, *, by: Stand, at: datetime) -> Filing:
    """Declare a stoppage of the enterprise.

    It takes effect once the county or park has confirmed it. Raises `Refused` for a window that is over or empty, a
    blank reason, and a scope outside the enterprise. Two calls make two filings.
    """
    require(may_file(by, enterprise), enterprise, by=by)
    with transaction.atomic():
        refused = judge_filing(stoppage.starts_at, stoppage.ends_at, stoppage.reason, at)
        if refused is not None:
            raise Refused(refused.detail)
        source, device, chosen = stoppage.source, stoppage.device, stoppage.points
        if any(each.enterprise_id != enterprise.pk for each in [source, device, *chosen] if each is not None):
            raise Refused("报备的范围须在本企业之内")
        journal.hold([f"enterprise:{enterprise.code}"])
        reach = FilingReach.POINTS if chosen else FilingReach.DEVICE if device else FilingReach.SOURCE if source else ""
        row = Filing.objects.create(
            enterprise=enterprise,
            reach=reach or FilingReach.ENTERPRISE,
            source=source if reach == FilingReach.SOURCE else None,
            device=device if reach == FilingReach.DEVICE else None,
            kind=stoppage.kind,
            reason=stoppage.reason.strip()[:200],
            starts_at=stoppage.starts_at,
            ends_at=stoppage.ends_at,
            filed_at=at,
            filed_by=by.actor.name[:60],
            filed_by_id=by.actor.id,
        )
        row.points.set(chosen)
        limit = rules_of_one(enterprise, civil_day(at)).length("filing_unconfirmed_hours")
        _due(row, UNCONFIRMED, at + limit)
        # a window that is over ends the filing, confirmed or not
        _due(row, END, stoppage.ends_at)
        row.record("filed", at, by.actor, _facts(row))
        return row


def confirm(filing: Filing, *, by: Stand, at: datetime, note: str = "") -> Filing:
    """The county or park confirms: from now on, or from its start, the scope is out of alarm. Raises `Refused`.

    What is past stays as it was; a filing confirmed late explains what lies in its window all the same.
    """
    require(may_confirm_filing(by, filing), filing, by=by)
    with deciding(filing, FilingState.FILED) as row:
        if row.ends_at <= at:
            raise Refused("报备的时段已经过去，不能再确认")
        row.effective_at = max(at, row.starts_at)
        code = _decided(row, FilingState.CONFIRMED, by, at, note)
        row.keep("confirmed", at, by.actor, {"agency": code, "effective_at": row.effective_at})
        if row.effective_at > at:
            _due(row, BEGIN, row.effective_at)
        else:
            _take_effect(row, at)
    return row


def refuse(filing: Filing, *, by: Stand, at: datetime, note: str) -> Filing:
    """The county or park does not confirm, with words why. Raises `Refused`."""
    require(may_confirm_filing(by, filing), filing, by=by)
    if not says_something(note):
        raise Refused("请写明不予确认的原因")
    with deciding(filing, FilingState.FILED) as row:
        code = _decided(row, FilingState.REFUSED, by, at, note)
        obligations.cancel(row.about, [kinds.FILING], at=at)
        row.keep("refused", at, by.actor, {"agency": code, "note": row.note})
    return row


def _decided(row: Filing, state: FilingState, by: Stand, at: datetime, note: str) -> str:
    """Note the decision of a county or park, which nobody waits for any more; returns its code."""
    row.state, row.agency = state, by.agency_with(*CONFIRMERS, near=True)
    row.decide(by.actor, at, note)
    obligations.fulfil(_key(row, UNCONFIRMED), at=at, late=row.overdue_at is not None)
    return row.agency.code if row.agency else ""


def end(filing: Filing, *, by: Stand, at: datetime) -> Filing:
    """The enterprise takes it back or ends it early: what still alarms is alive at once. Raises `Refused`."""
    require(may_file(by, filing), filing, by=by)
    with deciding(filing, FilingState.FILED, FilingState.CONFIRMED) as row:
        state = FilingState.WITHDRAWN if row.effective_at is None or row.effective_at > at else FilingState.ENDED
        _end(row, state, at, by.actor, at)
        obligations.cancel(row.about, [kinds.FILING], at=at)
        row.record(state, at, by.actor, {"ended_at": at})
    return row


def fire_filings(rows: Sequence[Obligation], firing: Firing) -> None:
    """A filing begins, ends, or has waited too long for its confirmation. Repeated by a second clock: nothing more."""
    for row in rows:
        filing = Filing.objects.by_the_machine().select_related("enterprise").get(pk=row.payload["filing"])
        at = firing.now if firing.is_late(row.due_at) else row.due_at
        match row.payload["moment"]:
            case "begin" if filing.state == FilingState.CONFIRMED and filing.ended_at is None:
                _take_effect(filing, at)
                filing.record("began", at)
            case "end" if filing.ended_at is None and filing.state in (FilingState.FILED, FilingState.CONFIRMED):
                was = filing.state
                _end(filing, FilingState.ENDED, row.due_at, SYSTEM, at)
                obligations.cancel(filing.about, [kinds.FILING], at=at)
                filing.record("ended" if was == FilingState.CONFIRMED else "lapsed", at)
            case "unconfirmed" if filing.state == FilingState.FILED:
                row.state = ObligationState.OVERDUE
                filing.overdue_at = row.due_at
                filing.keep("unconfirmed", at)


def _take_effect(row: Filing, at: datetime) -> None:
    sources = out_of_alarm.take_out(row)
    filing_begins(row, at)
    hint("alarm", row.enterprise.code, kind="filing")
    tell(sources, at)


def _end(row: Filing, state: FilingState, ended_at: datetime, by: Actor, at: datetime) -> None:
    row.state = state
    row.finish(by, ended_at)
    row.save()
    going_on = Alarm.objects.by_the_machine().filter(filing=row, state=AlarmState.ACTIVE).select_related("point")
    sources = out_of_alarm.bring_back(going_on, at)
    if row.effective_at is not None and row.effective_at <= at:
        filing_ends(row, at)
    hint("alarm", row.enterprise.code, kind="filing")
    tell(sources, at)


def _due(row: Filing, moment: str, due_at: datetime) -> None:
    obligations.add(
        [
            Obligation(
                key=_key(row, moment),
                kind=kinds.FILING,
                subject=row.about,
                enterprise=row.enterprise,
                agency=row.enterprise.supervisor if moment == UNCONFIRMED else None,
                due_at=due_at,
                payload={"filing": row.pk, "moment": moment},
            )
        ]
    )


def _key(row: Filing, moment: str) -> str:
    return f"{row.about}:{moment}"


Facts = dict[str, object]


def _facts(row: Filing) -> Facts:
    return {
        "reach": row.reach,
        "source": row.source.code if row.source else None,
        "device": row.device.code if row.device else None,
        "points": sorted(point.code for point in row.points.all()),
        "kind": row.kind,
        "reason": row.reason,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
    }
