"""What a person may do about a finding: one table of acts, each a form and a service.

The enterprise rectifies; duty officers, handlers and approvers of an agency assign, verify and close. Nothing here
decides whether a step is due; the services do.
"""

from __future__ import annotations

from datetime import datetime

from django import forms
from django.utils.translation import gettext_lazy as _

from anlan.apps.findings import services
from anlan.apps.findings.entitled import may_rectify, may_supervise
from anlan.apps.findings.models import FindingState
from anlan.components.moments import Moment
from anlan.pages.acting import Act, ActForm, words_field
from anlan.pages.files.field import files_field, with_files
from anlan.rules.calendar import CIVIL_ZONE
from anlan.rules.patrol import RECTIFICATION_LABELS, Rectification


class _Limit(ActForm):
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
    measures = words_field(_("整改前的管控措施"), 2)
    text = words_field(_("要求"), 2)
    field_order = ("how", "measures", "due_at", "text")


class SendBackForm(_Limit):
    text = words_field(_("退回原因"))
    files = files_field()  # type: ignore[assignment]  # a field: Django takes it off the class
    field_order = ("text", "due_at", "files")


class WordsForm(ActForm):
    text = words_field(_("情况"))


class RectifyForm(ActForm):
    text = words_field(_("整改情况"))
    files = files_field()  # type: ignore[assignment]  # a field: Django takes it off the class


class VerifyForm(ActForm):
    text = words_field(_("核验情况"))
    files = files_field()  # type: ignore[assignment]  # a field: Django takes it off the class


class JudgeForm(ActForm):
    text = words_field(_("判定的依据"), help_text=_("企业看得到"))


ACTS: dict[str, Act] = {
    "judge": Act(
        _("属实"), _("已判定属实，可以交办。"), JudgeForm, may_supervise,
        lambda a: services.judge(a.row, by=a.by, at=a.at, text=a.text()), (FindingState.SUSPECTED,),
        mandatory=("text",),
    ),
    "refute": Act(
        _("误报"), _("已判定误报，不再列出。"), JudgeForm, may_supervise,
        lambda a: services.refute(a.row, by=a.by, at=a.at, text=a.text()), (FindingState.SUSPECTED,),
        mandatory=("text",), leads=False,
    ),
    "assign": Act(
        _("交办"), _("已交办，整改时限已起算。"), AssignForm, may_supervise,
        lambda a: services.assign(
            a.row, by=a.by, at=a.at, how=Rectification(a.values["how"]), measures=a.values["measures"],
            due_at=a.values["due_at"], text=a.values["text"],
        ),
        (FindingState.OPEN, FindingState.ASSIGNED),
    ),
    "rectify": Act(
        _("报整改"), _("整改情况已上报，等待核验。"), RectifyForm, may_rectify,
        lambda a: with_files(a, lambda files: services.rectify(a.row, by=a.by, at=a.at, text=a.text(), files=files)),
        (FindingState.OPEN, FindingState.ASSIGNED), mandatory=("text",),
    ),
    "verify": Act(
        _("核验通过"), _("核验通过，等待销号。"), VerifyForm, may_supervise,
        lambda a: with_files(a, lambda files: services.verify(a.row, by=a.by, at=a.at, text=a.text(), files=files)),
        (FindingState.RECTIFIED,), mandatory=("text",),
    ),
    "send-back": Act(
        _("核验退回"), _("已退回企业，新的整改时限已起算。"), SendBackForm, may_supervise,
        lambda a: with_files(a, lambda files: services.send_back(
            a.row, by=a.by, at=a.at, text=a.text(), due_at=a.values["due_at"], files=files,
        )),
        (FindingState.RECTIFIED,), mandatory=("text",),
    ),
    "close": Act(
        _("销号"), _("已销号。"), WordsForm, may_supervise,
        lambda a: services.close(a.row, by=a.by, at=a.at, text=a.text()), (FindingState.VERIFIED,),
    ),
}  # fmt: skip
