"""Views of the rulebook: the list, one number, and changing it in two steps."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from anlan import now as clock
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.accounts.selectors import stand
from anlan.apps.org import access
from anlan.apps.registry.models import Enterprise
from anlan.apps.rulebook import selectors, services
from anlan.apps.rulebook.entitled import may_refine
from anlan.components.answers import whole_or_part
from anlan.components.export import sheet_of
from anlan.components.lists import Column
from anlan.pages.rulebook.forms import RuleForm, may_change
from anlan.pages.rulebook.reading import FLAGS, RulesAsked, documents, read, rows, versions
from anlan.refused import Refused
from anlan.rules import calendar, rulebook
from anlan.rules.grading import load_model
from anlan.rules.rulebook import Entry, Override, RefinementRefused

COLUMNS = [
    Column("document", _("规定"), lambda row: row.entry.document),
    Column("article", _("条文"), lambda row: row.entry.article),
    Column("title", _("名称"), lambda row: row.entry.title),
    Column("says", _("要求（我们的概述）"), lambda row: row.entry.says),
    Column("value", _("取值"), lambda row: row.entry.value_text),
    Column("flag", _("性质"), lambda row: row.entry.flag),
    Column("source", _("来源"), lambda row: row.entry.source),
    Column("where", _("由谁细化"), lambda row: row.where),
    Column("since", _("有效期"), lambda row: row.since),
    Column("shipped", _("规定的数或默认值"), lambda row: row.shipped.value_text),
    Column("may", _("地方可改为"), lambda row: row.entry.may_become),
    Column("planned", _("已定的变更"), lambda row: row.planned_text),
    Column("waits", _("等待的功能"), lambda row: row.entry.waits_for),
    Column("key", _("键"), lambda row: row.entry.key),
]


def asked_by(request: PersonRequest, now: datetime) -> RulesAsked:
    """What the address asks for, in the reader's scope."""
    query = {name: request.GET.get(name, "") for name in ("at", "on", "q", "flag", "law")}
    return read(query, request.scope, calendar.civil_day(now))


@require_safe
def numbers(request: PersonRequest) -> HttpResponseBase:
    """规则库: every number at a place on a day, by regulation and article; a page, its rows alone, or a workbook."""
    now = clock.now()
    asked = asked_by(request, now)
    rules = selectors.rules_at(asked.place.path, asked.on)
    found = rows(asked, rules)
    if request.GET.get("format") == "xlsx":
        return sheet_of(request, COLUMNS, found, title=_("规则库"), now=now, asked=_words(asked))
    laws = [(law, [row for row in found if row.entry.document == law]) for law in documents()]
    context = {
        "asked": asked,
        "laws": [(law, lines) for law, lines in laws if lines],
        "model": load_model(rules) if not _narrowed(asked) else None,
        "count": len(found),
        "documents": documents(),
        "flags": FLAGS,
        "here": here(asked),
        "export": f"{request.path}?{urlencode({**_parameters(request), 'format': 'xlsx'})}",
        "is_filtered": _narrowed(asked),
    }
    return whole_or_part(request, "rulebook/list.html", "rulebook/_rows.html", context)


def _narrowed(asked: RulesAsked) -> bool:
    return bool(asked.words or asked.flag or asked.document)


def _parameters(request: PersonRequest) -> dict[str, str]:
    return {name: value for name, value in request.GET.dict().items() if value and name != "format"}


def here(asked: RulesAsked) -> str:
    """The place and the day as a query string, to be carried along; empty where they are the reader's usual ones."""
    given = {"at": asked.place.code, "on": asked.on.isoformat() if asked.on != asked.today else ""}
    return urlencode({name: value for name, value in given.items() if value})


def _words(asked: RulesAsked) -> list[str]:
    words = [f"{_('地区')}：{asked.place.name}", f"{_('所查日期')}：{asked.on.isoformat()}"]
    named = ((_("搜索"), asked.words), (_("性质"), asked.flag), (_("规定"), asked.document))
    return words + [f"{name}：{value}" for name, value in named if value]


@require_safe
def number(request: PersonRequest, key: str) -> HttpResponse:
    """One number: its words, what counts at the place on the day, its history, and the form for the entitled."""
    now = clock.now()
    asked = asked_by(request, now)
    return render(request, "rulebook/number.html", _number(request, asked, _entry(asked, key), now))


def _entry(asked: RulesAsked, key: str) -> Entry:
    entry = selectors.rules_at(asked.place.path, asked.on).entries.get(key)
    if entry is None:
        raise Http404(_("没有这条规定或设定。"))
    return entry


def _number(request: PersonRequest, asked: RulesAsked, entry: Entry, now: datetime, **more: Any) -> dict[str, Any]:
    agency = asked.place.agency
    may = agency is not None and may_refine(stand(request.user, agency, now), agency) and may_change(entry)
    history = selectors.history(asked.place.path, entry.key)
    mine = [row for row in history if row.agency.code == asked.place.code]
    return {
        "asked": asked,
        "entry": entry,
        "shipped": rulebook.book().shipped(entry.key, asked.on),
        "where": asked.place.name_of(entry.locality) if entry.locality else "",
        "versions": versions(asked, entry.key, history),
        "here": here(asked),
        "form": RuleForm(entry, asked.today, auto_id="rule_%s") if may else None,
        "can_withdraw": may and bool(mine) and mine[-1].value is not None,
        "can_be_changed": may_change(entry),
    } | more


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: PersonRequest, key: str) -> HttpResponse:
    """Change a number of the place: first the effect is shown, then it is confirmed. 403 (journaled) for others.

    Reading the address leads to the number and changes nothing. A form that cannot stand comes back with the reason.
    """
    now = clock.now()
    asked = asked_by(request, now)
    entry = _entry(asked, key)
    agency = asked.place.agency
    back = f"{reverse('rule', args=[key])}?{here(asked)}"
    if request.method != "POST" or agency is None:
        if request.method == "POST":
            messages.error(request, _("没有改动：您现在看不到要更改的地区。"))
        return redirect(back)
    by = stand(request.user, agency, now)
    access.require(may_refine(by, agency), agency, by=by, words=_("只有本地区或上级的管理员能更改规则库。"))
    withdraw = "withdraw" in request.POST
    form = RuleForm(entry, asked.today, request.POST, auto_id="rule_%s")
    if withdraw:
        form.fields.pop("value")
    if not may_change(entry) or not form.is_valid():
        return render(request, "rulebook/number.html", _number(request, asked, entry, now, form=form), status=422)
    given = form.cleaned_data
    wanted = Override(
        key,
        None if withdraw else form.value(),
        agency.code,
        given["effective_from"],
        given["effective_to"],
        given["document"],
        given.get("waiver", ""),
    )
    verdict = services.judge(agency, wanted, now)
    if "confirm" in request.POST:
        try:
            _enter(request, asked, wanted, now)
        except Refused as refused:
            verdict = RefinementRefused(rulebook.Reason(refused.reason), refused.detail)
        else:
            messages.info(request, _("已录入，%(day)s 起生效。") % {"day": wanted.effective_from.isoformat()})
            return redirect(back)
    if isinstance(verdict, RefinementRefused):
        form.add_error(None, verdict.detail)
        return render(request, "rulebook/number.html", _number(request, asked, entry, now, form=form), status=422)
    context = _effect(request, asked, wanted, verdict.entry) | {"posted": _posted(request), "withdraw": withdraw}
    return render(request, "rulebook/confirm.html", context)


def _enter(request: PersonRequest, asked: RulesAsked, wanted: Override, now: datetime) -> None:
    assert asked.place.agency is not None
    services.refine(
        asked.place.agency,
        wanted,
        by=stand(request.user, asked.place.agency, now),
        at=now,
    )


def _effect(request: PersonRequest, asked: RulesAsked, wanted: Override, after: Entry) -> dict[str, Any]:
    """What the change comes to: before and after on its first day, whom it concerns, what below it stands or falls."""
    day: date = wanted.effective_from
    path = asked.place.path
    concerned = Enterprise.objects.visible_to(request.scope).filter(supervisor__path__startswith=path, is_active=True)
    below = selectors.below(path, wanted.key, day)
    judged = [(row, rulebook.judge(after, row.override(row.agency.code))) for row in below]
    return {
        "asked": asked,
        "wanted": wanted,
        "before": selectors.rules_at(path, day).entry(wanted.key),
        "after": after,
        "enterprises": concerned.count(),
        "overtaken": [row for row, verdict in judged if isinstance(verdict, RefinementRefused)],
        "standing": [row for row, verdict in judged if not isinstance(verdict, RefinementRefused)],
        "here": here(asked),
    }


def _posted(request: PersonRequest) -> list[tuple[str, str]]:
    """The fields as they were sent, to be sent again with the confirmation."""
    names = ("value", "effective_from", "effective_to", "document", "waiver")
    return [(name, value) for name in names for value in request.POST.getlist(name)]
