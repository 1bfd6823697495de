"""登记 in the house."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.site.registry.urls import urlpatterns
from anlan.site.section import Section

SECTIONS = (Section("register", 140, _("登记"), urlpatterns, is_shown=lambda shell: shell.may_register),)
