"""Alarm performance in the house."""

from __future__ import annotations

from django.urls import path

from anlan.pages.performance import views
from anlan.pages.section import Section

URLS = [
    path("alarms/performance/", views.alarm_performance, name="performance"),
]

SECTIONS = (Section("performance", 32, urls=URLS),)
