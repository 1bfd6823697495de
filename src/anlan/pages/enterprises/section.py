"""企业 in the house, with their hazard sources."""

from __future__ import annotations

from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _

from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import Enterprise, HazardSource
from anlan.components.filters import begins, holds
from anlan.pages.enterprises import views
from anlan.pages.search.bounds import MOST
from anlan.pages.section import Hit, Hits, Section


def _search(scope: Scope, words: str) -> list[Hits]:
    name = holds("name", words) | begins("code", words)
    enterprises = Enterprise.objects.visible_to(scope).filter(name | holds("short_name", words)).order_by("code")
    sources = HazardSource.objects.visible_to(scope).filter(name).select_related("enterprise")
    return [
        Hits(
            _("企业"), [Hit(row.name, row.code, reverse("enterprise", args=[row.code])) for row in enterprises[:MOST]]
        ),
        Hits(
            _("危险源"),
            [
                Hit(row.name, f"{row.enterprise.name} · {row.code}", reverse("enterprise", args=[row.enterprise.code]))
                for row in sources[:MOST]
            ],
        ),
    ]


URLS = [
    path("enterprises/", views.enterprises, name="enterprises"),
    path("enterprises/<str:code>/", views.enterprise, name="enterprise"),
]

SECTIONS = (Section("enterprises", 40, _("企业"), URLS, count=lambda shell: shell.enterprises, search=_search),)
