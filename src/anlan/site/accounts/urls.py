"""Addresses of logging in and out."""

from django.contrib.auth import views as auth
from django.urls import path

from anlan.site.accounts.views import ChangePassword, LogIn

urlpatterns = [
    path("login/", LogIn.as_view(), name="login"),
    path("password/", ChangePassword.as_view(), name="password"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
]
