"""Rules of passwords in our words, where Django has none in Chinese."""

from __future__ import annotations

from django.contrib.auth.password_validation import MinimumLengthValidator
from django.utils.translation import gettext as _


class LongEnough(MinimumLengthValidator):
    """A password has at least ``min_length`` characters."""

    def get_error_message(self) -> str:
        return _("密码太短，至少 %(n)d 位。") % {"n": self.min_length}
