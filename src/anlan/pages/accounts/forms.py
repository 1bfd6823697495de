"""The log-in form, in our words."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext_lazy as _

from anlan import now as clock
from anlan.apps.accounts import guessing
from anlan.apps.accounts.hashing import TooBusy


class LoginForm(AuthenticationForm):
    """Name and password. What is wrong is never told apart: neither names nor passwords can be guessed by asking."""

    error_messages = {
        "invalid_login": _("登录名或密码不对。请核对后再试，注意大小写。"),
        "inactive": _("登录名或密码不对。请核对后再试，注意大小写。"),
    }
    username = forms.SlugField(
        label=_("登录名"),
        error_messages={"required": _("请输入登录名"), "invalid": _("登录名只含字母、数字、短横线")},
        widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True, "autocapitalize": "none"}),
    )
    password = forms.CharField(
        label=_("密码"),
        strip=False,
        error_messages={"required": _("请输入密码")},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""

    def clean(self) -> dict[str, Any]:
        """Counts the try before the password is looked at; one that succeeds, or was never looked at, is given back."""
        name, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if not name or not password or self.request is None:
            return dict(super().clean())
        taken = guessing.take(guessing.limits_of(self.request, name), clock.now())
        try:
            cleaned = super().clean()
        except TooBusy:
            taken.give_back()
            raise
        taken.give_back()
        return dict(cleaned)
