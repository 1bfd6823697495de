"""台账 in the house: one section for all ledgers, however many are declared."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.urls import path, reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from anlan import now as clock
from anlan.apps.accounts import selectors as entitlements
from anlan.apps.accounts.models import User
from anlan.apps.ledgers import selectors
from anlan.apps.ledgers.kinds import ledgers
from anlan.apps.org.scope import Scope
from anlan.components.filters import holds
from anlan.pages.ledgers import views
from anlan.pages.search.bounds import MOST
from anlan.pages.section import Hit, Hits, Section, Waiting
from anlan.rules.calendar import civil_day

SHOWN = 20
"""Entries on the to-do page; the lists have them all."""


def _search(scope: Scope, words: str) -> list[Hits]:
    rows = selectors.entries_visible(scope).filter(holds("name", words)).order_by("pk")
    hits = [
        Hit(row.name, f"{row.kept_in.title} · {row.enterprise.name}", reverse("entry", args=[row.pk]))
        for row in rows[:MOST]
    ]
    return [Hits(_("台账"), hits)]


def _todo(user: User, scope: Scope, now: datetime) -> list[Waiting]:
    """What is overdue or falls due soon, for those who keep it in the enterprise."""
    roles = frozenset().union(*(each.keepers for each in ledgers()))
    mine = entitlements.enterprises_of(user, now, roles)
    if not mine:
        return []
    found = [_turn(row) for row in selectors.owed(mine, now)[:SHOWN]]
    for row in selectors.falling_due(scope, mine, civil_day(now))[:SHOWN]:
        due = row.kept_in.due
        if due is None or row.due_on is None:
            continue
        says = _t("%(ledger)s · 到 %(day)s 为止") % {"ledger": row.kept_in.title, "day": row.due_on}
        verb = next((verb for verb, step in row.kept_in.steps.items() if due.field in step.fields), "change")
        found.append(
            Waiting(
                due.kind.label, row.name, says, row.enterprise, row.changed_at,
                reverse("ledger-entry", args=[row.ledger, row.pk]), _("去办理"), verb,
                overdue=row.overdue_at is not None, late=_("已过期"),
            )
        )  # fmt: skip
    return found


def _turn(row: Any) -> Waiting:
    """One turn of a ledger that is yet to be kept."""
    ledger = next(each for each in ledgers() if each.every is not None and each.every.kind == row.kind)
    return Waiting(
        row.get_kind_display(), f"{ledger.title} {row.payload['turn']}", str(ledger.about), row.enterprise,
        min(row.due_at, clock.now()), f"{reverse('entry-new', args=[ledger.key])}?enterprise={row.enterprise.code}",
        _("去登记"), "", due_at=row.due_at, overdue=row.state == "overdue", late=_("已过期"),
    )  # fmt: skip


URLS = [
    path("ledgers/", views.every, name="ledgers"),
    path("ledgers/entries/<int:pk>/", views.entry_named, name="entry"),
    path("ledgers/<slug:ledger>/", views.entries, name="entries"),
    path("ledgers/<slug:ledger>/new/", views.new, name="entry-new"),
    path("ledgers/<slug:ledger>/<int:pk>/", views.entry, name="ledger-entry"),
    path("ledgers/<slug:ledger>/<int:pk>/<slug:verb>/", views.act, name="ledger-entry-act"),
]

SECTIONS = (Section("ledgers", 75, _("台账"), URLS, search=_search, todo=_todo),)
