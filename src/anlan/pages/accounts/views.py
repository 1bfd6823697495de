"""Logging in, and changing one's own password; the other sessions of the log-in end with it."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from anlan import now as clock
from anlan.apps.accounts import guessing, services
from anlan.apps.accounts.hashing import TooBusy
from anlan.apps.accounts.models import User
from anlan.apps.accounts.selectors import nobody_yet
from anlan.apps.org.actor import of_user
from anlan.pages.accounts.forms import LoginForm


class Patient:
    """A view that checks passwords: told apart are too many tries (429) and too many people at this moment (503)."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            answer: HttpResponse = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
            return answer
        except guessing.TooMany as found:
            minutes = max(1, math.ceil((found.until - clock.now()) / timedelta(minutes=1)))
            page = render(request, "accounts/later.html", {"minutes": minutes}, status=429)
            page.headers["Retry-After"] = str(60 * minutes)
        except TooBusy:
            page = render(request, "accounts/later.html", status=503)
            page.headers["Retry-After"] = "5"
        return page


@method_decorator(login_not_required, name="dispatch")
class LogIn(Patient, LoginView):
    """Django's own view; what is ours is the brake, and that the device is known from then on.

    Whoever is logged in and asks for the form goes to their own page. What is handed in logs in whom it names: a form
    that stood open while somebody else logged in beside it must not go on as that other person.
    """

    template_name = "accounts/login.html"
    authentication_form = LoginForm
    extra_context = {"nobody_yet": nobody_yet}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated:
            return redirect(self.get_success_url())
        return super().get(request, *args, **kwargs)

    def get_redirect_url(self) -> str:
        """What was asked for before the log-in; the bare address asks nothing: it leads to the person's own page."""
        asked: str = super().get_redirect_url()
        return "" if asked == "/" else asked

    def form_valid(self, form: Any) -> HttpResponse:
        answer = super().form_valid(form)
        guessing.know_device(self.request, answer, form.get_user().get_username())
        return answer


class OwnPasswordForm(PasswordChangeForm):
    """The old password, and the new one twice."""

    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        self.fields["old_password"].label = _lazy("现在的密码")
        self.fields["new_password1"].label = _lazy("新密码")
        self.fields["new_password1"].help_text = _lazy("至少 8 位，不要与登录名相近，不要用常见密码。")
        self.fields["new_password2"].label = _lazy("再输一遍")

    def clean_old_password(self) -> str:
        """Counts the try before the password is looked at: a session left open is no place to guess."""
        taken = guessing.take({f"own password {self.user.pk}": guessing.OWN_PASSWORD}, clock.now())
        try:
            old = super().clean_old_password()
        except TooBusy:
            taken.give_back()
            raise
        taken.give_back()
        return str(old)


class ChangePassword(Patient, PasswordChangeView):
    """Django's own view; what is ours is that this session goes on under the limits and every other one ends.

    Whoever changes the first password stands at the door: a page without the shell,
    and from it goes where a log-in leads.
    """

    template_name = "accounts/password.html"
    form_class = OwnPasswordForm
    success_url = reverse_lazy("password")

    def get_template_names(self) -> list[str]:
        user = self.request.user
        is_first = isinstance(user, User) and user.password_is_first
        return ["accounts/own_first.html" if is_first else self.template_name]

    def form_valid(self, form: Any) -> HttpResponse:
        now = clock.now()
        if form.user.password_is_first:
            self.success_url = reverse_lazy(settings.LOGIN_REDIRECT_URL)
        form.user.password_is_first = False
        answer = super().form_valid(form)
        services.end_visits(form.user, by=of_user(form.user), at=now)
        key = self.request.session.session_key
        if key is not None:
            services.begin_visit(form.user, key, now, self.request.META.get("REMOTE_ADDR"))
        messages.info(self.request, _("密码已修改，其他地方的登录都已退出。"))
        return answer
