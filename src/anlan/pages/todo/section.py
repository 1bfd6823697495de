"""我的待办 in the house."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from anlan.pages.section import Section
from anlan.pages.todo import views
from anlan.pages.warnings import views as warnings

SECTIONS = (
    Section(
        "todo", 60, _("我的待办"), count=lambda shell: shell.asked, is_live=True,
        urls=[
            path("home/", views.home, name="home"),
            path("todo/", views.todo, name="todo"),
            path("todo/read/<int:key>/", views.read, name="todo-read"),
            path("todo/<str:number>/report/", warnings.report, name="todo-report"),
        ],
    ),
)  # fmt: skip
