"""The form of a schema: what is typed goes to the service as it is; what that refuses comes back beside the fields."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _

from anlan.apps.ledgers.kinds import Ledger, Step
from anlan.pages.acting import ActForm, words_field
from anlan.schema import Field


def drawn(field: Field, choices: Iterable[tuple[str, str]] = ()) -> forms.Field:
    """The form field of a declared one; ``choices`` are the records that a ``ref`` may name."""
    told: dict[str, Any] = {"label": field.title, "required": False, "help_text": _help(field)}
    known = list(choices) or [(value, str(label)) for value, label in field.choices]
    if field.kind == "flag":
        known = [("是", _("是")), ("否", _("否"))]
    if field.kind == "choices":
        return forms.MultipleChoiceField(choices=known, widget=forms.CheckboxSelectMultiple, **told)
    if known:
        blank = [("", _("请选择"))] if field.required or field.ref else [("", _("不填"))]
        return forms.CharField(widget=forms.Select(choices=blank + known), **told)
    attributes = {"maxlength": field.longest, **({"inputmode": "decimal"} if field.kind in ("number", "whole") else {})}
    match field.kind:
        case "words":
            widget: forms.Widget = forms.Textarea(attrs={"rows": 3, "maxlength": field.longest})
        case "day":
            widget = forms.TextInput(attrs={"type": "date"})
        case "moment":
            widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        case "phone" | "desk":
            widget = forms.TextInput(attrs={"inputmode": "tel", "maxlength": 40})
        case _:
            widget = forms.TextInput(attrs=attributes)
    return forms.CharField(widget=widget, **told)


def _help(field: Field) -> str:
    """What it means, in which unit, and that it may not be left out."""
    parts = [str(field.meaning), field.unit, "" if field.required else _("可不填")]
    return " · ".join(part for part in parts if part)


class EntryForm(ActForm):
    """The fields of an entry. ``seen`` is the number of the last step that its editor was shown."""

    declared: tuple[Field, ...] = ()
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, sources: Iterable[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = list(sources)
        for field in self.declared:
            self.fields[field.key] = drawn(field, known if field.ref else ())
        self.order_fields([*(field.key for field in self.declared), "text", "seen"])

    def clean(self) -> dict[str, Any] | None:
        """Leaves what was typed as it is. What goes on to be judged, and is refused, is shown with the other's change:
        sent again, it is sent with that in view."""
        if isinstance(self.data, QueryDict) and "seen" in self.initial and not self.errors:
            self.data = self.data.copy()
            self.data["seen"] = self.initial["seen"]
        return super().clean()

    def typed(self) -> dict[str, Any]:
        """What was typed, by the keys of the schema."""
        return {field.key: self.cleaned_data.get(field.key) for field in self.declared}


def form_of(ledger: Ledger) -> type[EntryForm]:
    """The form of a whole entry."""
    return type("EntryOf", (EntryForm,), {"declared": ledger.schema.fields})


def form_of_step(ledger: Ledger, step: Step) -> type[EntryForm]:
    """The form of one step: the fields that it asks for anew, and its few words."""
    declared = tuple(ledger.schema[key] for key in step.fields)
    own: dict[str, Any] = {"text": words_field(step.words)} if step.words else {}
    return type("StepOf", (EntryForm,), {"declared": declared, **own})
