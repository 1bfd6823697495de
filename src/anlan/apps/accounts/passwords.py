"""Rules of passwords in our words, where Django has none in Chinese."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.password_validation import MinimumLengthValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


class LongEnough(MinimumLengthValidator):
    """A password has at least ``min_length`` characters."""

    def get_error_message(self) -> str:
        return _("密码太短，至少 %(n)d 位。") % {"n": self.min_length}


class NotTheNameAgain:
    """A password is not the log-in name over again: what is left without it must be long enough to guess at."""

    LEFT = 4

    def validate(self, password: str, user: Any = None) -> None:
        """Raises ValidationError when hardly anything is left of ``password`` without the name of ``user``."""
        name = str(getattr(user, "username", "") or "").lower()
        if len(name) >= 2 and name in password.lower() and len(password.lower().replace(name, "")) < self.LEFT:
            raise ValidationError(self.get_help_text(), code="password_is_the_name")

    def get_help_text(self) -> str:
        return _("密码不能只是登录名的重复或加几个字符。")
