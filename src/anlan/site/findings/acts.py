"""What a person may do about a finding: one table of acts, each a form and a service.

The enterprise rectifies; duty officers, handlers and approvers of an agency assign, verify and close. Nothing here
decides whether a step is due; the services do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from anlan.apps.findings import services
from anlan.apps.findings.entitled import may_rectify, may_supervise
from anlan.apps.findings.models import Finding, FindingState
from anlan.apps.org.stand import Stand
from anlan.components.moments import Moment
from anlan.rules.calendar import CIVIL_ZONE
from anlan.rules.patrol import RECTIFICATION_LABELS, Rectification


class FindingForm(forms.Form):
    """Labels above the fields, no colon; what is mandatory is judged by the services."""

    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)


def _text(label: Any, rows: int = 3) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=500, required=False, widget=forms.Textarea(attrs={"rows": rows, "maxlength": 500})
    )


class _Limit(FindingForm):
    due_at = Moment(
        label=_("整改时限"),
        required=False,
        help_text=_("北京时间；不填则按本地设定的时限"),
    )

    def clean_due_at(self) -> datetime | None:
        at = self.cleaned_data["due_at"]
        return at.replace(tzinfo=CIVIL_ZONE) if at is not None else None


class AssignForm(_Limit):
    how = forms.ChoiceField(
        label=_("整改方式"),
        choices=[(str(kind), words) for kind, words in RECTIFICATION_LABELS.items()],
        initial=str(Rectification.IMMEDIATE),
        widget=forms.RadioSelect,
    )
    measures = _text(_("整改前的管控措施"), 2)
    text = _text(_("要求"), 2)
    field_order = ("how", "measures", "due_at", "text")


class SendBackForm(_Limit):
    text = _text(_("退回原因"))
    field_order = ("text", "due_at")


class WordsForm(FindingForm):
    text = _text(_("情况"))


class RectifyForm(FindingForm):
    text = _text(_("整改情况"))


class VerifyForm(FindingForm):
    text = _text(_("核验情况"))


@dataclass(frozen=True)
class Act:
    """A step: its words, its form, from which states it leads on, who takes it, and what is done."""

    title: Any
    done: Any
    form: type[FindingForm]
    states: tuple[FindingState, ...]
    may: Callable[[Stand, Finding], bool]
    perform: Callable[[Finding, Stand, datetime, dict[str, Any]], Any]

    def open_to(self, by: Stand, finding: Finding) -> bool:
        return finding.state in self.states and self.may(by, finding)


ACTS: dict[str, Act] = {
    "assign": Act(
        _("交办"), _("已交办，整改时限已起算。"), AssignForm, (FindingState.OPEN, FindingState.ASSIGNED), may_supervise,
        lambda finding, by, at, values: services.assign(
            finding, by=by, at=at, how=Rectification(values["how"]),
            measures=values["measures"], due_at=values["due_at"], text=values["text"],
        ),
    ),
    "rectify": Act(
        _("报整改"), _("整改情况已上报，等待核验。"), RectifyForm, (FindingState.OPEN, FindingState.ASSIGNED),
        may_rectify, lambda finding, by, at, values: services.rectify(finding, by=by, at=at, text=values["text"]),
    ),
    "verify": Act(
        _("核验通过"), _("核验通过，等待销号。"), VerifyForm, (FindingState.RECTIFIED,), may_supervise,
        lambda finding, by, at, values: services.verify(finding, by=by, at=at, text=values["text"]),
    ),
    "send-back": Act(
        _("核验退回"), _("已退回企业，新的整改时限已起算。"), SendBackForm, (FindingState.RECTIFIED,), may_supervise,
        lambda finding, by, at, values: services.send_back(
            finding, by=by, at=at, text=values["text"], due_at=values["due_at"]
        ),
    ),
    "close": Act(
        _("销号"), _("已销号。"), WordsForm, (FindingState.VERIFIED,), may_supervise,
        lambda finding, by, at, values: services.close(finding, by=by, at=at, text=values["text"]),
    ),
}  # fmt: skip
