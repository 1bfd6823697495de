"""The limits of one point as a form: the same columns as in the register workbook."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from anlan.apps.enrolment.services import sheet_named
from anlan.apps.registry.models import Point
from anlan.apps.registry.services import LIMITS
from anlan.pages.acting import ActForm, words_field

MANDATORY = ("deadband", "on_delay_s", "off_delay_s", "no_data_s")


class LimitsForm(ActForm):
    """Limits, deadband and delays; an empty limit is none. What is illogical the register refuses in its words."""

    def __init__(self, *args: Any, point: Point, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for column in sheet_named("点位").columns:
            if column.key in LIMITS and column.kind == "number":
                self.fields[column.key] = forms.FloatField(
                    label=column.title, required=column.key in MANDATORY, initial=getattr(point, column.key),
                    help_text=point.unit if column.key not in MANDATORY and column.key != "flatline_s" else "",
                    error_messages={"required": _("须填写；没有延时填 0"), "invalid": _("须是数")},
                    widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"}),
                )  # fmt: skip
        self.fields["reason"] = words_field(_("理由"), 2, 200, _("必填，与改动一起留档"))

    def wanted(self) -> dict[str, Any]:
        """What is asked for, by column."""
        return {name: value for name, value in self.cleaned_data.items() if name != "reason"}
