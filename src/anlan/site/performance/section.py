"""Alarm performance in the house."""

from __future__ import annotations

from anlan.site.performance.urls import urlpatterns
from anlan.site.section import Section

SECTIONS = (Section("performance", 32, urls=urlpatterns),)
