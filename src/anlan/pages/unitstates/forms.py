"""Forms of a declared change of a unit. What is refused is refused by the services, in their words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from anlan.apps.unitstates.models import Change
from anlan.components.moments import Moment
from anlan.components.wording import Words
from anlan.pages.acting import ActForm, field_of, words_field
from anlan.rules.calendar import CIVIL_ZONE


class _When(Moment):
    """An instant of the civil clock."""

    def __init__(self, label: Words, help_text: Words = "") -> None:
        words = {"invalid": _("请填写年月日和时分")}
        super().__init__(label=label, required=False, help_text=help_text or _("北京时间"), error_messages=words)

    def clean(self, value: Any) -> datetime | None:
        at = super().clean(value)
        return at.replace(tzinfo=CIVIL_ZONE) if at is not None else None


class ChangeForm(ActForm):
    unit = forms.ChoiceField(label=_("装置或车间"), required=False)
    change = forms.ChoiceField(label=_("事项"), required=False, choices=Change.choices, widget=forms.RadioSelect)
    begins_at = _When(_("开始"))
    ends_at = _When(_("预计完成"), _("可不填"))
    reason = words_field(_("说明"), 2, 200, _("可不填"))

    def __init__(self, *args: Any, units: Iterable[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field_of(self, "unit", forms.ChoiceField).choices = [("", _("请选择")), *units]


class DoneForm(ActForm):
    ended_at = _When(_("完成时间"), _("不填就是现在"))
