"""The form of the day: every item empty until somebody types it, and the workshops that the principal acknowledges."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from anlan.apps.commitments.form import SCHEMA
from anlan.apps.commitments.models import RISKS
from anlan.pages.acting import ActForm, field_of, words_field
from anlan.pages.ledgers.forms import drawn

ANSWERS = [("是", _("是")), ("否", _("否"))]


class DayForm(ActForm):
    """All items of `form.SCHEMA`; ``seen`` is the number of the last change that the editor was shown."""

    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)
    proposed = forms.CharField(required=False, widget=forms.HiddenInput)
    """What the page showed as proposed, as `acts.shown_as_proposed` reads it."""
    taken_at = forms.DateTimeField(required=False, widget=forms.HiddenInput)
    knows = forms.TypedMultipleChoiceField(
        label=_("承诺人知悉"), required=False, coerce=int, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, missing: Iterable[tuple[int, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in SCHEMA.fields:
            if field.kind in ("flag", "choice"):
                choices = ANSWERS if field.kind == "flag" else [(words, words) for _, words in field.choices]
                self.fields[field.key] = forms.ChoiceField(
                    label=field.title, required=False, choices=choices, widget=forms.RadioSelect
                )
            else:
                self.fields[field.key] = drawn(field)
            self.fields[field.key].help_text = field.meaning
        field_of(self, "knows", forms.TypedMultipleChoiceField).choices = list(missing)

    def typed(self) -> dict[str, Any]:
        """What was typed, by the keys of the items."""
        return {field.key: self.cleaned_data.get(field.key) for field in SCHEMA.fields}


class AssessForm(ActForm):
    """What a team or a workshop hands in."""

    risk = forms.ChoiceField(label=_("今日风险等级"), required=False, choices=RISKS, widget=forms.RadioSelect)
    risks = words_field(_("今日风险"), most=1000, help_text=_("没有填“无”"))
    measures = words_field(_("管控措施"), most=1000, help_text=_("没有填“无”"))


class UnitForm(ActForm):
    """A workshop, or a team of one."""

    name = forms.CharField(label=_("名称"), max_length=60, required=False)
    workshop = forms.TypedChoiceField(label=_("所属车间"), required=False, coerce=int, empty_value=None)

    def __init__(self, *args: Any, workshops: Iterable[tuple[int, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        blank = [("", _("不选：它自己是车间"))]
        field_of(self, "workshop", forms.TypedChoiceField).choices = [*blank, *workshops]
