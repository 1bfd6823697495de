"""测点 in the house."""

from __future__ import annotations

from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _

from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import Point
from anlan.components.filters import begins, holds
from anlan.pages.points import views
from anlan.pages.search.bounds import MOST
from anlan.pages.section import Hit, Hits, Section


def _search(scope: Scope, words: str) -> list[Hits]:
    rows = Point.objects.visible_to(scope).filter(holds("name", words) | begins("code", words) | holds("tag", words))
    # as they lie: in the order of codes the database would jump about in the table
    rows = rows.select_related("enterprise", "device").order_by("pk")
    hits = [
        Hit(f"{row.tag} {row.name}", f"{row.enterprise.name} · {row.device.name}", reverse("point", args=[row.code]))
        for row in rows[:MOST]
    ]
    return [Hits(_("指标"), hits)]


URLS = [
    path("points/", views.points, name="points"),
    path("points/trends/", views.trends, name="points-trends"),
    path("points/<str:code>/", views.point, name="point"),
]

SECTIONS = (Section("points", 50, _("测点"), URLS, search=_search),)
