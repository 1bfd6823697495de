"""数据质量 in the house."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from anlan.pages.quality import views
from anlan.pages.section import Section

URLS = [
    path("quality/", views.every, name="quality"),
    path("quality/<str:code>/", views.enterprise, name="quality-of"),
]

SECTIONS = (Section("quality", 44, _("数据质量"), URLS),)
