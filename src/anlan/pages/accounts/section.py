"""Log-ins and passwords in the house."""

from __future__ import annotations

from django.contrib.auth import views as auth
from django.urls import path

from anlan.pages.accounts.views import ChangePassword, LogIn
from anlan.pages.section import Section

URLS = [
    path("login/", LogIn.as_view(), name="login"),
    path("password/", ChangePassword.as_view(), name="password"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
]

SECTIONS = (Section("login", 25, urls=URLS),)
