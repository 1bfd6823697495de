"""Pages of the clues (线索): the list, and one clue with its evidence. For agencies alone; nothing is judged here."""

from __future__ import annotations

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from anlan import now as clock
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.enrolment.loosening import changes_of
from anlan.apps.enrolment.sheets import SHEETS
from anlan.apps.findings import kinds, selectors
from anlan.apps.findings.models import Clue, ClueState
from anlan.apps.findings.services import digest_of
from anlan.apps.org import access
from anlan.components.answers import list_view
from anlan.components.filters import Choice, Days, Exact, Text, equals
from anlan.components.lists import Column, Listing

CLUES = Listing(
    columns=[
        Column("text", _("线索"), lambda row: row.text),
        Column("kind", _("类型"), lambda row: row.get_kind_display(), ("kind",)),
        Column("enterprise", _("企业"), lambda row: row.enterprise.name, ("enterprise__code",)),
        Column("label", _("依据"), lambda row: row.label, ("label",)),
        Column("state", _("状态"), lambda row: row.get_state_display(), ("state",)),
        Column("found", _("发现"), lambda row: row.found_at, ("found_at",), descending_first=True),
        Column("sha256", _("证据指纹"), lambda row: row.sha256, on_page=False),
    ],
    filters=[
        Text("q", _("内容、企业"), ["text", "enterprise__name"]),
        Choice("state", _("状态"), ClueState.choices, equals("state")),
        Choice("kind", _("类型"), lambda: list(kinds.CLUES), equals("kind")),
        Days("from", _("发现日期"), "found_at"),
        Exact("enterprise", _("企业"), "enterprise__code", lambda row: row.enterprise.name),
    ],
    order="-found",
)


def _agencies_only(request: PersonRequest) -> None:
    if request.scope.is_enterprise:
        raise Http404


@require_safe
def clues(request: PersonRequest) -> HttpResponseBase:
    """Every clue in scope, newest first; a page, its rows alone, or a workbook. 404 from inside an enterprise."""
    _agencies_only(request)
    rows = selectors.clues_visible(request.scope)
    return list_view(
        request, CLUES, rows, title=_t("线索"), whole="findings/clues.html", part="findings/_clues.html"
    )  # fmt: skip


@require_safe
def clue(request: PersonRequest, pk: int) -> HttpResponse:
    """One clue: what was changed, by whom, when, and whether its fingerprint still fits the evidence. 404 and a
    journal entry when out of scope, and from inside the enterprise that it is about."""
    row: Clue = access.find(request, Clue.objects.select_related("enterprise", "finding"), now=clock.now(), pk=pk)
    context = {
        "clue": row,
        "changes": changes_of(row.evidence, SHEETS),
        "who": row.evidence.get("actor_name") or str(row.evidence.get("actor", "")),
        "intact": digest_of(row.evidence) == row.sha256,
    }
    return render(request, "findings/clue.html", context)
