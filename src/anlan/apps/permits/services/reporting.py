"""Puts works on record and reports days: by the enterprise, or by its county for what was told in a work group.

Each act is one transaction under the lock of the enterprise: the work, the report of its day, the duty, the pictures,
what was promised, the journal and the live hint. A repeat of a report that stands is nothing; after a crash either all
of it stands or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction

from anlan.apps.commitments.models import WorkUnit
from anlan.apps.commitments.services import reconsider
from anlan.apps.delivery.services import hint
from anlan.apps.files.models import PICTURES
from anlan.apps.files.services import Received
from anlan.apps.files.services import attach as attach_file
from anlan.apps.journal import services as journal
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.services.duties import key_of
from anlan.apps.org.access import require
from anlan.apps.org.actor import Actor
from anlan.apps.org.case import NAME, deciding
from anlan.apps.org.stand import HANDLERS, STAFF, Stand
from anlan.apps.permits import kinds, selectors
from anlan.apps.permits.entitled import may_end, may_relay, may_report
from anlan.apps.permits.form import WORK
from anlan.apps.permits.models import Channel, DayReport, Entered, ReportState, SpecialWork, WorkState
from anlan.apps.registry.models import Enterprise
from anlan.apps.registry.selectors import locality
from anlan.refused import Refused
from anlan.rules.calendar import civil_day, day_of
from anlan.rules.special_work import Grade, Work, deadline, disagreements, is_late, is_special, is_supplement
from anlan.rules.words import says_something

Typed = Mapping[str, Any]


@dataclass(frozen=True)
class Relayed:
    """What was told in a work group and is entered by the county or park (PTW-04): by whom, when, and the picture of
    it."""

    reporter: str
    reported_at: datetime | None
    files: Sequence[Received] = field(default_factory=tuple)
    channel: Channel = Channel.GROUP


@dataclass(frozen=True)
class _Telling:
    """Who told it, when and how, and who enters it."""

    channel: Channel
    reporter: str
    at: datetime
    entered_by: Actor


def subject_of(enterprise: Enterprise) -> str:
    """What the duty of an enterprise is about; the turn says of which day."""
    return f"special_work:{enterprise.code}"


def add(
    enterprise: Enterprise, typed: Typed, *, by: Stand, at: datetime, unit: WorkUnit | None = None,
    relayed: Relayed | None = None,
) -> SpecialWork:  # fmt: skip
    """Puts a work on record, and with it reports its day, and today when it goes on today.

    ``typed``: the fields of `form.WORK`. Raises `Refused` with a reason for every field that is wrong, PermissionDenied
    (journaled) for whoever it is not open to.
    """
    told = _told(enterprise, by, at, relayed)
    values = _read(typed)
    if unit is not None and (unit.enterprise_id != enterprise.pk or not unit.is_active):
        raise Refused("请选择本企业在用的车间或班组", fields={"unit": "请选择本企业在用的车间或班组"})
    with transaction.atomic():
        journal.hold([f"enterprise:{enterprise.code}"])
        _not_there(enterprise, values)
        supplement = is_supplement(values["begins_at"], told.at)
        row = SpecialWork(
            enterprise=enterprise, unit=unit, **values, channel=told.channel, reporter=told.reporter,
            reported_at=told.at, entered_at=at, entered_by=told.entered_by.name[:NAME],
            entered_by_id=told.entered_by.id, entry=Entered.SUPPLEMENT if supplement else Entered.AHEAD,
            is_late=is_late(values["begins_at"], told.at),
        )  # fmt: skip
        row.keep("declared", at, told.entered_by)
        _attach(row.about, relayed, by, at)
        for day in sorted({civil_day(row.begins_at), civil_day(told.at)}):
            if _goes_on(row, day):
                _report(enterprise, day, told, at, nothing=False)
        _held_against(row, at)
        hint("permit", enterprise.code, kind="declared")
    return row


def report_day(
    enterprise: Enterprise, day: date, *, nothing: bool, by: Stand, at: datetime, relayed: Relayed | None = None
) -> DayReport:  # fmt: skip
    """Reports a day without adding a work: that there is none (``nothing``), or that what is on record is all of it.

    Raises `Refused` when the records say otherwise, and for another day than that on which it is told. Again: nothing.
    """
    told = _told(enterprise, by, at, relayed)
    if civil_day(told.at) != day:
        raise Refused("报告须在当日作出", fields={"reported_at": "报告时间不在这一天"} if relayed else {})
    with transaction.atomic():
        journal.hold([f"enterprise:{enterprise.code}"])
        works = selectors.works_of(enterprise, day)
        special = [work for work in works if is_special([Work(work.kind)])]
        if nothing and special:
            raise Refused(
                f"当日已登记 {len(special)} 项特殊作业（{special[0].title} 等），不能报“无”；没有做的请先取消"
            )
        if not nothing and not works:
            raise Refused("当日没有登记作业；没有特殊作业请报“无”")
        report = _report(enterprise, day, told, at, nothing=nothing)
        _attach(report.about, relayed, by, at)
        hint("permit", enterprise.code, kind="reported")
    return report


def end(work: SpecialWork, *, by: Stand, at: datetime, note: str = "") -> SpecialWork:
    """Says that a work is over before its time, or, before it began, that it is called off, which wants words why.

    Raises `Refused` without these, and when its time is over anyway.
    """
    require(may_end(by, work), work, by=by)
    with deciding(work, WorkState.DECLARED) as row:
        if at >= row.ends_at:
            raise Refused("这项作业已到登记的结束时间")
        is_called_off = at < row.begins_at
        if is_called_off and not says_something(note):
            raise Refused("请写明取消的原因", fields={"text": "请写明取消的原因"})
        row.state = WorkState.CANCELLED if is_called_off else WorkState.ENDED
        row.note = note.strip()[:200]
        row.finish(by.actor, at)
        row.keep(str(row.state), at, by.speaking(*STAFF, *HANDLERS))
        for report in DayReport.objects.by_the_machine().filter(
            enterprise=row.enterprise, day__range=(civil_day(row.begins_at), civil_day(row.ends_at))
        ):
            report.enterprise = row.enterprise
            _to_be_checked_again(report, at, by.actor)
        _held_against(row, at)
        hint("permit", row.enterprise.code, kind=str(row.state))
    return row


def _told(enterprise: Enterprise, by: Stand, at: datetime, relayed: Relayed | None) -> _Telling:
    """Who tells it, once it is open to them. Raises `Refused` for a relayed report that does not say who and when, and
    has no picture."""
    if relayed is None:
        require(may_report(by, enterprise), enterprise, by=by)
        actor = by.speaking(*STAFF)
        return _Telling(Channel.SYSTEM, actor.name[:NAME], at, actor)
    require(may_relay(by, enterprise), enterprise, by=by)
    wrong = {}
    if not says_something(relayed.reporter):
        wrong["reporter"] = "请填写报告人"
    if relayed.reported_at is None:
        wrong["reported_at"] = "请填写报告时间"
    elif relayed.reported_at > at:
        wrong["reported_at"] = "报告时间不能晚于现在"
    if not any(file.found.media in PICTURES for file in relayed.files):
        wrong["files"] = "请附上群里报告的图片"
    if wrong or relayed.reported_at is None:
        raise Refused("；".join(wrong.values()), fields=wrong)
    return _Telling(relayed.channel, relayed.reporter.strip()[:NAME], relayed.reported_at, by.speaking(*HANDLERS))


def _read(typed: Typed) -> dict[str, Any]:
    values, wrong = WORK.read(typed)
    if not wrong:
        kind, grade = Work(values["kind"]), Grade(values["grade"] or "")
        wrong = disagreements(kind, grade, values["begins_at"], values["ends_at"])
    if wrong:
        raise Refused("；".join(f"{WORK.title(key)}：{why}" for key, why in wrong.items()), fields=wrong)
    return values


def _not_there(enterprise: Enterprise, values: Mapping[str, Any]) -> None:
    """Refuses the same work twice: a form that was sent again, or two people who put it on record."""
    told = {key: values[key] for key in ("kind", "grade", "content", "place", "begins_at", "ends_at")}
    same = SpecialWork.objects.by_the_machine().filter(enterprise=enterprise, **told)
    if (there := same.exclude(state=WorkState.CANCELLED).first()) is not None:
        raise Refused(f"同样的作业已登记，编号 {there.number}", reason="there")


def _attach(subject: str, relayed: Relayed | None, by: Stand, at: datetime) -> None:
    for each in relayed.files if relayed is not None else ():
        attach_file(subject, each, by=by, at=at)


def _goes_on(work: SpecialWork, day: date) -> bool:
    period = day_of(day)
    return work.begins_at < period.end and work.until > period.start


def _report(enterprise: Enterprise, day: date, told: _Telling, at: datetime, *, nothing: bool) -> DayReport:
    """The report of a day as it is after this; what was told earlier than the first one takes its place."""
    row = selectors.report_of(enterprise, day)
    if row is not None and row.reported_at <= told.at:
        if not nothing:
            _to_be_checked_again(row, at, told.entered_by)
        return row
    act = "reported" if row is None else "reported_earlier"
    row = row or DayReport(enterprise=enterprise, day=day)
    row.nothing, row.channel, row.reporter, row.reported_at = nothing, told.channel, told.reporter, told.at
    row.entered_at, row.entered_by, row.entered_by_id = at, told.entered_by.name[:NAME], told.entered_by.id
    row.state = ReportState.REPORTED
    row.keep(act, at, told.entered_by)
    _fulfil(row)
    return row


def _fulfil(row: DayReport) -> None:
    """The day is reported, in time or late; what is told when the day is over leaves it missing (GEN-08)."""
    if row.reported_at >= day_of(row.day).end:
        return
    until = deadline(row.day, locality.rules_of_one(row.enterprise, row.day))
    obligations.unfulfil(row.about, at=row.reported_at)
    key = key_of(kinds.REPORT, subject_of(row.enterprise), row.day.isoformat())
    obligations.fulfil(key, at=row.reported_at, late=not until.met_by(row.reported_at), evidence=row.about)


def _to_be_checked_again(report: DayReport, at: datetime, by: Actor) -> None:
    """What was checked has changed since; what is queried stays so until it is answered."""
    if report.state == ReportState.CHECKED:
        report.state = ReportState.REPORTED
        report.keep("changed", at, by)


def _held_against(work: SpecialWork, at: datetime) -> None:
    reconsider(work.enterprise, civil_day(work.begins_at), civil_day(work.ends_at), at)
