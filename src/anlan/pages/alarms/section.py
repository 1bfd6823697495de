"""报警 in the house."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from anlan.pages.alarms import views
from anlan.pages.section import Section

URLS = [
    path("alarms/", views.alarms, name="alarms"),
    path("alarms/acknowledge/", views.acknowledge, name="alarms-acknowledge"),
    path("alarms/acknowledge/all/", views.acknowledge_all, name="alarms-acknowledge-all"),
]

SECTIONS = (Section("alarms", 30, _("报警"), URLS, count=lambda shell: shell.uncleared_alarms, is_live=True),)
