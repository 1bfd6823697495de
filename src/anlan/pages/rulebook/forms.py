"""The form by which a number is changed: its value field follows the kind of the number. Judged by the rules alone."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from anlan.components.moments import Day
from anlan.rules.rulebook import Entry, Kind, Stricter, Value


def may_change(entry: Entry) -> bool:
    """Whether a page can offer to change the number: not those that nobody may move, nor open lists of names."""
    if entry.system_wide or entry.stricter is Stricter.FIXED:
        return False
    return not isinstance(entry.value, tuple) or bool(entry.choices)


class RuleForm(forms.Form):
    """A new value with its effective date, its document and, where it loosens, the waiver."""

    use_required_attribute = False

    def __init__(self, entry: Entry, today: date, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        tomorrow = today + timedelta(days=1)
        self.fields["value"] = _value_field(entry)
        self.fields["effective_from"] = Day(
            label=_("生效日期"),
            initial=tomorrow,
            help_text=_("最早为明日：今天和以前的结果仍按原来的数。"),
            widget=forms.DateInput(attrs={"type": "date", "min": tomorrow.isoformat()}, format="%Y-%m-%d"),
        )
        self.fields["effective_to"] = Day(
            label=_("失效日期"),
            required=False,
            help_text=_("最后有效的一天；不填为一直有效。"),
            widget=forms.DateInput(attrs={"type": "date", "min": tomorrow.isoformat()}, format="%Y-%m-%d"),
        )
        needed = entry.kind is Kind.REGULATION
        self.fields["document"] = forms.CharField(
            label=_("依据文件"),
            max_length=120,
            required=False,
            help_text=_("文号与名称，必填。") if needed else _("可不填。"),
        )
        if needed:
            self.fields["waiver"] = forms.CharField(
                label=_("放宽批准文件"),
                max_length=120,
                required=False,
                help_text=_("只在比上级放宽时填写，写明批准的文件。"),
            )

    def value(self) -> Value:
        """The value as the rules know it; call after `is_valid`."""
        given: int | str | list[str] = self.cleaned_data["value"]
        if isinstance(given, list):
            return tuple(given)
        return given == "true" if isinstance(self.fields["value"], _YesNo) else given


class _YesNo(forms.ChoiceField):
    """是 or 否, to be chosen and never assumed."""


def _value_field(entry: Entry) -> forms.Field:
    label, value = _("取值（%(unit)s）") % {"unit": entry.unit}, entry.value
    if isinstance(value, bool):
        return _YesNo(label=label, choices=[("true", _("是")), ("false", _("否"))], initial=str(value).lower())
    if isinstance(value, int):
        return forms.IntegerField(label=label, initial=value)
    if isinstance(value, tuple):
        return forms.MultipleChoiceField(
            label=label, choices=_choices(entry), initial=list(value), widget=forms.CheckboxSelectMultiple
        )
    if entry.choices:
        return forms.ChoiceField(label=label, choices=_choices(entry), initial=value)
    return forms.CharField(label=label, initial=value, max_length=5, widget=forms.TextInput(attrs={"type": "time"}))


def _choices(entry: Entry) -> list[tuple[str, str]]:
    return list(zip(entry.choices, entry.choice_labels, strict=True))
