"""装置开停车与检修 in the house."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from anlan.pages.section import Section
from anlan.pages.unitstates import views

URLS = [
    path("unit-states/", views.every, name="unit-states"),
    path("unit-states/new/", views.new, name="unit-state-new"),
    path("unit-states/<int:pk>/", views.one, name="unit-state"),
    path("unit-states/<int:pk>/<slug:verb>/", views.act, name="unit-state-act"),
]
SECTIONS = (Section("unit-states", 45, _("开停车与检修"), URLS),)
