"""Changing one's own password; the other sessions of the log-in end with it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpResponse
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from anlan import now as clock
from anlan.apps.accounts import services


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


class ChangePassword(PasswordChangeView):
    """Django's own view; what is ours is that this session goes on under the limits and every other one ends."""

    template_name = "accounts/password.html"
    form_class = OwnPasswordForm
    success_url = reverse_lazy("password")

    def form_valid(self, form: Any) -> HttpResponse:
        now = clock.now()
        answer = super().form_valid(form)
        services.end_visits(form.user, actor=f"user:{form.user.get_username()}", at=now)
        key = self.request.session.session_key
        if key is not None:
            services.begin_visit(form.user, key, now, self.request.META.get("REMOTE_ADDR"))
        messages.info(self.request, _("密码已修改，其他地方的登录都已退出。"))
        return answer
