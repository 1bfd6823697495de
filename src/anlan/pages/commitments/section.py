"""安全承诺 and 重点关注 in the house."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.urls import path, reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from anlan.apps.accounts import selectors as entitlements
from anlan.apps.accounts.models import User
from anlan.apps.commitments.entitled import principals_of
from anlan.apps.commitments.kinds import COMMIT
from anlan.apps.obligations import selectors as obligations
from anlan.apps.org.models import Role
from anlan.apps.org.scope import Scope
from anlan.apps.org.stand import STAFF
from anlan.pages.commitments import views
from anlan.pages.section import Section, Waiting

URLS = [
    path("commitments/", views.days, name="commitments"),
    path("commitments/watched/", views.watched, name="watched"),
    path("commitments/weeks/", views.weeks, name="commitment-weeks"),
    path("commitments/day/<int:key>/", views.day, name="commitment"),
    path("commitments/unit/<int:key>/", views.unit, name="work-unit"),
    path("commitments/unit/<int:key>/<slug:verb>/", views.unit_act, name="work-unit-act"),
    path("commitments/<str:code>/", views.today, name="commitment-today"),
    path("commitments/<str:code>/<slug:verb>/", views.act, name="commitment-today-act"),
    path("board/<str:code>/", views.board, name="commitment-board"),
]


def _todo(user: User, scope: Scope, now: datetime) -> list[Waiting]:
    """The commitment of the day, for those who enter or make it."""
    mine = entitlements.enterprises_of(user, now, STAFF)
    if not mine:
        return []
    entering = entitlements.enterprises_of(user, now, (Role.PRINCIPAL, Role.SAFETY_OFFICER))
    rows = obligations.owed_by(mine, [str(COMMIT)], now)
    principals = principals_of([row.enterprise for row in rows], now)
    return [
        _waiting(row)
        for row in rows
        if row.enterprise_id in entering or user.person_id in {p.pk for p in principals[row.enterprise_id].all}
    ]


def _waiting(row: Any) -> Waiting:
    says = _t("主要负责人或其代理人承诺；是否按时，以平台收到时刻为准")
    return Waiting(
        COMMIT.label, _t("%(day)s 安全承诺") % {"day": row.payload["turn"]}, says, row.enterprise, row.due_at,
        reverse("commitment-today", args=[row.enterprise.code]), _("填写与承诺"), "commit", due_at=row.due_at,
        overdue=row.state == "overdue", late=_("逾期未承诺"),
    )  # fmt: skip


SECTIONS = (Section("commitments", 45, _("安全承诺"), URLS, todo=_todo),)
