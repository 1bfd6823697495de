"""推演 in the house."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from anlan.pages.drills import views
from anlan.pages.section import Section

URLS = [
    path("drills/", views.drills, name="drills"),
    path("drills/upload/", views.upload, name="drill-upload"),
    path("drills/runs/<int:pk>/", views.run, name="drill-run"),
    path("drills/<slug:key>/", views.drill, name="drill"),
]

SECTIONS = (Section("drills", 130, _("推演"), URLS),)
