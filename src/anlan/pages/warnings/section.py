"""预警 in the house."""

from __future__ import annotations

from django.db.models import Q
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _

from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import HazardSource
from anlan.apps.warnings.models import Warning
from anlan.components.filters import holds
from anlan.pages.search.bounds import MOST
from anlan.pages.section import Hit, Hits, Section
from anlan.pages.warnings import neglected, views


def _named(scope: Scope, words: str) -> str:
    row = Warning.objects.visible_to(scope).filter(number__in={words, words.upper()}).order_by("pk").first()
    return reverse("warning", args=[row.number]) if row is not None else ""


def _search(scope: Scope, words: str) -> list[Hits]:
    named = HazardSource.objects.visible_to(scope).filter(holds("name", words)).values("pk")
    rows = Warning.objects.visible_to(scope).filter(holds("number", words) | Q(source__in=named))
    hits = [
        Hit(
            row.enterprise.name, f"{row.source.name} · {row.number}", reverse("warning", args=[row.number]),
            row.opened_at, row.shown_level, row.cleared_at is not None,
        )
        for row in rows.select_related("enterprise", "source")[:MOST]
    ]  # fmt: skip
    return [Hits(_("预警"), hits)]


SECTIONS = (
    Section(
        "warnings", 20, _("预警"), count=lambda shell: shell.open_warnings, is_live=True, search=_search, opens=_named,
        urls=[
            path("warnings/", views.warnings, name="warnings"),
            path("warnings/neglected/", neglected.neglected, name="neglected"),
            path("warnings/<str:number>/", views.dossier, name="warning"),
            path("warnings/<str:number>/read/", views.read, name="warning-read"),
            path("warnings/<str:number>/<slug:verb>/", views.act, name="warning-act"),
        ],
    ),
)  # fmt: skip
