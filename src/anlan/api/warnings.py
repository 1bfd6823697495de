"""``/api/v1/warnings``: warnings in scope, and one with its level history and everything that people did."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Field, Query, Router, Schema

from anlan import now as clock
from anlan.api.moments import Day
from anlan.api.paging import PageOut, PageQuery, page_of, place_of
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.delivery.models import Message
from anlan.apps.org import access
from anlan.apps.warnings import selectors
from anlan.apps.warnings.models import Origin, Warning
from anlan.pages.warnings.listing import WARNINGS
from anlan.rules.level import Level

router = Router()


class WarningQuery(PageQuery):
    """Filters; the names are those of the warning page."""

    level: Literal["", "red", "orange", "yellow", "blue"] = ""
    state: Literal["", "open", "unconfirmed", "report", "closed"] = ""
    origin: Origin | Literal[""] = ""
    q: Annotated[str, Field(max_length=60, description="编号、企业、危险源中的文字")] = ""
    since: Annotated[Day | None, Field(alias="from", description="发生日期，从")] = None
    until: Annotated[Day | None, Field(alias="from_to", description="发生日期，到（含）")] = None
    enterprise: Annotated[str, Field(max_length=60)] = ""
    source: Annotated[str, Field(max_length=60)] = ""


class WarningOut(Schema):
    """``level`` is the level now, or the last one before clearing (then ``cleared_at`` is set)."""

    number: str
    enterprise: str
    enterprise_name: str
    source: str
    source_name: str
    level: Level
    highest: Level
    origin: Origin
    reasons: list[Any]
    first_out: dict[str, Any]
    opened_at: datetime
    level_since: datetime
    confirmed_at: datetime | None
    cleared_at: datetime | None
    closed_at: datetime | None
    next_due_at: datetime | None


class WarningList(PageOut):
    items: list[WarningOut]


class EpisodeOut(Schema):
    """One stretch at one level; ``ended_to`` is the level after it."""

    level: Level
    started_at: datetime
    clock_started_at: datetime
    ended_at: datetime | None
    ended_to: str


class ConfirmationOut(Schema):
    name: str
    post: str
    at: datetime
    text: str
    automatic: bool


class ActOut(Schema):
    kind: str
    actor: str
    unit: str
    at: datetime
    text: str


class ReceiptOut(Schema):
    """Who was told what, when it was due and sent, and whether they read it."""

    kind: str
    step: int | None
    title: str
    article: str
    recipient: str
    recipient_name: str
    due_at: datetime
    sent_at: datetime
    missed: list[datetime]
    read_at: datetime | None


class ReportOut(Schema):
    result: str
    cause: str
    measures: str
    reporter: str
    due_at: datetime
    submitted_at: datetime
    late: bool


class TimelineOut(Schema):
    """One line of the timeline. ``future`` lines have not happened: ``at`` is when they fall due if nothing changes."""

    at: datetime
    kind: str
    title: str
    text: str
    level: str
    step: int | None
    actor: str
    article: str
    due_at: datetime | None
    late: bool
    missed: list[datetime]
    to: list[str]
    future: bool


class WarningDetail(WarningOut):
    """A warning with its history and its timeline, past and future, in order of time."""

    timeline: list[TimelineOut]
    episodes: list[EpisodeOut]
    confirmations: list[ConfirmationOut]
    acts: list[ActOut]
    receipts: list[ReceiptOut]
    report: ReportOut | None


@router.get("", response=WarningList, summary="预警清单")
def warnings(request: PersonRequest, query: Query[WarningQuery]) -> dict[str, Any]:
    """Warnings in scope, newest first unless ``sort`` says otherwise."""
    rows = Warning.objects.visible_to(request.scope).select_related("enterprise", "source")
    page = page_of(request, WARNINGS, rows, query)
    return {**place_of(page), "items": [as_dict(row) for row in page.rows]}


@router.get("/{number}", response=WarningDetail, summary="一条预警及其经过")
def warning(request: PersonRequest, number: str) -> dict[str, Any]:
    """One warning with its timeline, episodes, confirmations, acts, tellings with receipts, and its report."""
    rows = Warning.objects.select_related("enterprise", "source", "report")
    now = clock.now()
    row = access.find(request, rows, now=now, number=number)
    messages = Message.objects.visible_to(request.scope).filter(notice__subject=row.subject)
    report = getattr(row, "report", None)
    return as_dict(row) | {
        "timeline": [_line(entry) for entry in selectors.timeline(row, now)],
        "episodes": list(row.episodes.all()),
        "confirmations": list(row.confirmations.all()),
        "acts": list(row.acts.all()),
        "receipts": [_receipt(each) for each in messages.select_related("notice").order_by("notice__sent_at", "pk")],
        "report": _report(report) if report else None,
    }


def as_dict(row: Warning) -> dict[str, Any]:
    """One warning as the API says it; enterprise and source are joined by the caller."""
    plain = ("number", "level", "highest", "origin", "reasons", "first_out", "opened_at", "level_since")
    later = ("confirmed_at", "cleared_at", "closed_at", "next_due_at")
    return {name: getattr(row, name) for name in (*plain, *later)} | {
        "enterprise": row.enterprise.code,
        "enterprise_name": row.enterprise.name,
        "source": row.source.code,
        "source_name": row.source.name,
    }


def _line(entry: selectors.TimelineEntry) -> dict[str, Any]:
    plain = ("at", "kind", "title", "text", "level", "step", "actor", "article", "due_at", "late", "missed", "future")
    return {name: getattr(entry, name) for name in plain} | {"to": [name for name, _read in entry.to]}


def _receipt(message: Message) -> dict[str, Any]:
    notice = message.notice
    told = {name: getattr(notice, name) for name in ("kind", "step", "title", "article", "due_at", "sent_at", "missed")}
    return told | {name: getattr(message, name) for name in ("recipient", "recipient_name", "read_at")}


def _report(report: Any) -> dict[str, Any]:
    plain = ("result", "cause", "measures", "reporter", "due_at", "submitted_at")
    return {name: getattr(report, name) for name in plain} | {"late": report.is_late}
