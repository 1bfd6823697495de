"""规则库 in the house."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from anlan.pages.rulebook import views
from anlan.pages.section import Section

URLS = [
    path("rulebook/", views.numbers, name="rulebook"),
    path("rulebook/<str:key>/", views.number, name="rule"),
    path("rulebook/<str:key>/change/", views.change, name="rule-change"),
]

SECTIONS = (Section("rulebook", 150, _("规则库"), URLS),)
