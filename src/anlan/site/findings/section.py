"""问题 and 线索 in the house."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.site.findings.urls import urlpatterns
from anlan.site.section import Section

SECTIONS = (Section("findings", 70, _("问题"), urlpatterns),)
