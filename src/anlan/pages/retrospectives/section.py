"""追溯记录 in the house."""

from __future__ import annotations

from django.urls import path

from anlan.pages.retrospectives import views
from anlan.pages.section import Section

URLS = [
    path("alarms/late/", views.retrospectives, name="retrospectives"),
]

SECTIONS = (Section("retrospectives", 51, urls=URLS),)
