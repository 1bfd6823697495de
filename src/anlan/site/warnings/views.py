"""Pages of the warnings: the list, the dossier, and the acts."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from anlan import now as clock
from anlan.apps.accounts import selectors as entitlements
from anlan.apps.monitoring.models import Alarm, AlarmSide
from anlan.apps.monitoring.models.alarm import LEVEL_LABELS
from anlan.apps.org import access, actor
from anlan.apps.org.models import Agency
from anlan.apps.warnings import services
from anlan.apps.warnings.models import Warning
from anlan.apps.warnings.selectors import against_clearing
from anlan.components.answers import is_refresh, list_view, whole_or_part
from anlan.components.beside import try_to_write
from anlan.components.lists import Page
from anlan.refused import Refused
from anlan.rules.words import says_something
from anlan.site.board import board
from anlan.site.board.rows import JOINED
from anlan.site.warnings.acts import ACTS, Attempt
from anlan.site.warnings.clearing import clearing_words
from anlan.site.warnings.entitled import Entitled, entitled
from anlan.site.warnings.evidence import evidence
from anlan.site.warnings.forms import DelegateForm, ReportForm
from anlan.site.warnings.listing import WARNINGS, confirmed_by_hand, state_of
from anlan.site.warnings.reading import unread
from anlan.site.warnings.receipts import receipts
from anlan.site.warnings.timeline import lines

WHILE_OPEN = frozenset({"confirm", "measure", "clear", "level"})
"""Acts that end with the warning: who comes too late is told so, it is no intrusion."""
ALARMS = 50
"""Alarms that the dossier lists; the alarm list has them all."""


@require_safe
def warnings(request: HttpRequest) -> HttpResponseBase:
    """预警: every warning in scope, newest first; a page, its rows alone for a live refresh, or a workbook."""
    scope = request.scope  # type: ignore[attr-defined]
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


def look_up(request: HttpRequest, number: str, now: datetime) -> Warning:
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


def gather(request: HttpRequest, warning: Warning, now: datetime) -> dict[str, Any]:
    """The dossier's context."""
    scope = request.scope  # type: ignore[attr-defined]
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
    by = entitlements.stand(request.user, warning.enterprise, now)
    may = entitled(by, scope, warning)
    for alarm in alarms:
        alarm.can_acknowledge = (
            entitlements.may_acknowledge(by) and alarm.acknowledged_at is None and not alarm.is_withheld
        )
    return {
        "now": now,
        "warning": warning,
        "row": row,
        "answered": shown.answered,
        "timeline": lines(warning, now),
        "recipients": receipts(warning),
        "alarms": alarms,
        "unacknowledged": [alarm for alarm in alarms if alarm.can_acknowledge],
        "may": may,
        "against": against_clearing(warning, by.actor, now) if may.clear else None,
        "acts": ACTS,
        "clearing": partial(clearing_words, warning, now),  # read only where the act is offered
        "report": getattr(warning, "report", None),
        "state_words": state_of(warning),
    }


@require_safe
def dossier(request: HttpRequest, number: str) -> HttpResponse:
    """The dossier of one warning. Fetching it reads nothing: mail scanners and link previews fetch as well. The page
    that a person sees says so by itself (`read`)."""
    now = clock.now()
    warning = look_up(request, number, now)
    context = gather(request, warning, now)
    if not is_refresh(request):
        context |= evidence(warning, request.scope, now)  # type: ignore[attr-defined]
        context["unread"] = bool(unread(warning, request.scope))  # type: ignore[attr-defined]
        context["forms"] = blank_forms(context["may"])
        asked = request.GET.get("act", "")
        context["opened"] = "" if asked == "clear" and context["against"] else asked
    return whole_or_part(request, "warnings/dossier.html", "warnings/_living.html", context)


@require_POST
def read(request: HttpRequest, number: str) -> HttpResponse:
    """The dossier is open before a person: the messages about it that are addressed to the reader are read.

    Sent by the page itself while it is visible. Again is no other reading; 503 when it could not be written, and the
    page sends it again.
    """
    now = clock.now()
    return HttpResponse(status=200 if _read(request, look_up(request, number, now), now) else 503)


@require_safe
def report(request: HttpRequest, number: str) -> HttpResponse:
    """The report's form alone, for the phone. Leads to the dossier where no report is owed by this person."""
    now = clock.now()
    warning = look_up(request, number, now)
    by = entitlements.stand(request.user, warning.enterprise, now)
    if not entitled(by, request.scope, warning).report:  # type: ignore[attr-defined]
        return redirect("warning", warning.number)
    context = {"now": now, "warning": warning, "form": ReportForm(auto_id="report_%s"), "due": warning.next_due_at}
    return render(request, "todo/report.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def act(request: HttpRequest, number: str, verb: str) -> HttpResponse:
    """Do one of `ACTS`. 403 (journaled) when it is not open to the person; the form again when it is refused.

    An act that a phone kept for lack of a network (``Anlan-Kept``) is answered by 204, or 422 with the reason in words.
    Reading the address (a page reloaded after a refusal) leads to the dossier and does nothing.
    """
    now = clock.now()
    kind = ACTS.get(verb)
    if kind is None:
        raise Http404
    warning = look_up(request, number, now)
    if request.method != "POST":
        return redirect("warning", warning.number)
    by = entitlements.stand(request.user, warning.enterprise, now)
    may = entitled(by, request.scope, warning)  # type: ignore[attr-defined]
    too_late = verb in WHILE_OPEN and warning.cleared_at is not None
    kept = "Anlan-Kept" in request.headers
    if too_late:
        return _done(request, warning, _("预警已解除，没有改动。"))
    access.require(bool(kind.open_to(may)), warning, by=by)
    extra = {"agencies": _agencies(may)} if kind.form is DelegateForm else {}
    form = kind.form(request.POST, auto_id=f"{verb}_%s", **extra)
    if form.is_valid():
        try:
            order = may.orders[0] if may.orders else None
            kind.perform(Attempt(by, warning, form.cleaned_data, now, order))
            _read(request, warning, now)
        except Refused as refused:
            blank = [name for name in kind.mandatory if not says_something(str(form.cleaned_data.get(name) or ""))]
            for name in blank:
                form.add_error(name, _("请填写%(what)s") % {"what": form.fields[name].label})
            if not blank:
                form.add_error(None, refused.detail)
        else:
            return _done(request, warning, str(kind.done))
    if kept:
        return HttpResponse("；".join(str(text) for texts in form.errors.values() for text in texts), status=422)
    warning = look_up(request, number, now)
    if verb == "report" and request.POST.get("from") == "todo":
        values = {"now": now, "warning": warning, "form": form, "due": warning.next_due_at}
        return render(request, "todo/report.html", values, status=422)
    context = gather(request, warning, now)
    context |= evidence(warning, request.scope, now)  # type: ignore[attr-defined]
    context["forms"] = blank_forms(context["may"]) | {verb: form}
    context["opened"] = verb
    return render(request, "warnings/dossier.html", context, status=422)


def _read(request: HttpRequest, warning: Warning, now: datetime) -> bool:
    """What was told about the warning is read by who opens it, and by who acts on it without opening it.

    False when that could not be written now.
    """
    mine = unread(warning, request.scope)  # type: ignore[attr-defined]
    if not mine:
        return True
    return try_to_write(lambda: services.mark_all_read(mine, by=actor.of_user(request.user), at=now), "a reading")


def blank_forms(may: Entitled) -> dict[str, Any]:
    """The forms of the acts that are open to the person."""
    found: dict[str, Any] = {}
    for verb, kind in ACTS.items():
        if kind.open_to(may):
            extra = {"agencies": _agencies(may)} if kind.form is DelegateForm else {}
            found[verb] = kind.form(auto_id=f"{verb}_%s", **extra)
    return found


def _agencies(may: Entitled) -> Any:
    return Agency.objects.by_the_machine().filter(pk__in=[agency.pk for agency in may.delegates])


def _done(request: HttpRequest, warning: Warning, words: str) -> HttpResponse:
    """Back to where the act was offered, with the words. An act that a phone kept is answered by its card alone: words
    that no page is fetched for would stand on whatever page comes next."""
    if "Anlan-Kept" in request.headers:
        return HttpResponse(status=204)
    messages.info(request, words)
    return redirect(_way_back(request, warning))


def _way_back(request: HttpRequest, warning: Warning) -> str:
    if request.POST.get("from") == "todo":
        return reverse("todo")
    asked = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(asked, {request.get_host()}, require_https=request.is_secure()):
        return asked
    return reverse("warning", args=[warning.number])
