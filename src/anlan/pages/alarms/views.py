"""Pages of the alarms: the list with its filters, and taking note of one or many."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from anlan import border
from anlan import now as clock
from anlan.apps.accounts import selectors as entitlements
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.alarms import selectors, services
from anlan.apps.alarms.models import Alarm, AlarmState
from anlan.apps.org import access
from anlan.apps.org.stand import STAFF
from anlan.components.answers import is_refresh, list_view, way_back
from anlan.components.lists import Page
from anlan.pages.alarms import tables

MOST_AT_ONCE = 500
"""Alarms that one acknowledgement may name: a screenful many times over, and a bounded transaction."""


@require_safe
def alarms(request: PersonRequest) -> HttpResponseBase:
    """报警: every alarm in scope, newest first; as a page, its rows alone for a live refresh, or a workbook."""
    now = clock.now()
    every = selectors.alarms_visible(request.scope).annotate(shelved=selectors.is_shelved(now))
    # a shelf silences the enterprise's own display alone: its list leaves out what is shelved until it is asked for
    is_own = request.scope.is_enterprise and request.GET.get("state", "") in tables.ANNOUNCED
    rows = every.filter(shelved=False) if is_own else every

    def dress(page: Page) -> dict[str, Any]:
        mine = entitlements.enterprises_of(request.user, now, STAFF)
        first = selectors.first_outs(alarm.source_id for alarm in page.rows if alarm.source_id)
        for alarm in page.rows:
            alarm.can_acknowledge = alarm.acknowledged_at is None and alarm.enterprise_id in mine
            alarm.can_act = alarm.enterprise_id in mine and (alarm.can_acknowledge or alarm.state == AlarmState.ACTIVE)
            alarm.annunciation = tables.annunciation_of(alarm)
            alarm.is_first = alarm.pk in first
        shown = {
            "may_act": any(alarm.can_act for alarm in page.rows),
            "may_acknowledge": any(alarm.can_acknowledge for alarm in page.rows),
            "left_out": selectors.shelved_alarms(every, now).count() if is_own else 0,
        }
        if not is_refresh(request):
            shown["faulty"] = selectors.announced(request.scope, selectors.FAULTY, now).count()
        return shown

    return list_view(
        request, tables.ALARMS, rows, title=_("报警"),
        whole="alarms/alarms.html", part="alarms/_alarm_rows.html", dress=dress,
    )  # fmt: skip


@require_POST
def acknowledge(request: PersonRequest) -> HttpResponse:
    """Take note of the alarms named by ``alarm`` (one or many), as staff of their enterprise.

    One alarm outside the scope refuses the whole act with 404, one of an enterprise where the person holds no role
    with 403; both attempts are journaled, and nothing is acknowledged. A repeat acknowledges nothing anew.
    """
    now = clock.now()
    asked = list(dict.fromkeys(request.POST.getlist("alarm")))[:MOST_AT_ONCE]
    found = {row.pk: row for row in _joined(request).filter(pk__in=asked)}
    for key in asked:
        if key not in found:
            access.find(request, Alarm.objects.select_related("enterprise"), now=now, pk=key)
            raise Http404
    by = entitlements.stands(request.user, {row.enterprise for row in found.values()}, now)
    count = services.acknowledge(found, by=by, at=now, comment=request.POST.get("comment", ""))
    if count:
        messages.info(request, _("已确认 %(count)d 条报警。") % {"count": count})
    else:
        messages.info(request, _("没有需要确认的报警：可能已由他人确认。"))
    return redirect(way_back(request) or "alarms")


@require_http_methods(["GET", "HEAD", "POST"])
def acknowledge_all(request: PersonRequest) -> HttpResponse:
    """Take note of every alarm that the address filters, as staff of their enterprises: asked first, then done.

    What is asked about is bound by an instant (``until``): alarms that the person has not been asked about stay as they
    are. At most `MOST_AT_ONCE` an act, the oldest first; what is left is told. A filter that cannot be read refuses
    the act, for without it more would be acknowledged than was meant.
    """
    now = clock.now()
    mine = entitlements.enterprises_of(request.user, now, STAFF)
    if not mine:
        raise PermissionDenied(_("报警由企业人员确认；您没有此项职责。"))
    every = selectors.alarms_visible(request.scope)
    if request.GET.get("state", "") in tables.ANNOUNCED:
        every = every.filter(~selectors.is_shelved(now))
    page = tables.ALARMS.read(request, every.filter(acknowledged_at__isnull=True, enterprise__in=mine))
    back = f"{reverse('alarms')}?{request.GET.urlencode()}"
    until = now if request.method != "POST" else _instant(request.POST.get("until", ""))
    if page.problems or until is None:
        messages.warning(request, _("筛选条件读不出，没有确认任何报警：%(why)s") % {"why": "；".join(page.problems)})
        return redirect(back)
    waiting = page.matching.filter(detected_at__lte=until).order_by("raised_at", "pk")
    if request.method != "POST":
        context = {"page": page, "count": waiting.count(), "most": MOST_AT_ONCE, "until": until, "back": back}
        return render(request, "alarms/acknowledge_all.html", context)
    found = {row.pk: row for row in waiting.select_related("enterprise")[:MOST_AT_ONCE]}
    by = entitlements.stands(request.user, {row.enterprise for row in found.values()}, now)
    count = services.acknowledge(found, by=by, at=now, comment=request.POST.get("comment", ""))
    left = waiting.count()
    said = _("已确认 %(count)d 条报警。") % {"count": count}
    if left:
        figures = {"most": MOST_AT_ONCE, "left": left}
        said += _("一次最多 %(most)d 条，还有 %(left)d 条符合筛选，可再确认一次。") % figures
    messages.info(request, said)
    return redirect(back)


def _instant(raw: str) -> datetime | None:
    """When the person was asked; None for what is no instant."""
    try:
        return border.instant(raw)
    except ValueError:
        return None


def _joined(request: PersonRequest) -> QuerySet[Alarm]:
    rows: QuerySet[Alarm] = Alarm.objects.visible_to(request.scope).select_related("enterprise")
    return rows
