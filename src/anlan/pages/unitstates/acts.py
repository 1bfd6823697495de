"""What a person may do about a declared start, stop or overhaul."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.unitstates import services
from anlan.apps.unitstates.entitled import may_declare
from anlan.apps.unitstates.models import ChangeState
from anlan.pages.acting import Act
from anlan.pages.quieting.forms import ReasonForm
from anlan.pages.unitstates.forms import DoneForm

ACTS = {
    "complete": Act(
        _("登记完成"), _("已登记。"), DoneForm, may_declare,
        lambda a: services.complete(a.row, by=a.by, at=a.at, ended_at=a.values.get("ended_at")),
        (ChangeState.DECLARED,),
    ),
    "cancel": Act(
        _("取消"), _("已取消。"), ReasonForm, may_declare,
        lambda a: services.cancel(a.row, by=a.by, at=a.at, note=a.text()), (ChangeState.DECLARED,),
        mandatory=("text",), leads=False,
    ),
}  # fmt: skip
