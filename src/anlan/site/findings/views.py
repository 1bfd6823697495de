"""Pages of the findings: the list, one finding, and the acts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from anlan import now as clock
from anlan.apps.accounts.selectors import stand
from anlan.apps.findings import selectors
from anlan.apps.findings.models import Finding
from anlan.apps.org import access
from anlan.components.answers import list_view
from anlan.refused import Refused
from anlan.site.findings.acts import ACTS
from anlan.site.findings.listing import FINDINGS, limit_words


@require_safe
def findings(request: HttpRequest) -> HttpResponseBase:
    """问题: every finding in scope, newest first; a page, its rows alone, or a workbook."""
    rows = selectors.findings_visible(request.scope)  # type: ignore[attr-defined]
    return list_view(
        request, FINDINGS, rows, title=_("问题"), whole="findings/list.html", part="findings/_rows.html"
    )  # fmt: skip


def look_up(request: HttpRequest, pk: int, now: datetime) -> Finding:
    """The finding with what its page shows; 404 and a journal entry when out of scope."""
    rows = Finding.objects.select_related("enterprise", "source", "assigned_by").prefetch_related("steps")
    found: Finding = access.find(request, rows, now=now, pk=pk)
    return found


@require_safe
def finding(request: HttpRequest, pk: int) -> HttpResponse:
    """One finding: what, where, since when, by when, every step, and the acts that are open to the reader."""
    now = clock.now()
    row = look_up(request, pk, now)
    by = stand(request.user, row.enterprise, now)
    forms = {verb: kind.form(auto_id=f"{verb}_%s") for verb, kind in ACTS.items() if kind.open_to(by, row)}
    return _page(request, row, forms)


@require_http_methods(["GET", "HEAD", "POST"])
def act(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Do one of `ACTS`. 403 (journaled) when it is not the person's; the form again with the reason when refused."""
    now = clock.now()
    kind = ACTS.get(verb)
    if kind is None:
        raise Http404
    row = look_up(request, pk, now)
    if request.method != "POST":
        return redirect("finding", pk)
    by = stand(request.user, row.enterprise, now)
    access.require(kind.may(by, row), row, by=by)
    form = kind.form(request.POST, auto_id=f"{verb}_%s")
    if form.is_valid():
        try:
            kind.perform(row, by, now, form.cleaned_data)
        except Refused as refused:
            form.add_error(None, refused.detail)
        else:
            messages.info(request, str(kind.done))
            return redirect("finding", pk)
    forms = {name: each.form(auto_id=f"{name}_%s") for name, each in ACTS.items() if each.open_to(by, row)}
    return _page(request, row, forms | {verb: form}, opened=verb, status=422)


def _page(
    request: HttpRequest, row: Finding, forms: dict[str, Any], opened: str = "", status: int = 200
) -> HttpResponse:
    subject, _colon, rest = row.subject.partition(":")
    context = {
        "finding": row,
        "steps": list(row.steps.all()),
        "limit_words": limit_words(row),
        "warning": rest.partition(":")[0] if subject == "warning" else "",
        "clues": list(selectors.clues_visible(request.scope).filter(finding=row)),  # type: ignore[attr-defined]
        "acts": [(verb, ACTS[verb], form) for verb, form in forms.items()],
        "opened": opened,
    }
    return render(request, "findings/finding.html", context, status=status)
