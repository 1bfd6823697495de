"""Pages of change requests: the list, one of them, its acts, and the limits of one point to edit."""

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
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.accounts.selectors import stand
from anlan.apps.changes import services
from anlan.apps.changes.entitled import may_change, may_decide, may_set
from anlan.apps.changes.models import ChangeRequest, ChangeState
from anlan.apps.changes.selectors import changes_visible
from anlan.apps.org import access
from anlan.apps.org.stand import Stand
from anlan.apps.registry.models import Point, Revision
from anlan.apps.registry.selectors.revisions import history_in
from anlan.components.answers import list_view
from anlan.components.lists import Page, cells
from anlan.pages.acting import Offer, Subject, act_view, record_view, say_refused
from anlan.pages.changes.acts import ACTS
from anlan.pages.changes.forms import LimitsForm
from anlan.pages.changes.listing import CHANGES, REVISIONS, rows_of, summary
from anlan.refused import Refused

SHOWN = 500
"""Records of a request on its page; those that loosen come first."""


@require_safe
def changes(request: PersonRequest) -> HttpResponseBase:
    """变更申请: every request in scope, newest first; as a page, its rows alone, or a workbook."""

    def dress(page: Page) -> dict[str, Any]:
        return {"rows": [cells(page, row, reverse("change", args=[row.pk])) for row in page.rows]}

    return list_view(
        request, CHANGES, changes_visible(request.scope), title=_("变更申请"),
        whole="changes/list.html", part="changes/_rows.html", dress=dress,
    )  # fmt: skip


@require_safe
def revisions(request: PersonRequest) -> HttpResponseBase:
    """变更历史: every change of the register in scope, newest first; filters narrow it to one record."""

    def dress(page: Page) -> dict[str, Any]:
        return {"rows": [cells(page, row, _where(row)) for row in page.rows]}

    return list_view(
        request, REVISIONS, history_in(request.scope), title=_("变更历史"),
        whole="changes/history.html", part="changes/_history_rows.html", dress=dress,
    )  # fmt: skip


def _where(row: Revision) -> str:
    """The page of a revision's record, or of its enterprise."""
    if row.kind == "point":
        return reverse("point", args=[row.subject.partition(":")[2]])
    return reverse("enterprise", args=[row.enterprise.code])


def _find(request: PersonRequest, pk: int, now: datetime) -> ChangeRequest:
    rows = ChangeRequest.objects.select_related("enterprise__park", "enterprise__supervisor", "agency")
    found: ChangeRequest = access.find(request, rows, now=now, pk=pk)
    return found


def _page(request: PersonRequest, row: ChangeRequest, by: Stand, bar: list[Offer], status: int) -> HttpResponse:
    asked = rows_of(row)
    waits = row.state == ChangeState.ASKED and not may_decide(by, row)
    context = {
        "row": row, "heading": summary(row), "asked": asked[:SHOWN], "more": len(asked) - len(asked[:SHOWN]),
        "bar": bar, "waits": waits,
    }  # fmt: skip
    return render(request, "changes/change.html", context, status=status)


SUBJECT = Subject("change", ACTS, _find, _page)


@require_safe
def change(request: PersonRequest, pk: int) -> HttpResponse:
    """One request: every record before and after, who asked and why, who decided, and the acts open to the reader."""
    return record_view(request, SUBJECT, pk)


@require_http_methods(["GET", "HEAD", "POST"])
def act(request: PersonRequest, pk: int, verb: str) -> HttpResponse:
    """Do one of `ACTS` (`act_view`)."""
    return act_view(request, SUBJECT, pk, verb)


@require_http_methods(["GET", "HEAD", "POST"])
def limits(request: PersonRequest, code: str) -> HttpResponse:
    """The limits of one point: changed at once by its authority, asked for by the enterprise; 403 for others."""
    now = clock.now()
    rows = Point.objects.select_related("enterprise__park", "enterprise__supervisor", "source", "device", "gateway")
    point: Point = access.find(request, rows, now=now, code=code)
    by = stand(request.user, point.enterprise, now)
    decides = may_change(by, point)
    if request.method != "POST" and not may_set(by, point):
        raise PermissionDenied(_("限值由企业申请，由县（园区）的处置人员或审批人修改。"))
    access.require(may_set(by, point), point, by=by)
    form = LimitsForm(request.POST or None, point=point)
    if request.method == "POST" and form.is_valid():
        try:
            reason = str(form.cleaned_data["reason"])
            asked = services.change_limits(point, form.wanted(), by=by, at=now, reason=reason)
        except Refused as refused:
            say_refused(form, refused, ("reason",))
        else:
            if asked is not None:
                messages.info(request, _("已提交变更申请，县（园区）批准后生效；批准前仍按现行限值报警。"))
                return redirect("change", asked.pk)
            messages.info(request, _("限值已修改，旧值留档。"))
            return redirect("point", code)
    context = {"point": point, "form": form, "decides": decides}
    return render(request, "changes/limits.html", context, status=422 if form.errors else 200)
