"""Addresses of logging in and out."""

from django.contrib.auth import views as auth
from django.urls import path

from anlan.apps.accounts.forms import LoginForm
from anlan.apps.accounts.selectors import nobody_yet
from anlan.apps.accounts.views import ChangePassword

urlpatterns = [
    path(
        "login/",
        auth.LoginView.as_view(
            template_name="accounts/login.html",
            authentication_form=LoginForm,
            redirect_authenticated_user=True,
            extra_context={"nobody_yet": nobody_yet},
        ),
        name="login",
    ),
    path("password/", ChangePassword.as_view(), name="password"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
]
