"""Log-ins and passwords in the house."""

from __future__ import annotations

from anlan.site.accounts.urls import urlpatterns
from anlan.site.section import Section

SECTIONS = (Section("login", 25, urls=urlpatterns),)
