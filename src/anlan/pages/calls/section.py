"""The calls of new warnings in the house."""

from __future__ import annotations

from django.urls import path

from anlan.pages.calls import views
from anlan.pages.section import Section

SECTIONS = (Section("calls", 15, urls=[path("calls/", views.calls, name="calls")]),)
