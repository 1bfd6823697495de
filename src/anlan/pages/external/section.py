"""外部预警 in the house."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from anlan.pages.external import views
from anlan.pages.section import Section

URLS = [
    path("external/", views.alerts, name="external"),
    path("external/refused/", views.refused, name="external-refused"),
    path("external/<int:key>/", views.alert, name="external-alert"),
    path("api/v1/cap/", views.take, name="cap"),
]

SECTIONS = (Section("external", 110, _("外部预警"), URLS),)
