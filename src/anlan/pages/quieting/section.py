"""Filings, shelvings and suppressions in the house: lists of the alarms, and what waits for a decision."""

from __future__ import annotations

from django.urls import path

from anlan.pages.quieting import shelve, views
from anlan.pages.quieting.waiting import waiting_for
from anlan.pages.section import Section

URLS = [
    path("alarms/filings/", views.matters, {"kind": "filing"}, name="filings"),
    path("alarms/filings/new/", views.new_filing, name="filing-new"),
    path("alarms/filings/<int:pk>/", views.matter, {"kind": "filing"}, name="filing"),
    path("alarms/filings/<int:pk>/<slug:verb>/", views.matter_act, {"kind": "filing"}, name="filing-act"),
    path("alarms/shelvings/", views.matters, {"kind": "shelving"}, name="shelvings"),
    path("alarms/shelve/", shelve.shelve, name="shelve"),
    path("alarms/shelvings/<int:pk>/", views.matter, {"kind": "shelving"}, name="shelving"),
    path("alarms/shelvings/<int:pk>/<slug:verb>/", views.matter_act, {"kind": "shelving"}, name="shelving-act"),
    path("alarms/suppressions/", views.matters, {"kind": "suppression"}, name="suppressions"),
    path("alarms/suppressions/new/", views.new_suppression, name="suppression-new"),
    path("alarms/suppressions/<int:pk>/", views.matter, {"kind": "suppression"}, name="suppression"),
    path(
        "alarms/suppressions/<int:pk>/<slug:verb>/", views.matter_act, {"kind": "suppression"}, name="suppression-act"
    ),
]

SECTIONS = (Section("filings", 31, urls=URLS, todo=waiting_for),)
