"""总览 and 值守大屏 in the house."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from anlan.pages.overview import views
from anlan.pages.section import Section

SECTIONS = (
    Section("overview", 10, _("总览"), urls=[path("", views.overview, name="overview")]),
    Section("wall", 120, _("值守大屏"), urls=[path("wall/", views.wall, name="wall")]),
)
