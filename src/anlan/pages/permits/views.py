"""Pages of 特殊作业: the list of days, the day of one enterprise, the list of works, one work, one report."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import DateTimeField, ExpressionWrapper, F, OuterRef, Value
from django.db.models.functions import TruncDate, TruncDay
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from anlan.apps.accounts.request import PersonRequest
from anlan.apps.files.selectors import of_subject
from anlan.apps.org import access
from anlan.apps.org.stand import Stand
from anlan.apps.permits import selectors
from anlan.apps.permits.models import DayReport, SpecialWork
from anlan.apps.registry.models import Enterprise
from anlan.apps.registry.selectors import locality
from anlan.components.answers import list_view
from anlan.components.lists import Page, cells
from anlan.pages.acting import Offer, Subject, act_view, record_view
from anlan.pages.owed import state_of
from anlan.pages.permits import listing
from anlan.pages.permits.acts import ACTS, REPORT_ACTS, WORK_ACTS
from anlan.rules.calendar import CIVIL_ZONE, civil_day
from anlan.rules.special_work import deadline

BEFORE = 14
"""Reports of former days that the day of an enterprise names; the list has them all."""


@require_safe
def days(request: PersonRequest) -> HttpResponseBase:
    """特殊作业当日报告: one row a day and enterprise in scope that owes one; a page, its rows, or a workbook."""
    day = TruncDate("due_at", tzinfo=CIVIL_ZONE)
    rows = selectors.owed_in(request.scope).annotate(civil_day=day, start=TruncDay("due_at", tzinfo=CIVIL_ZONE))
    end = ExpressionWrapper(F("start") + Value(timedelta(days=1)), output_field=DateTimeField())
    rows = rows.annotate(end=end)
    told = {"reported_at": "reported_at", "check_state": "state", "nothing": "nothing", "report": "pk"}
    rows = rows.annotate(
        number=selectors.number_of_the_day(OuterRef("start"), OuterRef("end")),
        **{name: selectors.of_the_day(column, OuterRef("civil_day")) for name, column in told.items()},
    )

    def dress(page: Page) -> dict[str, Any]:
        return {
            "rows": [
                (row, str(state_of(row)), listing.words_of(row), listing.number_words(row), listing.check_words(row))
                for row in page.rows
            ]
        }  # fmt: skip

    return list_view(
        request, listing.DAYS, rows, title=_("特殊作业当日报告"), whole="permits/days.html", part="permits/_days.html",
        dress=dress,
    )  # fmt: skip


@require_safe
def works(request: PersonRequest) -> HttpResponseBase:
    """Every work in scope, the latest first; a page, its rows alone, or a workbook."""
    return list_view(
        request, listing.WORKS, selectors.works_visible(request.scope), title=_("特殊作业"),
        whole="permits/works.html", part="permits/_works.html",
        dress=lambda page: {"rows": [cells(page, row, reverse("special_work", args=[row.pk])) for row in page.rows]},
    )  # fmt: skip


@require_safe
def today(request: PersonRequest, code: str) -> HttpResponseBase:
    """Today at one enterprise: by when it is reported, what goes on, and putting works on record."""
    return record_view(request, TODAY, code)


@require_http_methods(["GET", "HEAD", "POST"])
def today_act(request: PersonRequest, code: str, verb: str) -> HttpResponse:
    """Does one of `ACTS` about today (`act_view`)."""
    return act_view(request, TODAY, code, verb)


@require_safe
def work(request: PersonRequest, pk: int) -> HttpResponseBase:
    """One work: what was declared of it, by whom, what became of it, and its pictures."""
    return record_view(request, WORK, pk)


@require_http_methods(["GET", "HEAD", "POST"])
def work_act(request: PersonRequest, pk: int, verb: str) -> HttpResponse:
    """Does one of `WORK_ACTS` (`act_view`)."""
    return act_view(request, WORK, pk, verb)


@require_safe
def report(request: PersonRequest, pk: int) -> HttpResponseBase:
    """The report of a day with its works, as the county or park checks it."""
    return record_view(request, REPORT, pk)


@require_http_methods(["GET", "HEAD", "POST"])
def report_act(request: PersonRequest, pk: int, verb: str) -> HttpResponse:
    """Does one of `REPORT_ACTS` (`act_view`)."""
    return act_view(request, REPORT, pk, verb)


def _find_today(request: PersonRequest, code: str, now: datetime) -> DayReport:
    rows = Enterprise.objects.select_related("supervisor")
    enterprise = access.find(request, rows, now=now, owner=access.owner_of, code=code)
    day = civil_day(now)
    return selectors.report_of(enterprise, day) or DayReport(enterprise=enterprise, day=day)


def _find_work(request: PersonRequest, pk: int, now: datetime) -> SpecialWork:
    rows = SpecialWork.objects.select_related("enterprise__supervisor", "unit")
    found: SpecialWork = access.find(request, rows, now=now, pk=pk)
    return found


def _find_report(request: PersonRequest, pk: int, now: datetime) -> DayReport:
    found: DayReport = access.find(request, DayReport.objects.select_related("enterprise__supervisor"), now=now, pk=pk)
    return found


def _judged(row: DayReport) -> dict[str, Any]:
    """By when the day was to be reported, and whether it was in time."""
    until = deadline(row.day, locality.rules_of_one(row.enterprise, row.day))
    return {"until": until.at, "on_time": row.pk is not None and until.met_by(row.reported_at)}


def _today_page(request: PersonRequest, row: DayReport, by: Stand, bar: list[Offer], status: int) -> HttpResponse:
    before = selectors.reports_visible(request.scope).filter(enterprise=row.enterprise, day__lt=row.day)
    context = {
        "row": row, "enterprise": row.enterprise, "bar": bar, "before": list(before[:BEFORE]),
        "works": selectors.works_of(row.enterprise, row.day), **_judged(row),
    }  # fmt: skip
    return render(request, "permits/today.html", context, status=status)


def _work_page(request: PersonRequest, row: SpecialWork, by: Stand, bar: list[Offer], status: int) -> HttpResponse:
    context = {
        "row": row, "bar": bar, "entry": listing.entry_words(row), "files": of_subject(request.scope, row.about),
    }  # fmt: skip
    return render(request, "permits/work.html", context, status=status)


def _report_page(request: PersonRequest, row: DayReport, by: Stand, bar: list[Offer], status: int) -> HttpResponse:
    context = {
        "row": row, "bar": bar, "works": selectors.works_of(row.enterprise, row.day),
        "files": of_subject(request.scope, row.about), **_judged(row),
    }  # fmt: skip
    return render(request, "permits/report.html", context, status=status)


TODAY = Subject("special-today", ACTS, _find_today, _today_page, key=lambda row: row.enterprise.code)
WORK = Subject("special_work", WORK_ACTS, _find_work, _work_page)
REPORT = Subject("special_work_day", REPORT_ACTS, _find_report, _report_page)
