"""Contacts in the house."""

from __future__ import annotations

from django.urls import path

from anlan.pages.contacts import demo, views
from anlan.pages.section import Section

URLS = [
    path("demo/phone/", demo.phone, name="demo-phone"),
    path("me/contacts/", views.mine, name="my-contacts"),
    path("me/contacts/<slug:verb>/", views.act, name="my-contacts-act"),
]

SECTIONS = (Section("my-contacts", 61, urls=URLS),)
