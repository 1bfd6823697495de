"""规则库 in the house."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.site.rulebook.urls import urlpatterns
from anlan.site.section import Section

SECTIONS = (Section("rulebook", 150, _("规则库"), urlpatterns),)
