"""Views of the operations pages. The machine's own figures are for agencies; links and refusals for everyone's own."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from anlan import now as clock
from anlan.components.export import workbook
from anlan.components.lists import Listing
from anlan.site.operations import tables
from anlan.site.operations.health import health, last_audit, links_in


@require_safe
def operations(request: Any) -> HttpResponse:
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
    name = "operations/_overview.html" if request.headers.get("HX-Request") else "operations/overview.html"
    response = render(request, name, context)
    response.headers["Vary"] = "HX-Request, Cookie"
    return response


@login_not_required
@require_safe
def alive(request: HttpRequest) -> JsonResponse:
    """For an outside observer (``anlan watch``): 200 with ``passed_at`` while audits pass, else 503. No figures."""
    now = clock.now()
    audit = last_audit(now)
    well = audit is not None and audit.proves(now)
    passed_at = audit.passed_at if audit is not None else None
    answer = {"alive": well, "passed_at": passed_at.isoformat() if passed_at else None}
    return JsonResponse(answer, status=200 if well else 503)


@require_safe
def gateways(request: Any) -> HttpResponseBase:
    """Every gateway in scope with its last data; what is silent stands first."""
    return _list(request, tables.GATEWAYS, tables.gateways_in(request.scope), "gateways", _("网关"))


@require_safe
def outages(request: Any) -> HttpResponseBase:
    """Every outage in scope, newest first."""
    return _list(request, tables.OUTAGES, tables.outages_in(request.scope), "outages", _("断联记录"))


@require_safe
def clocks(request: Any) -> HttpResponseBase:
    """Gateways in scope whose times are or were doubtful, the newest first."""
    return _list(request, tables.CLOCKS, tables.clocks_in(request.scope), "clocks", _("网关时钟"))


@require_safe
def quarantine(request: Any) -> HttpResponseBase:
    """What was refused in scope, with its reason, newest first."""
    return _list(request, tables.QUARANTINE, tables.quarantined_in(request.scope), "quarantine", _("隔离的报文"))


WORDS = {"quarantine": tables.reason_words, "clocks": tables.offset_words}
"""What a list says of a row in words."""


def _list(request: Any, listing: Listing, rows: Any, name: str, title: str) -> HttpResponseBase:
    page = listing.read(request, rows)
    if page.wants_workbook:
        return workbook(request, page, title=title, now=clock.now())
    for row in page.rows:
        row.words = WORDS[name](row) if name in WORDS else ""
    part = bool(request.headers.get("HX-Request"))
    context = {"page": page, "title": title, "part": f"operations/_{name}.html", "here": name}
    response = render(request, f"operations/_{name}.html" if part else "operations/list.html", context)
    response.headers["Vary"] = "HX-Request, Cookie"
    return response
