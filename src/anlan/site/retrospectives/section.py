"""追溯记录 in the house."""

from __future__ import annotations

from anlan.site.retrospectives.urls import urlpatterns
from anlan.site.section import Section

SECTIONS = (Section("retrospectives", 51, urls=urlpatterns),)
