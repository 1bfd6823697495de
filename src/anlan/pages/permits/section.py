"""特殊作业 in the house."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.urls import path, reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from anlan.apps.accounts import selectors as entitlements
from anlan.apps.accounts.models import User
from anlan.apps.obligations import selectors as obligations
from anlan.apps.org.models import Role
from anlan.apps.org.scope import Scope
from anlan.apps.org.stand import HANDLERS, STAFF
from anlan.apps.permits import selectors
from anlan.apps.permits.kinds import REPORT
from anlan.apps.permits.models import DayReport
from anlan.pages.permits import views
from anlan.pages.section import Section, Waiting

SHOWN = 20
"""Lines of each sort on 我的待办; the list has them all."""

URLS = [
    path("special-work/", views.days, name="special-work"),
    path("special-work/works/", views.works, name="special-works"),
    path("special-work/works/<int:pk>/", views.work, name="special_work"),
    path("special-work/works/<int:pk>/<slug:verb>/", views.work_act, name="special_work-act"),
    path("special-work/days/<int:pk>/", views.report, name="special_work_day"),
    path("special-work/days/<int:pk>/<slug:verb>/", views.report_act, name="special_work_day-act"),
    path("special-work/<str:code>/", views.today, name="special-today"),
    path("special-work/<str:code>/<slug:verb>/", views.today_act, name="special-today-act"),
]


def _todo(user: User, scope: Scope, now: datetime) -> list[Waiting]:
    """What the enterprise owes and has to answer; what its county or park has to check."""
    found = []
    if mine := entitlements.enterprises_of(user, now, (Role.PRINCIPAL, Role.SAFETY_OFFICER)):
        found += [_owed(row) for row in obligations.owed_by(mine, [str(REPORT)], now)[:SHOWN]]
    if staff := entitlements.enterprises_of(user, now, STAFF):
        rows = selectors.to_answer(scope, staff)[:SHOWN]
        found += [_about(row, row.note, row.decided_at, _t("说明情况"), "answer") for row in rows]
    if agencies := entitlements.agencies_of(user, now, HANDLERS):
        rows = selectors.to_check(scope, agencies)[:SHOWN]
        found += [_about(row, _said(row), row.reported_at, _t("去核查"), "check") for row in rows]
    return found


def _owed(row: Any) -> Waiting:
    return Waiting(
        REPORT.label, _t("%(day)s 特殊作业报告") % {"day": row.payload["turn"]}, _t("没有特殊作业的，报“无”"),
        row.enterprise, row.due_at, reverse("special-today", args=[row.enterprise.code]), _("去报告"), "",
        due_at=row.due_at, overdue=row.state == "overdue", late=_("逾期未报"),
    )  # fmt: skip


def _about(row: DayReport, says: str, since: Any, words: str, verb: str) -> Waiting:
    title = _t("%(day)s 特殊作业报告") % {"day": row.day}
    where = reverse("special_work_day", args=[row.pk])
    return Waiting(REPORT.label, title, says, row.enterprise, since, where, words, verb)


def _said(row: DayReport) -> str:
    return _t("报“无”") if row.nothing else _t("报告人 %(name)s") % {"name": row.reporter}


SECTIONS = (Section("special-work", 45, _("特殊作业"), URLS, todo=_todo),)
