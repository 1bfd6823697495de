"""The county or park checks what is reported day by day (PTW-10): checked, or queried and answered."""

from __future__ import annotations

from datetime import datetime

from anlan.apps.delivery.services import hint
from anlan.apps.org.access import require
from anlan.apps.org.case import NAME, deciding
from anlan.apps.org.stand import HANDLERS, STAFF, Stand
from anlan.apps.permits.entitled import may_check, may_report
from anlan.apps.permits.models import DayReport, ReportState
from anlan.refused import Refused
from anlan.rules.words import says_something


def check(report: DayReport, *, by: Stand, at: datetime, note: str = "") -> DayReport:
    """Looked through and found good."""
    return _decided(report, ReportState.CHECKED, by, at, note)


def query(report: DayReport, *, by: Stand, at: datetime, note: str) -> DayReport:
    """Looked through, and asked about in words. Raises `Refused` without them."""
    if not says_something(note):
        require(may_check(by, report), report, by=by)
        raise Refused("请写明疑问", fields={"text": "请写明疑问"})
    return _decided(report, ReportState.QUERIED, by, at, note)


def _decided(report: DayReport, state: ReportState, by: Stand, at: datetime, note: str) -> DayReport:
    require(may_check(by, report), report, by=by)
    with deciding(report, ReportState.REPORTED, ReportState.QUERIED) as row:
        row.state, row.agency = state, by.agency_with(*HANDLERS, near=True)
        row.decide(by.speaking(*HANDLERS), at, note)
        row.keep(str(state), at, by.speaking(*HANDLERS))
        hint("permit", row.enterprise.code, kind=str(state))
    return row


def answer(report: DayReport, *, by: Stand, at: datetime, text: str) -> DayReport:
    """The enterprise says what it is about; the report waits to be checked again. Raises `Refused` without words."""
    require(may_report(by, report), report, by=by)
    if not says_something(text):
        raise Refused("请写明情况", fields={"text": "请写明情况"})
    with deciding(report, ReportState.QUERIED) as row:
        actor = by.speaking(*STAFF)
        row.state, row.answer = ReportState.REPORTED, text.strip()[:200]
        row.answered_at, row.answered_by, row.answered_by_id = at, actor.name[:NAME], actor.id
        row.keep("answered", at, actor)
        hint("permit", row.enterprise.code, kind="answered")
    return row
