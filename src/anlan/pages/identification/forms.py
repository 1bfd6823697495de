"""The inventory of a unit as a form: one line a substance, and always some empty lines more."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from anlan.apps.identification.models import KINDS, Why
from anlan.apps.identification.services import MOST
from anlan.components.moments import Day
from anlan.pages.acting import ActForm, words_field

SPARE = 4
"""Empty lines after those that are filled in."""
NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?")
LINE = re.compile(r"(?:name|most|symbols)_(\d{1,3})")


class UnitForm(ActForm):
    """``lines`` are filled in before anything is typed."""

    unit = forms.CharField(
        label=_("单元"), max_length=60, required=False, help_text=_("罐区以防火堤、仓库以独立建筑、装置以切断阀为界")
    )
    kind = forms.ChoiceField(label=_("单元类别"), required=False, choices=KINDS, widget=forms.RadioSelect)
    why = forms.ChoiceField(label=_("为什么辨识"), required=False, choices=Why.choices)
    exposed = forms.IntegerField(
        label=_("常住人口数"), required=False, min_value=0, max_value=100_000_000,
        help_text=_("厂区边界外 500 米范围内；没有人填 0"),
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )  # fmt: skip
    amounts = forms.Field(label=_("物质"), required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, lines: Sequence[Mapping[str, Any]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        filled = len(lines)
        if self.is_bound:
            typed = [int(told[1]) for key in self.data if (told := LINE.fullmatch(key)) and self.data[key]]
            filled = max(typed, default=-1) + 1
        for number in range(min(filled, MOST) + SPARE):
            line = lines[number] if number < len(lines) else {}
            most, symbols = line.get("design_max_t", ""), " ".join(line.get("symbols", ()))
            self.fields[f"name_{number}"] = _text(_("物质"), 60, line.get("name", ""), list="substances")
            self.fields[f"most_{number}"] = _text(_("设计最大量（吨）"), 26, most, inputmode="decimal")
            self.fields[f"symbols_{number}"] = _text(_("符号"), 40, symbols, list="symbols")

    @property
    def lines(self) -> list[list[forms.BoundField]]:
        """The lines as the page draws them."""
        numbers = [name.removeprefix("name_") for name in self.fields if name.startswith("name_")]
        return [[self[f"{part}_{number}"] for part in ("name", "most", "symbols")] for number in numbers]

    @property
    def above(self) -> list[forms.BoundField]:
        """What is asked once a unit."""
        return [self[name] for name in ("unit", "kind", "why", "exposed")]

    def clean(self) -> dict[str, Any]:
        """Puts the lines together; a line that is half filled in is refused beside itself."""
        found = super().clean() or self.cleaned_data
        amounts = []
        for name in [each for each in self.fields if each.startswith("name_")]:
            number = name.removeprefix("name_")
            told = [unicodedata.normalize("NFKC", str(found.get(f"{part}_{number}") or "")).strip()
                    for part in ("name", "most", "symbols")]  # fmt: skip
            if not any(told):
                continue
            if not told[0]:
                self.add_error(name, _("请填写物质的名称、别名或 CAS 号"))
            elif NUMBER.fullmatch(told[1]) is None:
                self.add_error(f"most_{number}", _("请填写设计最大量，是吨数，如 20 或 0.75"))
            else:
                symbols = [each for each in re.split(r"[\s,，、;；]+", told[2].upper()) if each]
                amounts.append({"name": told[0], "design_max_t": told[1], "symbols": symbols})
        found["amounts"] = amounts
        return found


def _text(label: Any, most: int, initial: Any, **attributes: Any) -> forms.CharField:
    widget = forms.TextInput(attrs={"maxlength": most, **attributes})
    return forms.CharField(label=label, max_length=most, required=False, initial=initial, widget=widget)


class LinkForm(ActForm):
    """Which source of the register the unit is."""

    source = forms.CharField(label=_("登记的危险源"), required=False)

    def __init__(self, *args: Any, sources: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["source"].widget = forms.Select(choices=[("", _("没有对应的")), *sources])


class FilingForm(ActForm):
    """Number and day of the filing."""

    filed_no = forms.CharField(label=_("备案编号"), max_length=60, required=False)
    filed_on = Day(
        label=_("备案日期"), required=False, widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": _("请填写日期，如 2026-03-01")},
    )  # fmt: skip


class AgainForm(ActForm):
    """What has changed."""

    why = forms.ChoiceField(
        label=_("情形"), required=False, choices=[each for each in Why.choices if each[0] not in (Why.FIRST, Why.AGE)]
    )
    text = words_field(_("什么变了"), most=180)
