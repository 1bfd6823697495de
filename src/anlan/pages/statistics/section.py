"""统计 in the house."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from anlan.pages.section import Section
from anlan.pages.statistics import views

URLS = [
    path("statistics/", views.statistics, name="statistics"),
    path("statistics/<slug:metric>/", views.facts, name="statistics-facts"),
]

SECTIONS = (Section("statistics", 80, _("统计"), URLS),)
