"""Filings, shelvings and suppressions in the house: lists of the alarms, and what waits for a decision."""

from __future__ import annotations

from anlan.site.quieting.urls import urlpatterns
from anlan.site.quieting.waiting import waiting_for
from anlan.site.section import Section

SECTIONS = (Section("filings", 31, urls=urlpatterns, todo=waiting_for),)
