"""附件 in the house: reached from the record that they belong to."""

from __future__ import annotations

from django.urls import path

from anlan.pages.files import views
from anlan.pages.section import Section

URLS = [
    path("files/<int:pk>/", views.file, name="file"),
    path("files/<int:pk>/content/", views.content, name="file-content"),
    path("files/<int:pk>/<slug:verb>/", views.act, name="file-act"),
]

SECTIONS = (Section("file", 75, urls=URLS),)
