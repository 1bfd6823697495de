"""Views of the operations pages. The machine's own figures are for agencies; links and refusals for everyone's own."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from anlan import now as clock
from anlan.apps.accounts import selectors as entitlements
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.gateways.entitled import may_lift_suspension
from anlan.apps.gateways.models import Suspension
from anlan.apps.gateways.selectors import gaps_in, suspensions_in
from anlan.apps.gateways.services import lift_suspension
from anlan.apps.org import access
from anlan.components.answers import list_view, whole_or_part
from anlan.components.lists import Listing, Page
from anlan.pages.operations import packets, tables
from anlan.pages.operations.health import health, last_audit, links_in


@require_safe
def operations(request: PersonRequest) -> HttpResponse:
    """运行状态: is the machine well, how many gateways speak, what was refused lately."""
    scope = request.scope
    quarantined = list(tables.quarantined_in(scope)[:8])
    for row in quarantined:
        row.words = tables.reason_words(row)
    watches_machine = scope.everything or bool(scope.agency_paths)
    context = {
        "health": health(clock.now()) if watches_machine else None,
        "links": links_in(scope),
        "quarantined": quarantined,
        "outages": list(tables.outages_in(scope).filter(ended_at__isnull=True)[:8]),
    }
    return whole_or_part(request, "operations/overview.html", "operations/_overview.html", context)


@login_not_required
@require_safe
def alive(request: HttpRequest) -> JsonResponse:
    """For an outside observer (``anlan watch``): 200 with ``passed_at`` while audits pass, else 503. No figures."""
    now = clock.now()
    audit = last_audit(now)
    well = audit is not None and audit.proves(now)
    passed_at = audit.passed_at if audit is not None else None
    answer = {"alive": well, "passed_at": passed_at.isoformat() if passed_at else None}
    if audit is not None and audit.figures.get("anchor"):
        answer["anchor"] = audit.figures["anchor"]  # a digest: it says nothing, and proves later what was so
    return JsonResponse(answer, status=200 if well else 503)


@require_safe
def gateways(request: PersonRequest) -> HttpResponseBase:
    """Every gateway in scope with its last data; what is silent stands first."""
    return _list(request, tables.GATEWAYS, tables.gateways_in(request.scope), "gateways", _("网关"))


@require_safe
def outages(request: PersonRequest) -> HttpResponseBase:
    """Every outage in scope, newest first."""
    return _list(request, tables.OUTAGES, tables.outages_in(request.scope), "outages", _("断联记录"))


@require_safe
def clocks(request: PersonRequest) -> HttpResponseBase:
    """Gateways in scope whose times are or were doubtful, the newest first."""
    return _list(request, tables.CLOCKS, tables.clocks_in(request.scope), "clocks", _("网关时钟"))


@require_safe
def quarantine(request: PersonRequest) -> HttpResponseBase:
    """What was refused in scope, with its reason, newest first."""
    return _list(request, tables.QUARANTINE, tables.quarantined_in(request.scope), "quarantine", _("隔离的报文"))


@require_safe
def gaps(request: PersonRequest) -> HttpResponseBase:
    """Missing running numbers of the gateways in scope, newest first (MON-16)."""
    return _list(request, packets.GAPS, gaps_in(request.scope), "gaps", _("缺号"))


@require_safe
def pauses(request: PersonRequest) -> HttpResponseBase:
    """Gateways whose intake is or was paused, newest first."""
    return _list(request, packets.PAUSES, suspensions_in(request.scope), "pauses", _("暂停接收"))


@require_POST
def lift(request: PersonRequest, pk: int) -> HttpResponse:
    """Take a gateway's data again before its pause is over, as an agency above it or the operator. Repeating it
    changes nothing."""
    now = clock.now()
    row = access.find(request, Suspension.objects.select_related("gateway", "enterprise"), now=now, pk=pk)
    if lift_suspension(row, by=entitlements.stand(request.user, row.enterprise, now), at=now):
        messages.info(request, _("已恢复接收，几秒内生效。"))
    else:
        messages.info(request, _("已恢复，没有改动。"))
    return redirect("pauses")


WORDS = {
    "quarantine": tables.reason_words,
    "clocks": tables.offset_words,
    "gaps": packets.missing_words,
    "pauses": packets.pause_words,
}
"""What a list says of a row in words."""


def _list(request: PersonRequest, listing: Listing, rows: Any, name: str, title: str) -> HttpResponseBase:
    part = f"operations/_{name}.html"

    def dress(page: Page) -> dict[str, Any]:
        by = {}
        if name == "pauses":
            by = entitlements.stands(request.user, {row.enterprise for row in page.rows}, clock.now())
        for row in page.rows:
            row.words = WORDS[name](row) if name in WORDS else ""
            if name == "pauses":
                row.why, row.holds = packets.reason_words(row), row.lifted_at is None and row.until > clock.now()
                row.may_lift = row.holds and may_lift_suspension(by[row.enterprise_id], row)
        return {"title": title, "part": part, "here": name}

    return list_view(request, listing, rows, title=title, whole="operations/list.html", part=part, dress=dress)
