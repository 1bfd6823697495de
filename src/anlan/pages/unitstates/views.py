"""Pages of 装置开停车与检修: the list with today's starts and stops, a new declaration, one of them, and its acts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from anlan import now as clock
from anlan.apps.accounts import selectors as entitlements
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.org import access
from anlan.apps.org.stand import STAFF, Stand
from anlan.apps.registry.models import Enterprise
from anlan.apps.unitstates import selectors, services
from anlan.apps.unitstates.entitled import may_declare
from anlan.apps.unitstates.models import UnitState
from anlan.components.answers import list_view
from anlan.components.lists import Page, cells
from anlan.pages.acting import Offer, Subject, act_view, record_view, say_refused
from anlan.pages.unitstates.acts import ACTS
from anlan.pages.unitstates.forms import ChangeForm
from anlan.pages.unitstates.listing import LISTING
from anlan.refused import Refused
from anlan.rules.calendar import civil_day


@require_safe
def every(request: PersonRequest) -> HttpResponseBase:
    """开停车与检修: every declared change in scope, the latest first; a page, its rows alone, or a workbook."""
    now = clock.now()

    def dress(page: Page) -> dict[str, Any]:
        return {
            "rows": [cells(page, row, reverse("unit-state", args=[row.pk])) for row in page.rows],
            "today": selectors.starts_and_stops(request.scope, civil_day(now)),
            "may_add": bool(entitlements.enterprises_of(request.user, now, STAFF)),
        }

    return list_view(
        request, LISTING, selectors.unit_states_visible(request.scope), title=_("装置开停车与检修"),
        whole="unitstates/list.html", part="unitstates/_rows.html", dress=dress,
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: PersonRequest) -> HttpResponse:
    """Declare a start, a stop or an overhaul; ``enterprise`` in the address where a person serves several."""
    now = clock.now()
    keys = entitlements.enterprises_of(request.user, now, STAFF)
    mine = list(Enterprise.objects.visible_to(request.scope).filter(pk__in=keys, is_active=True).order_by("code"))
    if asked := request.GET.get("enterprise", ""):
        enterprise = access.find(request, Enterprise.objects.all(), now=now, owner=access.owner_of, code=asked)
    elif mine:
        enterprise = mine[0]
    else:
        raise PermissionDenied(_("开停车与检修由企业申报。"))
    by = entitlements.stand(request.user, enterprise, now)
    access.require(may_declare(by, enterprise), enterprise, by=by)
    units = selectors.units_of(enterprise)
    form = ChangeForm(request.POST or None, units=[(key, unit.name) for key, unit in units.items()])
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            row = services.declare(
                enterprise, units.get(told["unit"]), change=told["change"], begins_at=told["begins_at"],
                ends_at=told["ends_at"], reason=told["reason"], by=by, at=now,
            )  # fmt: skip
        except Refused as refused:
            say_refused(form, refused)
        else:
            messages.info(request, _("已申报，县（园区）及以上可见。"))
            return redirect("unit-state", row.pk)
    context = {"enterprise": enterprise, "others": mine, "form": form}
    return render(request, "unitstates/new.html", context, status=422 if form.errors else 200)


@require_safe
def one(request: PersonRequest, pk: int) -> HttpResponseBase:
    """One declared change, and what became of it."""
    return record_view(request, SUBJECT, pk)


@require_http_methods(["GET", "HEAD", "POST"])
def act(request: PersonRequest, pk: int, verb: str) -> HttpResponse:
    """Do one of `ACTS` (`act_view`)."""
    return act_view(request, SUBJECT, pk, verb)


def _find(request: PersonRequest, pk: int, now: datetime) -> UnitState:
    rows = UnitState.objects.select_related("enterprise__supervisor", "device", "work_unit")
    found: UnitState = access.find(request, rows, now=now, pk=pk)
    return found


def _page(request: PersonRequest, row: UnitState, by: Stand, bar: list[Offer], status: int) -> HttpResponse:
    return render(request, "unitstates/one.html", {"row": row, "bar": bar}, status=status)


SUBJECT = Subject("unit-state", ACTS, _find, _page)
