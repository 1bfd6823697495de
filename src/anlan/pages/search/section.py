"""Search in the house."""

from __future__ import annotations

from django.urls import path

from anlan.pages.search import views
from anlan.pages.section import Section

SECTIONS = (Section("search", 16, urls=[path("search/", views.search, name="search")]),)
