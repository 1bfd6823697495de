"""运行状态 in the house."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.site.operations.urls import urlpatterns
from anlan.site.section import Section

SECTIONS = (Section("operations", 160, _("运行状态"), urlpatterns),)
