"""Pages of filings, shelves and suppression rules: three lists, the record of each, new ones, and the acts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from anlan import border
from anlan import now as clock
from anlan.apps.accounts import selectors as entitlements
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.alarms import selectors
from anlan.apps.alarms.entitled import DESIGNERS, may_propose
from anlan.apps.alarms.models import Alarm, Filing, Shelving, SuppressionRule
from anlan.apps.alarms.services import filings as filing_services
from anlan.apps.alarms.services import suppression as suppression_services
from anlan.apps.org import access
from anlan.apps.org.scope import ScopedQuerySet
from anlan.apps.org.stand import STAFF, Stand
from anlan.apps.registry.models import Enterprise
from anlan.components.answers import list_view
from anlan.components.lists import Listing, Page, cells
from anlan.components.wording import Words
from anlan.pages.acting import Act, Offer, Subject, act_view, record_view, say_refused
from anlan.pages.quieting.acts import FILING_ACTS, SHELVING_ACTS, SUPPRESSION_ACTS, waits_for
from anlan.pages.quieting.forms import FilingForm, SuppressionForm
from anlan.pages.quieting.listing import (
    FILINGS,
    SHELVINGS,
    SUPPRESSIONS,
    alarm_words,
    condition_words,
    length_words,
    reach_words,
)
from anlan.refused import Refused

SHOWN = 50
"""Alarms that the page of a record lists; the alarm list has them all."""


@dataclass(frozen=True)
class MatterKind:
    """One of the three: how it is listed, joined, shown and acted upon."""

    name: str
    title: Words
    says: Words
    listing: Listing
    rows: Callable[[Any], QuerySet[Any]]
    acts: dict[str, Act]
    none: Words
    roles: frozenset[str]
    """Roles of an enterprise that may ask for it."""
    asked_by: Words
    """The same in words, for everybody else."""


KINDS = {
    "filing": MatterKind(
        "filing", gettext_lazy("报备"),
        gettext_lazy("计划停用、检维修、设施损坏：企业报备，县（园区）确认，市级可见；不影响已发生的预警"), FILINGS,
        lambda scope: selectors.filings_visible(scope).prefetch_related("points"), FILING_ACTS,
        gettext_lazy("没有报备"), STAFF,
        gettext_lazy("报备由企业主要负责人、包保责任人或安全管理人员提出，县（园区）确认。"),
    ),
    "shelving": MatterKind(
        "shelving", gettext_lazy("搁置"),
        gettext_lazy("只让企业自己的画面安静一段时间；定级、未消警数和监管部门看到的都不变"), SHELVINGS,
        selectors.shelvings_visible, SHELVING_ACTS, gettext_lazy("没有搁置的报警"), STAFF,
        gettext_lazy("报警由企业主要负责人、包保责任人或安全管理人员搁置。"),
    ),
    "suppression": MatterKind(
        "suppression", gettext_lazy("设计抑制"),
        gettext_lazy("设备停用等条件成立时按批准的规则不报警；仍有记录，气体报警不得抑制"), SUPPRESSIONS,
        selectors.suppressions_visible, SUPPRESSION_ACTS, gettext_lazy("没有设计抑制规则"), DESIGNERS,
        gettext_lazy("规则由企业主要负责人或安全管理人员提出，县（园区）处置人员或审批人批准。"),
    ),
}  # fmt: skip


@require_safe
def matters(request: PersonRequest, kind: str) -> HttpResponseBase:
    """One of the three lists: as a page, its rows alone, or a workbook."""
    now = clock.now()
    known = KINDS[kind]

    def dress(page: Page) -> dict[str, Any]:
        return {
            "kind": known,
            "rows": [cells(page, row, reverse(known.name, args=[row.pk])) for row in page.rows],
            "may_ask": bool(entitlements.enterprises_of(request.user, now, known.roles)),
        }

    return list_view(
        request, known.listing, known.rows(request.scope), title=str(known.title),
        whole="quieting/list.html", part="quieting/_rows.html", dress=dress,
    )  # fmt: skip


@require_safe
def matter(request: PersonRequest, kind: str, pk: int) -> HttpResponse:
    """One record: what was asked, by whom, what was decided, the alarms that it touches, and the open acts."""
    return record_view(request, SUBJECTS[kind], pk)


@require_http_methods(["GET", "HEAD", "POST"])
def matter_act(request: PersonRequest, kind: str, pk: int, verb: str) -> HttpResponse:
    """Do one of the acts (`act_view`)."""
    return act_view(request, SUBJECTS[kind], pk, verb)


@require_http_methods(["GET", "HEAD", "POST"])
def new_filing(request: PersonRequest) -> HttpResponse:
    """File a stop, an overhaul or a damage for an enterprise on whose staff the person is."""
    now = clock.now()
    enterprise = _asking_for(request, "filing", now)
    start = now.replace(second=0, microsecond=0)
    initial = {"starts_at": start, "ends_at": start + timedelta(hours=8)}
    form = FilingForm(request.POST or None, enterprise=enterprise, scope=request.scope, initial=initial)
    if request.method == "POST" and form.is_valid():
        by = entitlements.stand(request.user, enterprise, now)
        try:
            row = filing_services.file(
                enterprise,
                form.stoppage(),
                by=by,
                at=now,
            )
        except Refused as refused:
            say_refused(form, refused)
        else:
            messages.info(request, _("已报备，等待县（园区）确认；确认前不影响报警。"))
            return redirect("filing", row.pk)
    return _ask(request, "filing", enterprise, form, _("报备"), _("提交报备"))


@require_http_methods(["GET", "HEAD", "POST"])
def new_suppression(request: PersonRequest) -> HttpResponse:
    """Propose a suppression rule, or with ``follows`` a new version of one."""
    now = clock.now()
    enterprise = _asking_for(request, "suppression", now)
    follows = None
    asked = request.GET.get("follows", "")
    if (number := border.number(asked)) is not None:
        follows = _look_up(request, "suppression", number, now)
        if follows.enterprise_id != enterprise.pk:
            raise Http404
    form = SuppressionForm(
        request.POST or None, enterprise=enterprise, scope=request.scope, initial=_as_before(follows)
    )
    if request.method == "POST" and form.is_valid():
        by = entitlements.stand(request.user, enterprise, now)
        try:
            row = suppression_services.propose(
                enterprise,
                form.design(),
                by=by,
                at=now,
                follows=follows,
            )
        except Refused as refused:
            say_refused(form, refused)
        else:
            messages.info(request, _("已提交，县（园区）批准后生效。"))
            return redirect("suppression", row.pk)
    return _ask(request, "suppression", enterprise, form, _("设计抑制规则"), _("提交批准"))


def _look_up(request: PersonRequest, kind: str, pk: int, now: datetime) -> Any:
    """The record with what its page shows; 404 and a journal entry when out of scope."""
    rows: ScopedQuerySet[Filing | Shelving | SuppressionRule]
    match kind:
        case "filing":
            rows = Filing.objects.select_related("source", "device", "agency").prefetch_related("points")
        case "shelving":
            rows = Shelving.objects.select_related("point")
        case _:
            rows = SuppressionRule.objects.select_related("condition", "agency").prefetch_related("points")
    rows = rows.select_related("enterprise__park", "enterprise__supervisor")
    return access.find(request, rows, now=now, pk=pk)


def _heading(row: Filing | Shelving | SuppressionRule) -> str:
    match row:
        case Filing():
            return f"{row.get_kind_display()} · {reach_words(row)}"
        case Shelving():
            return alarm_words(row)
    return row.name


def _record(request: PersonRequest, kind: str, row: Any, by: Stand, bar: list[Offer], status: int) -> HttpResponse:
    context = {
        "kind": KINDS[kind],
        "row": row,
        "heading": _heading(row),
        "facts": _facts(kind, row),
        "alarms": _alarms_of(request, kind, row),
        "bar": bar,
        "waits_for": waits_for(row, by, KINDS[kind].acts),
        "also": _follow(row) if kind == "suppression" and may_propose(by, row) else None,
    }  # fmt: skip
    return render(request, "quieting/matter.html", context, status=status)


def _subject(kind: str) -> Subject:
    return Subject(
        kind,
        KINDS[kind].acts,
        lambda request, pk, now: _look_up(request, kind, pk, now),
        lambda request, row, by, bar, status: _record(request, kind, row, by, bar, status),
    )


SUBJECTS = {kind: _subject(kind) for kind in KINDS}


def _follow(row: SuppressionRule) -> dict[str, str]:
    """The way to a new version of a rule."""
    asked = urlencode({"enterprise": row.enterprise.code, "follows": row.pk})
    return {"url": f"{reverse('suppression-new')}?{asked}", "words": _("修改（提交新版本）")}


def _alarms_of(request: PersonRequest, kind: str, row: Any) -> list[Alarm]:
    alarms = selectors.alarms_visible(request.scope)
    match kind:
        case "filing":
            alarms = alarms.filter(filing=row)
        case "suppression":
            alarms = alarms.filter(suppression=row)
        case _:
            since = row.begins_at or row.asked_at
            alarms = alarms.filter(point=row.point, side=row.side, raised_at__lt=row.ended_at or clock.now())
            alarms = alarms.exclude(cleared_at__lt=since)
    return list(alarms.order_by("-raised_at", "-pk")[:SHOWN])


def _facts(kind: str, row: Any) -> list[tuple[str, Any]]:
    """What the record says, in the order of reading; instants are formatted by the template."""
    found: list[tuple[str, Any]] = [(_("企业"), row.enterprise.name)]
    if kind == "filing":
        found += [
            (_("范围"), reach_words(row, with_kind=True)), (_("说明"), row.reason),
            (_("起"), row.starts_at), (_("止"), row.ends_at),
            (_("报备"), row.filed_by), (_("报备时间"), row.filed_at),
        ]  # fmt: skip
    elif kind == "shelving":
        found += [
            (_("测点"), f"{row.point.tag} {row.point.name}"), (_("报警"), row.get_side_display()),
            (_("时长"), length_words(row.minutes)), (_("原因"), row.reason),
            (_("申请"), row.asked_by), (_("申请时间"), row.asked_at), (_("起"), row.begins_at), (_("止"), row.ends_at),
        ]  # fmt: skip
    else:
        found += [
            (_("条件"), condition_words(row)), (_("抑制的报警"), row.get_side_display()),
            (_("被抑制的测点"), "、".join(f"{point.tag} {point.name}" for point in row.points.all())),
            (_("设计依据"), row.reason), (_("版本"), row.version), (_("条件成立起"), row.holds_since),
            (_("申请"), row.proposed_by), (_("申请时间"), row.proposed_at),
        ]  # fmt: skip
    agency = getattr(row, "agency", None)
    decided = f"{agency.name} {row.decided_by}" if agency else row.decided_by
    found += [(_("处理"), decided), (_("处理时间"), row.decided_at), (_("意见"), row.note)]
    if kind == "filing":
        found.append((_("停用生效"), row.effective_at))
    if kind != "suppression":
        found += [(_("结束时间"), row.ended_at), (_("结束人"), row.ended_by)]
    else:
        found.append((_("停用时间"), row.retired_at))
    return [(name, value) for name, value in found if value not in ("", None)]


def _mine(request: PersonRequest, kind: str, now: datetime) -> QuerySet[Enterprise]:
    """The enterprises for which the person may ask for this."""
    mine = entitlements.enterprises_of(request.user, now, KINDS[kind].roles)
    rows = Enterprise.objects.visible_to(request.scope).select_related("supervisor", "park")
    return rows.filter(pk__in=mine).order_by("code")


def _asking_for(request: PersonRequest, kind: str, now: datetime) -> Enterprise:
    """The enterprise named in the address, else the person's first; 403 for one that is not theirs."""
    code = request.GET.get("enterprise", "")
    if code:
        rows = Enterprise.objects.select_related("supervisor", "park")
        asked: Enterprise = access.find(request, rows, now=now, code=code, owner=lambda row: f"enterprise:{row.code}")
        by = entitlements.stand(request.user, asked, now)
        access.require(by.holds(*KINDS[kind].roles), asked, by=by, words=KINDS[kind].asked_by)
        return asked
    mine = _mine(request, kind, now).first()
    if mine is None:
        raise PermissionDenied(str(KINDS[kind].asked_by))
    return mine


def _ask(request: PersonRequest, kind: str, enterprise: Enterprise, form: Any, title: str, button: str) -> HttpResponse:
    context = {
        "kind": KINDS[kind], "enterprise": enterprise, "others": _mine(request, kind, clock.now()), "form": form,
        "title": title, "button": button,
    }  # fmt: skip
    return render(request, "quieting/new.html", context, status=422 if form.errors else 200)


def _as_before(rule: SuppressionRule | None) -> dict[str, Any]:
    if rule is None:
        return {}
    return {
        "name": rule.name, "condition": rule.condition, "comparison": rule.comparison, "threshold": rule.threshold,
        "side": rule.side, "points": list(rule.points.all()), "reason": rule.reason,
    }  # fmt: skip
