"""推演 in the house."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.site.drills.urls import urlpatterns
from anlan.site.section import Section

SECTIONS = (Section("drills", 130, _("推演"), urlpatterns),)
