"""辨识与分级 in the house."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.urls import path, reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from anlan.apps.accounts import selectors as entitlements
from anlan.apps.accounts.models import User
from anlan.apps.identification import kinds, selectors
from anlan.apps.identification.entitled import ACCEPTERS
from anlan.apps.identification.models import Identification
from anlan.apps.obligations import selectors as obligations
from anlan.apps.org.actor import of_user
from anlan.apps.org.scope import Scope
from anlan.apps.org.stand import STAFF
from anlan.declared import Kind
from anlan.pages.identification import views
from anlan.pages.section import Section, Waiting
from anlan.rules.calendar import civil_day

AHEAD = timedelta(days=60)
"""How long before its day an identification is asked for anew."""
SHOWN = 20
"""Lines of each sort on 我的待办; the list has them all."""

URLS = [
    path("identifications/", views.every, name="identifications"),
    path("identifications/new/", views.new, name="identification-new"),
    path("identifications/<int:pk>/", views.one, name="identification"),
    path("identifications/<int:pk>/<slug:verb>/", views.act, name="identification-act"),
]


def _todo(user: User, scope: Scope, now: datetime) -> list[Waiting]:
    found = []
    if mine := entitlements.enterprises_of(user, now, STAFF):
        waiting = selectors.to_review(scope, mine).exclude(made_by_id=of_user(user).id)[:SHOWN]
        found += [_waiting(row, _t("辨识待审核"), row.made_at, _t("去审核"), "confirm") for row in waiting]
        again = selectors.to_do_again(scope, mine, civil_day(now) + AHEAD)[:SHOWN]
        filing = selectors.to_file(selectors.identifications_visible(scope).filter(enterprise__in=mine))[:SHOWN]
        found += _owed(list(again), kinds.AGAIN, _t("须在期限内重新辨识"), now)
        found += _owed(list(filing), kinds.FILING, _t("须向县（化工园区）备案"), now)
    if agencies := entitlements.agencies_of(user, now, ACCEPTERS):
        rows = selectors.to_file(selectors.near(scope, agencies))[:SHOWN]
        found += [_waiting(row, _t("重大危险源待备案"), row.decided_at, _t("登记备案"), "file") for row in rows]
    return found


def _waiting(row: Identification, what: str, since: Any, words: str, verb: str) -> Waiting:
    where = reverse("identification", args=[row.pk])
    return Waiting(what, row.unit, row.concludes, row.enterprise, since, where, words, verb)


def _owed(rows: list[Identification], kind: Kind, says: str, now: datetime) -> list[Waiting]:
    """What the enterprise itself owes, with the instant until when."""
    due = obligations.owed_by_subject([row.about for row in rows], kind)
    return [
        Waiting(
            kind.label, f"{row.unit} {row.concludes}", row.asked_again or says, row.enterprise, due[row.about].due_at,
            reverse("identification", args=[row.pk]), _t("去看"), "", due_at=due[row.about].due_at,
            overdue=due[row.about].due_at <= now, late=_("逾期"),
        )
        for row in rows
        if row.about in due
    ]  # fmt: skip


SECTIONS = (Section("identifications", 46, _("辨识与分级"), URLS, todo=_todo),)
