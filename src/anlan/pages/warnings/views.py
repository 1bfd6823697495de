"""Pages of the warnings: the list, the dossier, and the acts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from anlan import now as clock
from anlan.apps.accounts import selectors as entitlements
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.alarms.models import Alarm, AlarmSide
from anlan.apps.alarms.models.alarm import LEVEL_LABELS
from anlan.apps.org import access, actor
from anlan.apps.org.stand import Stand
from anlan.apps.warnings import entitled, services
from anlan.apps.warnings.models import Warning
from anlan.apps.warnings.selectors import against_clearing
from anlan.components.answers import is_refresh, list_view, way_back, whole_or_part
from anlan.components.lists import Page
from anlan.database.beside import try_to_write
from anlan.pages.acting import Offer, Subject, act_view, record_view
from anlan.pages.board import board
from anlan.pages.board.steps import JOINED
from anlan.pages.warnings.acts import ACTS
from anlan.pages.warnings.evidence import evidence
from anlan.pages.warnings.listing import WARNINGS, confirmed_by_hand, state_of
from anlan.pages.warnings.reading import unread
from anlan.pages.warnings.receipts import receipts
from anlan.pages.warnings.timeline import lines

WHILE_OPEN = frozenset({"confirm", "measure", "clear", "level"})
"""Acts that end with the warning: who comes too late is told so, it is no intrusion."""
ALARMS = 50
"""Alarms that the dossier lists; the alarm list has them all."""


@require_safe
def warnings(request: PersonRequest) -> HttpResponseBase:
    """预警: every warning in scope, newest first; a page, its rows alone for a live refresh, or a workbook."""
    scope = request.scope
    rows = Warning.objects.visible_to(scope).select_related("enterprise", "source")

    def dress(page: Page) -> dict[str, Any]:
        page.everything = rows.annotate(confirmed_count=confirmed_by_hand())
        for warning in page.rows:
            warning.state_words = state_of(warning)
            warning.first_words = first_words(warning)
        return {}

    return list_view(
        request, WARNINGS, rows, title=_("预警"),
        whole="warnings/list.html", part="warnings/_rows.html", dress=dress,
    )  # fmt: skip


def first_words(warning: Any) -> str:
    """高高报 1.62 MPa: what the first-out alarm was."""
    first = warning.first_out or {}
    words = str(LEVEL_LABELS.get(first.get("level", ""), first.get("level", "")))
    value = first.get("value")
    return f"{words} {value:g} {first.get('unit', '')}".strip() if isinstance(value, int | float) else words


def look_up(request: PersonRequest, number: str, now: datetime) -> Warning:
    """The warning with everything that the dossier shows joined to it; 404 and a journal entry when out of scope."""
    rows = Warning.objects.select_related(*JOINED, "report").prefetch_related(
        "source__duty_holders__person",
        "confirmations__person",
        "episodes",
        "acts",
        "site_orders__tracker",
        "site_orders__executor",
        "site_orders__episode",
    )
    found: Warning = access.find(request, rows, now=now, number=number)
    return found


def gather(request: PersonRequest, warning: Warning, by: Stand, now: datetime) -> dict[str, Any]:
    """The dossier's context, as far as it lives."""
    scope = request.scope
    shown = board([warning], scope, now)
    row = shown.rows[0]
    until = warning.cleared_at or now
    alarms = list(
        Alarm.objects.visible_to(scope)
        .filter(source_id=warning.source_id, raised_at__lte=until, side__in=(AlarmSide.HIGH, AlarmSide.LOW))
        .filter(Q(cleared_at__isnull=True) | Q(cleared_at__gte=warning.opened_at))
        .select_related("point")
        .order_by("raised_at", "pk")[:ALARMS]
    )
    told = receipts(warning)
    story = lines(warning, now)
    may_clear = ACTS["clear"].is_offered(by, warning)
    for alarm in alarms:
        alarm.can_acknowledge = (
            entitlements.may_acknowledge(by) and alarm.acknowledged_at is None and not alarm.is_withheld
        )
    return {
        "now": now,
        "warning": warning,
        "row": row,
        "answered": shown.answered,
        "timeline": story,
        "folds": any(line.early or line.others for line in story),
        "recipients": told,
        "readers": sum(1 for each in told if each["read"]),
        "alarms": alarms,
        "unacknowledged": [alarm for alarm in alarms if alarm.can_acknowledge],
        "may_clear": may_clear,
        "against": against_clearing(warning, by.actor, now) if may_clear else None,
        "report": getattr(warning, "report", None),
        "state_words": state_of(warning),
    }


def _page(request: PersonRequest, warning: Warning, by: Stand, bar: list[Offer], status: int) -> HttpResponse:
    now = clock.now()
    opened = next((offer for offer in bar if offer.is_open), None)
    if opened and opened.verb == "report" and request.POST.get("from") == "todo":
        return _report_page(request, warning, opened.form, status)
    context = gather(request, warning, by, now)
    if not is_refresh(request):
        context |= evidence(warning, request.scope, now)
        context["unread"] = bool(unread(warning, request.scope))
        shut = bool(context["against"])  # an act that is not open yet says why in its own place
        context["bar"] = [replace(each, is_open=False) if shut and each.act.apart else each for each in bar]
        if warning.cleared_at is None and entitled.has_confirmed(warning, by):
            context["said"] = _("您已确认")
    response = whole_or_part(request, "warnings/dossier.html", "warnings/_living.html", context)
    response.status_code = status
    return response


def _report_page(request: PersonRequest, warning: Warning, form: Any, status: int = 200) -> HttpResponse:
    context = {"now": clock.now(), "warning": warning, "form": form, "due": warning.next_due_at}
    return render(request, "todo/report.html", context, status=status)


def _too_late(verb: str, warning: Warning) -> str:
    return _("预警已解除，没有改动。") if verb in WHILE_OPEN and warning.cleared_at is not None else ""


def _way_back(request: PersonRequest, warning: Warning) -> str:
    return reverse("todo") if request.POST.get("from") == "todo" else way_back(request)


def _read(request: PersonRequest, warning: Warning, now: datetime) -> bool:
    """What was told about the warning is read by who opens it, and by who acts on it without opening it.

    False when that could not be written now.
    """
    mine = unread(warning, request.scope)
    if not mine:
        return True
    return try_to_write(lambda: services.mark_all_read(mine, by=actor.of_user(request.user), at=now), "a reading")


SUBJECT = Subject(
    "warning", ACTS, look_up, _page, key=lambda warning: warning.number, over=_too_late, acted=_read, back=_way_back
)


@require_safe
def dossier(request: PersonRequest, number: str) -> HttpResponse:
    """The dossier of one warning. Fetching it reads nothing: mail scanners and link previews fetch as well. The page
    that a person sees says so by itself (`read`)."""
    return record_view(request, SUBJECT, number)


@require_POST
def read(request: PersonRequest, number: str) -> HttpResponse:
    """The dossier is open before a person: the messages about it that are addressed to the reader are read.

    Sent by the page itself while it is visible. Again is no other reading; 503 when it could not be written, and the
    page sends it again.
    """
    now = clock.now()
    return HttpResponse(status=200 if _read(request, look_up(request, number, now), now) else 503)


@require_safe
def report(request: PersonRequest, number: str) -> HttpResponse:
    """The report's form alone, for the phone. Leads to the dossier where no report is owed by this person."""
    now = clock.now()
    warning = look_up(request, number, now)
    by = entitlements.stand(request.user, warning.enterprise, now)
    if not ACTS["report"].is_offered(by, warning):
        return redirect("warning", warning.number)
    return _report_page(request, warning, ACTS["report"].form_for("report", by, warning))


@require_http_methods(["GET", "HEAD", "POST"])
def act(request: PersonRequest, number: str, verb: str) -> HttpResponse:
    """Do one of `ACTS` (`act_view`)."""
    return act_view(request, SUBJECT, number, verb)
