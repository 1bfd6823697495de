"""变更申请 in the house."""

from __future__ import annotations

from datetime import datetime

from django.urls import path, reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from anlan.apps.accounts import selectors as entitlements
from anlan.apps.accounts.models import User
from anlan.apps.changes.entitled import DECIDERS
from anlan.apps.changes.selectors import changes_to_decide
from anlan.apps.org.actor import of_user
from anlan.apps.org.scope import Scope
from anlan.pages.changes import views
from anlan.pages.changes.listing import summary
from anlan.pages.section import Section, Waiting

SHOWN = 20
"""Requests on 我的待办; the list has them all."""


def _waiting(user: User, scope: Scope, now: datetime) -> list[Waiting]:
    agencies = entitlements.agencies_of(user, now, DECIDERS)
    if not agencies:
        return []
    rows = changes_to_decide(scope, agencies).exclude(asked_by_id=of_user(user).id)
    return [
        Waiting(
            _t("变更申请待决定"), summary(row), row.reason, row.enterprise, row.asked_at,
            reverse("change", args=[row.pk]), _t("去决定"), "approve", until=row.expires_at,
        )
        for row in rows[:SHOWN]
    ]  # fmt: skip


URLS = [
    path("changes/", views.changes, name="changes"),
    path("changes/history/", views.revisions, name="revisions"),
    path("changes/<int:pk>/", views.change, name="change"),
    path("changes/<int:pk>/<slug:verb>/", views.act, name="change-act"),
    path("points/<str:code>/limits/", views.limits, name="point-limits"),
]

SECTIONS = (Section("changes", 45, _("变更申请"), URLS, todo=_waiting),)
