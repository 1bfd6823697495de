"""Pages of 辨识与分级."""

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
from anlan.apps.identification import services
from anlan.apps.identification.entitled import may_enter
from anlan.apps.identification.models import Identification, State, Why
from anlan.apps.identification.selectors import history_of, identifications_visible, in_force
from anlan.apps.org import access
from anlan.apps.org.stand import STAFF, Stand
from anlan.apps.registry.models import Enterprise
from anlan.components.answers import list_view
from anlan.components.documents import FORMATS, Document, Table, answer
from anlan.components.lists import Page, cells
from anlan.pages.acting import Offer, Subject, act_view, record_view, say_refused
from anlan.pages.identification.acts import ACTS
from anlan.pages.identification.forms import UnitForm
from anlan.pages.identification.listing import LISTING
from anlan.refused import Refused
from anlan.rules.calendar import civil
from anlan.rules.identification import in_words, standard


@require_safe
def every(request: PersonRequest) -> HttpResponseBase:
    """辨识与分级: every identification in scope, newest first; a page, its rows alone, or a workbook."""

    def dress(page: Page) -> dict[str, Any]:
        return {
            "rows": [cells(page, row, reverse("identification", args=[row.pk])) for row in page.rows],
            "may_add": bool(_mine(request)),
        }

    return list_view(
        request, LISTING, identifications_visible(request.scope), title=_("辨识与分级"),
        whole="identification/list.html", part="identification/_rows.html", dress=dress,
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: PersonRequest) -> HttpResponse:
    """Enter an identification; ``enterprise`` in the address where a person serves several, ``unit`` to begin with what
    is in force."""
    mine, now = _mine(request), clock.now()
    if asked := request.GET.get("enterprise", ""):
        enterprise = access.find(request, Enterprise.objects.all(), now=now, owner=access.owner_of, code=asked)
    elif mine:
        enterprise = mine[0]
    else:
        raise PermissionDenied(_("您的角色不能填报辨识。"))
    by = entitlements.stand(request.user, enterprise, now)
    access.require(may_enter(by, enterprise), enterprise, by=by)
    before = in_force(enterprise, request.GET.get("unit", ""))
    form = UnitForm(request.POST or None, **_begun(before, request.GET.get("unit", "")))
    if request.method == "POST" and form.is_valid():
        typed = {name: form.cleaned_data[name] for name in ("unit", "kind", "why", "exposed", "amounts")}
        try:
            row = services.enter(enterprise, **typed, by=by, at=now)
        except Refused as refused:
            say_refused(form, refused)
        else:
            messages.info(request, _("已提交，待另一人审核。"))
            return redirect("identification", row.pk)
    context = {
        "enterprise": enterprise, "others": mine, "form": form, "substances": standard().substances,
        "categories": standard().categories.values(),
    }  # fmt: skip
    return render(request, "identification/new.html", context, status=422 if form.errors else 200)


def _begun(before: Identification | None, unit: str) -> dict[str, Any]:
    """What a form begins with: the inventory in force, which is gone through again."""
    if before is None:
        return {"initial": {"unit": unit, "why": Why.FIRST}}
    told = {"unit": before.unit, "kind": before.kind, "why": Why.AGE, "exposed": before.exposed}
    return {"initial": told, "lines": before.amounts}


def _mine(request: PersonRequest) -> list[Enterprise]:
    keys = entitlements.enterprises_of(request.user, clock.now(), STAFF)
    return list(Enterprise.objects.visible_to(request.scope).filter(pk__in=keys, is_active=True).order_by("code"))


@require_safe
def one(request: PersonRequest, pk: int) -> HttpResponseBase:
    """One identification: its sums term by term, the acts, the unit's history; with ``format`` (`FORMATS`) a report."""
    if request.GET.get("format") in FORMATS:
        return answer(request, _report(_find(request, pk, clock.now())), now=clock.now())
    return record_view(request, SUBJECT, pk)


@require_http_methods(["GET", "HEAD", "POST"])
def act(request: PersonRequest, pk: int, verb: str) -> HttpResponse:
    """Do one of `ACTS` (`act_view`)."""
    return act_view(request, SUBJECT, pk, verb)


def _find(request: PersonRequest, pk: int, now: datetime) -> Identification:
    rows = Identification.objects.select_related("enterprise__park", "enterprise__supervisor", "source")
    found: Identification = access.find(request, rows, now=now, pk=pk)
    return found


def _page(request: PersonRequest, row: Identification, by: Stand, bar: list[Offer], status: int) -> HttpResponse:
    context = {
        "row": row,
        "bar": bar,
        "sums": in_words(row.outcome),
        "differs": services.differs(row) if row.state == State.CONFIRMED else "",
        "history": [each for each in history_of(request.scope, row) if each.pk != row.pk],
        "again": f"{reverse('identification-new')}?enterprise={row.enterprise.code}" if may_enter(by, row) else "",
    }
    return render(request, "identification/one.html", context, status=status)


def _report(row: Identification) -> Document:
    terms = [
        (
            each["substance"], "、".join(each["symbols"]), each["design_max_t"], each["critical_t"], each["ratio"],
            each["beta"], "；".join(each["by"]),
        )
        for each in row.outcome["terms"]
    ]  # fmt: skip
    facts = [
        (_("企业"), row.enterprise.name),
        (_("单元"), row.unit),
        (_("单元类别"), row.get_kind_display()),
        (_("辨识原因"), row.get_why_display()),
        (_("常住人口数"), row.exposed),
        (_("校正系数 α"), row.outcome["alpha"]),
        (_("计算"), in_words(row.outcome)),
        (_("结论"), row.concludes),
        (_("状态"), row.get_state_display()),
        (_("填报"), f"{row.made_by} {civil(row.made_at):%Y-%m-%d}"),
        (_("审核"), row.decided_by),
        (_("备案编号"), row.filed_no),
        (_("重新辨识期限"), row.again_on),
    ]
    headings = (
        _("物质"), _("符号"), _("设计最大量 q（吨）"), _("临界量 Q（吨）"), _("q/Q"), _("校正系数 β"), _("来历")
    )  # fmt: skip
    return Document(
        title=_("%(unit)s 重大危险源辨识与分级报告") % {"unit": row.unit},
        facts=[(name, value if value not in (None, "") else "—") for name, value in facts],
        tables=[Table(_("各项"), headings, terms)],
        note="GB 18218-2018",
    )


SUBJECT = Subject("identification", ACTS, _find, _page)
