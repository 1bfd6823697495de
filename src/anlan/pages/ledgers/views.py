"""Pages of every ledger: all of them, one as a list, a new entry, one entry with its steps, and the acts."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from anlan import now as clock
from anlan.apps.accounts import selectors as entitlements
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.files.selectors import of_subject
from anlan.apps.ledgers import selectors, services
from anlan.apps.ledgers.kinds import Ledger, ledger_of, ledgers
from anlan.apps.ledgers.models import LedgerEntry
from anlan.apps.org import access
from anlan.apps.org.stand import Stand
from anlan.apps.registry.models import Enterprise
from anlan.components.answers import list_view
from anlan.components.documents import FORMATS, Document, Table, answer
from anlan.components.lists import Page
from anlan.pages.acting import Offer, Subject, act_view, record_view, say_refused
from anlan.pages.ledgers.acts import acts_of, needs_of
from anlan.pages.ledgers.forms import form_of
from anlan.pages.ledgers.listing import Reads, cells, listing_of, reads_of
from anlan.refused import Refused


def _ledger(key: str) -> Ledger:
    try:
        return ledger_of(key)
    except KeyError:
        raise Http404(_("没有这本台账。")) from None


@require_safe
def every(request: PersonRequest) -> HttpResponse:
    """台账: every ledger with how many entries the reader sees in it, and how many are overdue."""
    told = selectors.counts(request.scope)
    rows = [(each, told.get(each.key, {"number": 0, "overdue": 0})) for each in ledgers()]
    return render(request, "ledgers/every.html", {"rows": rows})


@require_safe
def entries(request: PersonRequest, ledger: str) -> HttpResponseBase:
    """One ledger: every entry in scope, what is due first on top; a page, its rows alone, or a workbook."""
    kept = _ledger(ledger)
    listing = listing_of(kept, reads_of(request, kept))

    def dress(page: Page) -> dict[str, Any]:
        shown = [each for each in listing.columns if each.on_page]
        return {
            "ledger": kept,
            "rows": [(row, cells(shown, row, own=request.scope.is_enterprise)) for row in page.rows],
            "may_add": bool(_kept_by(request, kept)),
        }

    return list_view(
        request, listing, selectors.entries_visible(request.scope, kept), title=str(kept.title),
        whole="ledgers/list.html", part="ledgers/_rows.html", dress=dress,
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: PersonRequest, ledger: str) -> HttpResponse:
    """Add an entry for an enterprise whose ledger the person keeps (``enterprise`` in the address where several)."""
    kept, now = _ledger(ledger), clock.now()
    mine = _kept_by(request, kept)
    asked = request.GET.get("enterprise", "")
    if asked:
        enterprise = access.find(request, Enterprise.objects.all(), now=now, owner=access.owner_of, code=asked)
    elif mine:
        enterprise = mine[0]
    else:
        raise PermissionDenied(_("您的角色不能登记这本台账。"))
    by = entitlements.stand(request.user, enterprise, now)
    access.require(by.holds(*kept.keepers), enterprise, by=by)
    entry = LedgerEntry(ledger=kept.key, enterprise=enterprise)
    needs = needs_of(kept, entry, kept.schema.by_key)
    form = form_of(kept)(request.POST or None, **needs)
    if request.method == "POST" and form.is_valid():
        try:
            row = services.add(kept, enterprise, form.typed(), by=by, at=now)
        except Refused as refused:
            say_refused(form, refused)
        else:
            messages.info(request, _("已登记。"))
            return redirect("ledger-entry", kept.key, row.pk)
    context = {"ledger": kept, "enterprise": enterprise, "others": mine, "form": form}
    return render(request, "ledgers/new.html", context, status=422 if form.errors else 200)


@require_safe
def entry(request: PersonRequest, ledger: str, pk: int) -> HttpResponseBase:
    """One entry: its fields, its steps, the acts open to the reader; with ``format`` (`FORMATS`) a document."""
    if request.GET.get("format") in FORMATS:
        row = _look_up(request, (ledger, pk), clock.now())
        return answer(request, _document(row, reads_of(request, row.kept_in)), now=clock.now())
    return record_view(request, subject_of(ledger), (ledger, pk))


@require_safe
def entry_named(request: PersonRequest, pk: int) -> HttpResponse:
    """An entry by its key alone, as its files and the journal name it: leads to its page. 404 when out of scope."""
    row: LedgerEntry = access.find(request, LedgerEntry.objects.select_related("enterprise"), now=clock.now(), pk=pk)
    return redirect("ledger-entry", row.ledger, row.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def act(request: PersonRequest, ledger: str, pk: int, verb: str) -> HttpResponse:
    """Do one of the acts of the ledger (`act_view`)."""
    return act_view(request, subject_of(ledger), (ledger, pk), verb)


def _look_up(request: PersonRequest, key: tuple[str, int], now: datetime) -> LedgerEntry:
    """The entry with what its page shows; 404 and a journal entry when out of scope."""
    ledger, pk = key
    rows = LedgerEntry.objects.select_related("enterprise", "source").prefetch_related("steps")
    found: LedgerEntry = access.find(request, rows, now=now, pk=pk, ledger=_ledger(ledger).key)
    return found


def _page(request: PersonRequest, row: LedgerEntry, by: Stand, bar: list[Offer], status: int) -> HttpResponse:
    ledger = row.kept_in
    context = {
        "ledger": ledger,
        "entry": row,
        "facts": _facts(row, reads_of(request, ledger)),
        "steps": list(row.steps.all()),
        "files": of_subject(request.scope, row.about),
        "bar": bar,
        "document": reverse("ledger-entry", args=[ledger.key, row.pk]),
    }
    return render(request, "ledgers/entry.html", context, status=status)


@cache
def subject_of(ledger: str) -> Subject:
    """What acts on entries of one ledger are about."""
    return Subject(
        "ledger-entry", acts_of(_ledger(ledger)), _look_up, _page, key=lambda row: (row.ledger, row.pk),
    )  # fmt: skip


def _facts(row: LedgerEntry, reads: Reads) -> list[tuple[str, str]]:
    held = row.held
    told = []
    for each in row.kept_in.schema.fields:
        words = each.in_words(held[each.key])
        if not reads(each, row):
            words = _("（无权查看）")
        elif each.ref and row.source is not None:
            words = f"{words} {row.source.name}"
        told.append((str(each.title), words))
    return [(title, value or "—") for title, value in told]


def _document(row: LedgerEntry, reads: Reads) -> Document:
    """The entry as it is printed or sent: what it says, and every step."""
    ledger = row.kept_in
    steps = [
        (step.at, step.title, step.actor_name, step.text or "；".join(f"{t}：{new}" for t, _old, new in step.told))
        for step in row.steps.all()
    ]
    head = [(_("企业"), row.enterprise.name), (_("状态"), row.get_state_display())]
    return Document(
        title=f"{ledger.title} · {row.name}",
        facts=[*head, *_facts(row, reads)],
        tables=[Table(_("经过"), (_("时间"), _("事项"), _("经办"), _("内容")), steps)],
        note=str(ledger.article),
    )


def _kept_by(request: PersonRequest, ledger: Ledger) -> list[Enterprise]:
    """The enterprises whose ledger the person keeps as one of its own people."""
    mine = entitlements.enterprises_of(request.user, clock.now(), ledger.keepers)
    return list(Enterprise.objects.visible_to(request.scope).filter(pk__in=mine).order_by("code"))
