"""统计 in the house."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.site.section import Section
from anlan.site.statistics.urls import urlpatterns

SECTIONS = (Section("statistics", 80, _("统计"), urlpatterns),)
