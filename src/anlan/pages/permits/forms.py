"""Forms of a work and of what was told in a work group. What is refused is refused by the services, in their words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from anlan.apps.files.services import Received
from anlan.apps.permits.form import WORK
from anlan.apps.permits.services import Relayed
from anlan.components.moments import Moment
from anlan.pages.acting import ActForm, Attempt, field_of, words_field
from anlan.pages.files.field import files_field
from anlan.pages.ledgers.forms import drawn
from anlan.rules.calendar import CIVIL_ZONE


class WorkForm(ActForm):
    """The fields of `form.WORK`, and the workshop or team that the work is in."""

    unit = forms.TypedChoiceField(label=_("车间或班组"), required=False, coerce=int, empty_value=None)

    def __init__(self, *args: Any, units: Iterable[tuple[int, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in WORK.fields:
            self.fields[field.key] = drawn(field)
        field_of(self, "unit", forms.TypedChoiceField).choices = [("", _("不填")), *units]
        keys = [field.key for field in WORK.fields]
        self.order_fields(["reporter", "reported_at", *keys[:4], "unit", *keys[4:], "files"])


class RelayForm(ActForm):
    """Who told it, when, and the picture of it."""

    reporter = forms.CharField(label=_("报告人"), max_length=60, required=False)
    reported_at = Moment(
        label=_("报告时间"), required=False, help_text=_("群里报告的时刻，北京时间；是否按时看它"),
        error_messages={"invalid": _("请填写年月日和时分")},
    )  # fmt: skip
    files = files_field(_("群里报告的图片"))  # type: ignore[assignment]  # a field: Django takes it off the class

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["files"].help_text = _("须附群消息的截图或照片")

    def clean_reported_at(self) -> datetime | None:
        at = self.cleaned_data["reported_at"]
        return at.replace(tzinfo=CIVIL_ZONE) if at is not None else None


class RelayWorkForm(RelayForm, WorkForm):
    """A work as it was told."""


class EndForm(ActForm):
    text = words_field(_("说明"), 2, 200, _("开始之前取消的，须写明原因"))


def relayed(attempt: Attempt, files: Sequence[Received]) -> Relayed:
    """What a `RelayForm` says, as the services take it."""
    return Relayed(attempt.text("reporter"), attempt.values.get("reported_at"), files)
