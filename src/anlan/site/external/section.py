"""外部预警 in the house."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.site.external.urls import urlpatterns
from anlan.site.section import Section

SECTIONS = (Section("external", 110, _("外部预警"), urlpatterns),)
