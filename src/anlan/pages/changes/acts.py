"""Who may do what about a change request: its county or park decides, the enterprise takes it back."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.changes import services
from anlan.apps.changes.entitled import may_ask, may_decide
from anlan.apps.changes.models import ChangeState
from anlan.pages.acting import Act
from anlan.pages.quieting.forms import EmptyForm, NoteForm, ReasonForm

ACTS = {
    "approve": Act(
        _("批准"), _("已批准：全部改动已写入，旧值留档。"), NoteForm, may_decide,
        lambda a: services.approve(a.row, by=a.by, at=a.at, note=a.text()), (ChangeState.ASKED,),
    ),
    "refuse": Act(
        _("不批准"), _("已退回企业，登记未动。"), ReasonForm, may_decide,
        lambda a: services.refuse(a.row, by=a.by, at=a.at, note=a.text()), (ChangeState.ASKED,),
        mandatory=("text",), leads=False,
    ),
    "withdraw": Act(
        _("撤回申请"), _("申请已撤回。"), EmptyForm, may_ask,
        lambda a: services.withdraw(a.row, by=a.by, at=a.at), (ChangeState.ASKED,), leads=False,
    ),
}  # fmt: skip
