"""Pages of 外部预警, and the address where other systems hand them in."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from anlan import now as clock
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.external import selectors, services
from anlan.apps.external.cap import MOST_BYTES
from anlan.apps.external.models import ExternalAlert
from anlan.apps.org import access
from anlan.components.answers import list_view
from anlan.components.lists import Listing, Page
from anlan.pages.external import tables


@require_safe
def alerts(request: PersonRequest) -> HttpResponseBase:
    """外部预警: alerts of other systems for the divisions of the scope, newest first."""
    now = clock.now()
    return _list(request, tables.ALERTS, selectors.alerts(request.scope, now), "alerts", _("外部预警"))


@require_safe
def refused(request: PersonRequest) -> HttpResponseBase:
    """What was handed in by senders of one's own agencies and not taken, with the reason."""
    return _list(request, tables.REFUSED, selectors.refused(request.scope), "refused", _("未收的外部预警"))


def _list(request: PersonRequest, listing: Listing, rows: Any, name: str, title: str) -> HttpResponse:
    part = f"external/_{name}.html"

    def dress(page: Page) -> dict[str, Any]:
        if name == "alerts":
            for row in page.rows:
                row.standing_words = tables.standing_words(row)
                row.severity_words = tables.SEVERITIES.get(row.severity, "")
                row.status_words = tables.STATUSES.get(row.status, row.status)
        return {"title": title, "part": part, "here": name}

    return list_view(request, listing, rows, title=title, whole="external/list.html", part=part, dress=dress)


@require_safe
def alert(request: PersonRequest, key: int) -> HttpResponse:
    """One alert with everything that it says, what it replaces and what replaced it."""
    now = clock.now()
    rows = selectors.standing(ExternalAlert.objects.select_related("origin__agency"), now)
    row = access.find(request, rows, now=now, owner=lambda found: f"agency:{found.origin.agency.code}", pk=key)
    said = selectors.contents(row)
    context = {
        "alert": row,
        "said": said,
        "info": said.info,
        "standing": tables.standing_words(row),
        "severity": tables.SEVERITIES.get(row.severity, ""),
        "status": tables.STATUSES.get(row.status, row.status),
        "chain": selectors.chain(request.scope, row, now),
    }
    return render(request, "external/alert.html", context)


@csrf_exempt
@login_not_required
@require_POST
def take(request: HttpRequest) -> JsonResponse:
    """``POST /api/v1/cap/``: one CAP 1.2 message of a registered sender (HTTP Basic: its code and key).

    201 taken, 200 known already, 422 refused with the reason (and kept apart), 401 without a key, 413 too large.
    """
    sender = services.known(request.headers.get("Authorization", ""))
    if sender is None:
        answer = _say({"detail": _("发送方代号或密钥不对")}, 401)
        answer.headers["WWW-Authenticate"] = 'Basic realm="CAP", charset="UTF-8"'
        return answer
    length = request.headers.get("Content-Length", "")
    if not length.isdecimal() or int(length) > MOST_BYTES:
        return _say({"detail": _("报文超过 %(most)d KB，没有收下") % {"most": MOST_BYTES // 1024}}, 413)
    outcome = services.take(sender, request.body, clock.now())
    status = {"taken": 201, "known": 200, "refused": 422}[outcome.result]
    return _say(
        {"result": outcome.result, "identifier": outcome.identifier}
        | ({"detail": _("没有收下，已留存待查：%(reason)s") % {"reason": outcome.reason}} if outcome.reason else {}),
        status,
    )


def _say(value: dict[str, Any], status: int) -> JsonResponse:
    return JsonResponse(value, status=status, json_dumps_params={"ensure_ascii": False})
