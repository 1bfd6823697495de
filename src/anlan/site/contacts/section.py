"""Contacts in the house."""

from __future__ import annotations

from anlan.site.contacts.urls import urlpatterns
from anlan.site.section import Section

SECTIONS = (Section("my-contacts", 61, urls=urlpatterns),)
