"""问题 and 线索 in the house."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from anlan.pages.findings import clues, views
from anlan.pages.section import Section

URLS = [
    path("clues/", clues.clues, name="clues"),
    path("clues/<int:pk>/", clues.clue, name="clue"),
    path("findings/", views.findings, name="findings"),
    path("findings/<int:pk>/", views.finding, name="finding"),
    path("findings/<int:pk>/<slug:verb>/", views.act, name="finding-act"),
]

SECTIONS = (Section("findings", 70, _("问题"), URLS),)
