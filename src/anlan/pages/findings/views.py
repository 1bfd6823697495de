"""Pages of the findings: the list, one finding, and the acts."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from anlan.apps.accounts.request import PersonRequest
from anlan.apps.files.selectors import of_subject
from anlan.apps.findings import selectors
from anlan.apps.findings.models import Finding
from anlan.apps.org import access
from anlan.apps.org.stand import Stand
from anlan.components.answers import list_view
from anlan.pages.acting import Offer, Subject, act_view, record_view
from anlan.pages.findings.acts import ACTS
from anlan.pages.findings.listing import FINDINGS, limit_words


@require_safe
def findings(request: PersonRequest) -> HttpResponseBase:
    """问题: every finding in scope, newest first; a page, its rows alone, or a workbook."""
    rows = selectors.findings_visible(request.scope)
    return list_view(
        request, FINDINGS, rows, title=_("问题"), whole="findings/list.html", part="findings/_rows.html"
    )  # fmt: skip


def look_up(request: PersonRequest, pk: int, now: datetime) -> Finding:
    """The finding with what its page shows; 404 and a journal entry when out of scope."""
    rows = Finding.objects.select_related("enterprise", "source", "assigned_by").prefetch_related("steps")
    found: Finding = access.find(request, rows, now=now, pk=pk)
    return found


def _page(request: PersonRequest, row: Finding, by: Stand, bar: list[Offer], status: int) -> HttpResponse:
    subject, _colon, rest = row.subject.partition(":")
    context = {
        "finding": row,
        "steps": list(row.steps.all()),
        "limit_words": limit_words(row),
        "warning": rest.partition(":")[0] if subject == "warning" else "",
        "clues": list(selectors.clues_visible(request.scope).filter(finding=row)),
        "files": of_subject(request.scope, row.about),
        "bar": bar,
    }
    return render(request, "findings/finding.html", context, status=status)


SUBJECT = Subject("finding", ACTS, look_up, _page)


@require_safe
def finding(request: PersonRequest, pk: int) -> HttpResponse:
    """One finding: what, where, since when, by when, every step, and the acts that are open to the reader."""
    return record_view(request, SUBJECT, pk)


@require_http_methods(["GET", "HEAD", "POST"])
def act(request: PersonRequest, pk: int, verb: str) -> HttpResponse:
    """Do one of `ACTS` (`act_view`)."""
    return act_view(request, SUBJECT, pk, verb)
