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

from anlan.apps.accounts import selectors as entitlements
from anlan.apps.findings import services
from anlan.apps.findings.models import Finding, FindingState
from anlan.apps.org.models import Agency
from anlan.components.moments import Moment
from anlan.rules.calendar import CIVIL_ZONE
from anlan.rules.patrol import RECTIFICATION_LABELS, Rectification
from anlan.site.warnings.entitled import HANDLERS


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
class Doer:
    """The person who acts, in words, with the unit they speak for."""

    name: str
    unit: str
    agency: Agency | None
    staff: bool
    """Whether they belong to the finding's enterprise and may answer for it."""
    handles: bool
    """Whether they hold a role in an agency that assigns, verifies and closes."""


def doer(user: Any, finding: Finding, now: datetime) -> Doer:
    """Who ``user`` is towards this finding, which was found in their scope."""
    roles = entitlements.agency_roles(user, now)
    agencies = [grant.agency for grant in entitlements.grants_of(user, now) if grant.agency_id]
    staff = finding.enterprise_id in entitlements.enterprises_of(user, now, entitlements.STAFF)
    agency = agencies[0] if agencies else None
    unit = agency.name if agency else finding.enterprise.name
    return Doer(str(user), unit, agency, staff, bool(roles & HANDLERS))


@dataclass(frozen=True)
class Act:
    """A step: its words, its form, from which states it leads on, who takes it, and what is done."""

    title: Any
    done: Any
    form: type[FindingForm]
    states: tuple[FindingState, ...]
    by_enterprise: bool
    perform: Callable[[Finding, Doer, datetime, dict[str, Any]], Any]

    def open_to(self, who: Doer, finding: Finding) -> bool:
        return finding.state in self.states and self.allowed(who)

    def allowed(self, who: Doer) -> bool:
        return who.staff if self.by_enterprise else who.handles


ACTS: dict[str, Act] = {
    "assign": Act(
        _("交办"), _("已交办，整改时限已起算。"), AssignForm, (FindingState.OPEN, FindingState.ASSIGNED), False,
        lambda finding, who, at, values: services.assign(
            finding, actor=who.name, by=who.agency, at=at, how=Rectification(values["how"]),
            measures=values["measures"], due_at=values["due_at"], text=values["text"],
        ),
    ),
    "rectify": Act(
        _("报整改"), _("整改情况已上报，等待核验。"), RectifyForm, (FindingState.OPEN, FindingState.ASSIGNED), True,
        lambda finding, who, at, values: services.rectify(
            finding, actor=who.name, unit=who.unit, at=at, text=values["text"]
        ),
    ),
    "verify": Act(
        _("核验通过"), _("核验通过，等待销号。"), VerifyForm, (FindingState.RECTIFIED,), False,
        lambda finding, who, at, values: services.verify(
            finding, actor=who.name, unit=who.unit, at=at, text=values["text"]
        ),
    ),
    "send-back": Act(
        _("核验退回"), _("已退回企业，新的整改时限已起算。"), SendBackForm, (FindingState.RECTIFIED,), False,
        lambda finding, who, at, values: services.send_back(
            finding, actor=who.name, unit=who.unit, at=at, text=values["text"], due_at=values["due_at"]
        ),
    ),
    "close": Act(
        _("销号"), _("已销号。"), WordsForm, (FindingState.VERIFIED,), False,
        lambda finding, who, at, values: services.close(
            finding, actor=who.name, unit=who.unit, at=at, text=values["text"]
        ),
    ),
}  # fmt: skip
