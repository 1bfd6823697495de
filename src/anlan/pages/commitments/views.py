"""Pages of 安全承诺: the day of one enterprise, a past day, the list, the watch list, and the public announcement."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db.models import OuterRef
from django.db.models.functions import TruncDate
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from anlan import now as clock
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.commitments import selectors
from anlan.apps.commitments.entitled import principal_of
from anlan.apps.commitments.form import PARTS, SCHEMA
from anlan.apps.commitments.models import RISKS, Commitment, WorkUnit
from anlan.apps.commitments.services import Proposal
from anlan.apps.org import access
from anlan.apps.org.stand import Stand
from anlan.apps.registry.models import Enterprise
from anlan.apps.registry.selectors import locality
from anlan.apps.watchlist.selectors import watched_visible
from anlan.components.answers import list_view
from anlan.components.documents import FORMATS, Document, Table, answer
from anlan.components.lists import Page, cells
from anlan.pages.acting import Offer, Subject, act_view, record_view
from anlan.pages.commitments import listing, watch
from anlan.pages.commitments import weeks as week
from anlan.pages.commitments.acts import ACTS, UNIT_ACTS, proposed, proposed_as_shown
from anlan.pages.commitments.announcement import announcement
from anlan.pages.commitments.forms import DayForm
from anlan.pages.owed import state_of
from anlan.rules.calendar import CIVIL_ZONE, civil_day
from anlan.rules.commitment import deadline, late_minutes


@require_safe
def days(request: PersonRequest) -> HttpResponseBase:
    """每日承诺: one row a day and enterprise in scope that owes one, today's first; a page, its rows, or a workbook."""
    rows = selectors.owed_in(request.scope).annotate(civil_day=TruncDate("due_at", tzinfo=CIVIL_ZONE))
    rows = rows.annotate(
        risk=selectors.of_the_day("risk", OuterRef("civil_day")),
        first_at=selectors.of_the_day("first_at", OuterRef("civil_day")),
    )

    def dress(page: Page) -> dict[str, Any]:
        for row in page.rows:
            row.risk_words = dict(RISKS).get(row.risk, "")
            row.commitment_id = row.evidence.removeprefix("commitment:") if row.evidence.count(":") == 1 else ""
        return {
            "rows": [(row, str(state_of(row)), listing.words_of(row)) for row in page.rows],
            "figures": selectors.figures_in(request.scope, civil_day(clock.now())),
        }

    return list_view(
        request, listing.LISTING, rows, title=_("每日承诺"), whole="commitments/list.html",
        part="commitments/_rows.html", dress=dress,
    )  # fmt: skip


@require_safe
def weeks(request: PersonRequest) -> HttpResponseBase:
    """每周按时承诺: on how many days of a week each enterprise in scope committed in time; a row opens its days."""
    monday = week.asked(request.GET.get("week", ""))

    def dress(page: Page) -> dict[str, Any]:
        days = f"?from={monday}&from_to={monday + timedelta(days=6)}&enterprise="
        return {"rows": [cells(page, row, f"{reverse('commitments')}{days}{row.code}") for row in page.rows]}

    return list_view(
        request, week.LISTING, selectors.of_week(request.scope, monday), title=_("每周按时承诺"),
        whole="commitments/weeks.html", part="commitments/_weeks.html", dress=dress,
    )  # fmt: skip


@require_safe
def watched(request: PersonRequest) -> HttpResponseBase:
    """重点关注: which enterprises are watched, on which day, and why."""
    return list_view(
        request, watch.LISTING, watched_visible(request.scope), title=_("重点关注"),
        whole="commitments/watch.html", part="commitments/_watch.html", dress=lambda page: {"rows": page.rows},
    )  # fmt: skip


@require_safe
def today(request: PersonRequest, code: str) -> HttpResponseBase:
    """The day of one enterprise: its countdown, its workshops, the form, the announcement as it would read."""
    return record_view(request, DAY, code)


@require_http_methods(["GET", "HEAD", "POST"])
def act(request: PersonRequest, code: str, verb: str) -> HttpResponse:
    """Does one of `ACTS` about today (`act_view`)."""
    return act_view(request, DAY, code, verb)


@require_safe
def unit(request: PersonRequest, key: int) -> HttpResponseBase:
    """A workshop or a team: what it handed in, and handing in today's."""
    return record_view(request, UNIT, key)


@require_http_methods(["GET", "HEAD", "POST"])
def unit_act(request: PersonRequest, key: int, verb: str) -> HttpResponse:
    """Does one of `UNIT_ACTS` (`act_view`)."""
    return act_view(request, UNIT, key, verb)


@require_safe
def day(request: PersonRequest, key: int) -> HttpResponseBase:
    """One day of one enterprise with all its versions; with ``format`` (`FORMATS`) a document."""
    rows = Commitment.objects.select_related("enterprise")
    row: Commitment = access.find(request, rows, now=clock.now(), pk=key)
    versions = selectors.versions_of(row)
    if request.GET.get("format") in FORMATS:
        return answer(request, _document(row, versions), now=clock.now())
    rules = locality.rules_of_one(row.enterprise, row.day)
    context = {
        "row": row,
        "versions": list(reversed(versions)),
        "parts": _told(versions[-1].held if versions else row.held),
        "announcement": announcement(versions[-1]) if versions else None,
        "until": deadline(row.day, rules).at,
        "late": late_minutes(row.day, rules, row.first_at) if row.first_at else None,
        "on_time": row.first_at is not None and deadline(row.day, rules).met_by(row.first_at),
    }
    return render(request, "commitments/day.html", context)


@login_not_required
@require_safe
def board(request: HttpRequest, code: str) -> HttpResponse:
    """承诺公告, open to everybody: the latest text with its date, and no telephone (COM-10)."""
    found = selectors.board_of(code)
    if found is None:
        raise Http404(_("没有这家企业。"))
    enterprise, version = found
    here = request.build_absolute_uri(reverse("commitment-board", args=[enterprise.code]))
    context = {
        "enterprise": enterprise,
        "version": version,
        "announcement": announcement(version) if version is not None else None,
        "is_today": version is not None and version.commitment.day == civil_day(clock.now()),
        "today": civil_day(clock.now()),
        "qr": _qr(here),
    }
    return render(request, "commitments/board.html", context)


def _qr(address: str) -> str:
    import segno

    return str(segno.make(address, error="m").svg_inline(scale=4, dark="#17252a", light="#ffffff", border=2))


def _find(request: PersonRequest, code: str, now: datetime) -> Commitment:
    enterprise = access.find(request, Enterprise.objects.all(), now=now, owner=access.owner_of, code=code)
    return selectors.of_day(enterprise, civil_day(now))


def _page(request: PersonRequest, row: Commitment, by: Stand, bar: list[Offer], status: int) -> HttpResponse:
    now = clock.now()
    offers = {offer.verb: offer for offer in bar}
    shown = next((each for each in bar if each.is_open and each.act.form is DayForm), None)
    form = (shown or offers.get("commit") or offers.get("enter")) if offers else None
    rules = locality.rules_of_one(row.enterprise, row.day)
    versions = selectors.versions_of(row) if row.pk else []
    held = row.held
    principal = principal_of(row.enterprise, now)
    context = {
        "row": row,
        "enterprise": row.enterprise,
        "until": deadline(row.day, rules).at,
        "on_time": row.first_at is not None and deadline(row.day, rules).met_by(row.first_at),
        "late": late_minutes(row.day, rules, row.first_at) if row.first_at else None,
        "units": selectors.units_of(row.enterprise, row.day),
        "offer": form,
        "form": form.form if form is not None else None,
        "parts": _form_parts(form.form, proposed(row)) if form is not None else [],
        "proposed": proposed_as_shown(row) if form is not None else "",
        "told": _told(held),
        "open": sum(held[field.key] in (None, "") for field in SCHEMA.fields),
        "may_enter": offers.get("enter"),
        "may_commit": offers.get("commit"),
        "may_propose": offers.get("propose"),
        "number_proposed": len(proposed(row)) if "propose" in offers else 0,
        "bar": [offer for offer in bar if not offer.act.apart],
        "principal": principal,
        "acting_for": _acting_for(by, principal),
        "versions": list(reversed(versions)),
        "past": selectors.last_days(row.enterprise, row.day),
        "announcement": announcement(versions[-1]) if versions else None,
    }
    return render(request, "commitments/today.html", context, status=status)


def _acting_for(by: Stand, principal: Any) -> Any:
    mine = by.actor.person_id
    return principal.person if any(each.pk == mine for each in principal.acting) else None


def _form_parts(form: Any, told: dict[str, Proposal]) -> list[tuple[Any, list[tuple[Any, Any, Proposal | None]]]]:
    return [
        (part.title, [(field, form[field.key], told.get(field.key)) for field in part.fields]) for part in PARTS
    ]  # fmt: skip


def _told(held: dict[str, Any]) -> list[tuple[Any, list[tuple[str, str]]]]:
    return [
        (part.title, [(str(field.title), field.in_words(held[field.key]) or "—") for field in part.fields])
        for part in PARTS
    ]


def _document(row: Commitment, versions: list[Any]) -> Document:
    latest = versions[-1] if versions else None
    items = [
        (str(field.title), field.in_words(latest.held[field.key]) if latest is not None else "—")
        for field in SCHEMA.fields
    ]
    steps = [
        (each.at, _("第 %(n)s 版") % {"n": each.number}, each.actor_name,
         "；".join(f"{title}：{was} → {now}" for title, was, now in each.changes))
        for each in versions
    ]  # fmt: skip
    return Document(
        title=_("%(name)s %(day)s 安全风险研判与承诺公告") % {"name": row.enterprise.name, "day": row.day},
        facts=[(_("企业"), row.enterprise.name), (_("日期"), str(row.day)), *items],
        tables=[Table(_("版本"), (_("收到"), _("版本"), _("承诺人"), _("更正")), steps)],
        note="应急〔2018〕74号；数据质量管理办法 第七条",
    )


def _unit_page(request: PersonRequest, row: WorkUnit, by: Stand, bar: list[Offer], status: int) -> HttpResponse:
    handed = list(row.assessments.order_by("-at", "-pk")[:30])
    return render(request, "commitments/unit.html", {"unit": row, "handed": handed, "bar": bar}, status=status)


def _find_unit(request: PersonRequest, key: int, now: datetime) -> WorkUnit:
    rows = WorkUnit.objects.select_related("enterprise", "parent")
    found: WorkUnit = access.find(request, rows, now=now, pk=key)
    return found


DAY = Subject("commitment-today", ACTS, _find, _page, key=lambda row: row.enterprise.code)
UNIT = Subject("work-unit", UNIT_ACTS, _find_unit, _unit_page)
