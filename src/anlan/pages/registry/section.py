"""登记 in the house."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from anlan.pages.registry import views
from anlan.pages.section import Section

URLS = [
    path("register/", views.register, name="register"),
    path("register/template/", views.template, name="register-template"),
    path("register/export/", views.export, name="register-export"),
    path("register/key/", views.gateway_key, name="register-key"),
    path("register/<int:pk>/", views.handed, name="register-handed"),
]

SECTIONS = (Section("register", 140, _("登记"), URLS, is_shown=lambda shell: shell.may_register),)
