"""报警 in the house."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.site.alarms.urls import urlpatterns
from anlan.site.section import Section

SECTIONS = (Section("alarms", 30, _("报警"), urlpatterns, count=lambda shell: shell.uncleared_alarms, is_live=True),)
