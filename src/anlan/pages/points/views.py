"""The pages of points: the list, and one of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from anlan import now as clock
from anlan.apps.accounts import selectors as entitlements
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.alarms.models import Alarm, AlarmState, Retrospective
from anlan.apps.changes.entitled import may_set
from anlan.apps.org import access
from anlan.apps.registry.models import Point
from anlan.apps.registry.selectors.revisions import history_of
from anlan.components.answers import list_view, whole_or_part
from anlan.components.lists import Page
from anlan.pages.changes.listing import revision_words
from anlan.pages.points.listing import POINTS, points_in
from anlan.pages.points.reading import readings

ALARMS_SHOWN = 20
CHANGES_SHOWN = 20
TILES = 500
RANGES = ("1h", "24h", "7d")


@require_safe
def points(request: PersonRequest) -> HttpResponseBase:
    """测点: every point in scope with its newest value; as a page, its rows alone for a refresh, or a workbook."""
    now = clock.now()

    def dress(page: Page) -> dict[str, Any]:
        active = Alarm.objects.visible_to(request.scope).filter(point__in=page.rows, state=AlarmState.ACTIVE)
        return {"readings": readings(page.rows, active, now)}

    return list_view(
        request, POINTS, points_in(request.scope), title=_("测点"),
        whole="points/list.html", part="points/_rows.html", dress=dress,
    )  # fmt: skip


@require_safe
def trends(request: PersonRequest) -> HttpResponse:
    """测点曲线: up to 500 points of the list's filters side by side over one stretch; the curves come from the API.

    ``range`` in the address chooses the stretch: 1h, 24h or 7d, which is the usual one here.
    """
    page = replace(POINTS, per_page=TILES).read(request, points_in(request.scope))
    asked = request.GET.get("range", "7d")
    others = request.GET.copy()
    others.pop("range", None)
    others.pop("page", None)
    context = {
        "page": page,
        "range": asked if asked in RANGES else "7d",
        "others": others.urlencode(),
        "ranges": RANGES,
    }
    return render(request, "points/trends.html", context)


@require_safe
def point(request: PersonRequest, code: str) -> HttpResponse:
    """One point with value, limits, trend and latest alarms; 404 if not there or not in scope (journaled).

    ``range`` in the address chooses the stretch of the trend: 1h, 24h or 7d.
    """
    now = clock.now()
    rows = Point.objects.select_related("enterprise", "source", "device", "gateway")
    found = access.find(request, rows, now=now, code=code)
    mine = Alarm.objects.visible_to(request.scope).filter(point=found).select_related("point", "enterprise", "source")
    active = list(mine.filter(state=AlarmState.ACTIVE))
    latest = list(mine[:ALARMS_SHOWN])
    by = entitlements.stand(request.user, found.enterprise, now)
    staff = entitlements.may_acknowledge(by)
    for alarm in latest:
        alarm.can_acknowledge = staff and alarm.acknowledged_at is None
    asked = request.GET.get("range", "1h")
    history = history_of(request.scope, f"point:{code}").select_related("enterprise")[:CHANGES_SHOWN]
    context = {
        "may_change": may_set(by, found),
        "revisions": [(revision, revision_words(revision)) for revision in history],
        "row": readings([found], active, now)[0],
        "retrospectives": list(Retrospective.objects.visible_to(request.scope).filter(point=found)[:ALARMS_SHOWN]),
        "alarms": latest,
        "may_acknowledge": any(alarm.can_acknowledge for alarm in latest),
        "range": asked if asked in RANGES else "1h",
    }
    return whole_or_part(request, "points/detail.html", "points/_now.html", context)
