"""Who may do what about filings, shelves and suppression rules: one table of acts for each, a form and a service.

The enterprise asks and takes back; its county or park decides (or its principal, where the setting says so for the
shelving of gas alarms); whoever is further up sees.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from anlan.apps.alarms.entitled import (
    asked_themselves,
    may_approve_suppression,
    may_confirm_filing,
    may_decide_shelving,
    may_file,
    may_propose,
    may_retire,
    may_shelve,
)
from anlan.apps.alarms.models import Filing, FilingState, Shelving, ShelvingState, SuppressionState
from anlan.apps.alarms.services import filings, shelving, suppression
from anlan.apps.org.stand import Stand
from anlan.pages.acting import Act
from anlan.pages.quieting.forms import EmptyForm, NoteForm, ReasonForm
from anlan.rules.alarms import Approver


def _decides(by: Stand, row: Any) -> bool:
    return may_decide_shelving(by, row) and not asked_themselves(by, row)


FILING_ACTS = {
    "confirm": Act(
        _("确认报备"), _("已确认：范围内的测点在时段内停用报警。"), NoteForm, may_confirm_filing,
        lambda a: filings.confirm(a.row, by=a.by, at=a.at, note=a.text()), (FilingState.FILED,),
    ),
    "refuse": Act(
        _("不予确认"), _("已退回企业。"), ReasonForm, may_confirm_filing,
        lambda a: filings.refuse(a.row, by=a.by, at=a.at, note=a.text()), (FilingState.FILED,), leads=False,
    ),
    "withdraw": Act(
        _("撤回报备"), _("报备已撤回。"), EmptyForm, may_file,
        lambda a: filings.end(a.row, by=a.by, at=a.at), (FilingState.FILED,), leads=False,
    ),
    "end": Act(
        _("提前结束"), _("报备已结束，仍在越限的报警已恢复。"), EmptyForm, may_file,
        lambda a: filings.end(a.row, by=a.by, at=a.at), (FilingState.CONFIRMED,), leads=False,
    ),
}  # fmt: skip
SHELVING_ACTS = {
    "approve": Act(
        _("批准搁置"), _("已批准，搁置即时生效，到时自动恢复。"), NoteForm, _decides,
        lambda a: shelving.approve(a.row, by=a.by, at=a.at, note=a.text()), (ShelvingState.ASKED,),
    ),
    "refuse": Act(
        _("不批准"), _("已退回申请人。"), ReasonForm, _decides,
        lambda a: shelving.refuse(a.row, by=a.by, at=a.at, note=a.text()), (ShelvingState.ASKED,), leads=False,
    ),
    "withdraw": Act(
        _("撤回申请"), _("申请已撤回。"), EmptyForm, may_shelve,
        lambda a: shelving.unshelve(a.row, by=a.by, at=a.at), (ShelvingState.ASKED,), leads=False,
    ),
    "return": Act(
        _("提前恢复"), _("已恢复显示。"), EmptyForm, may_shelve,
        lambda a: shelving.unshelve(a.row, by=a.by, at=a.at), (ShelvingState.IN_FORCE,), leads=False,
    ),
}  # fmt: skip
SUPPRESSION_ACTS = {
    "approve": Act(
        _("批准规则"), _("已批准，条件成立时生效；若有前一版本，同时停用。"), NoteForm, may_approve_suppression,
        lambda a: suppression.approve(a.row, by=a.by, at=a.at, note=a.text()), (SuppressionState.PROPOSED,),
    ),
    "refuse": Act(
        _("不批准"), _("已退回企业。"), ReasonForm, may_approve_suppression,
        lambda a: suppression.refuse(a.row, by=a.by, at=a.at, note=a.text()), (SuppressionState.PROPOSED,),
        leads=False,
    ),
    "withdraw": Act(
        _("撤回申请"), _("申请已撤回。"), EmptyForm, may_propose,
        lambda a: suppression.retire(a.row, by=a.by, at=a.at), (SuppressionState.PROPOSED,), leads=False,
    ),
    "retire": Act(
        _("停用规则"), _("规则已停用，仍在越限的报警已恢复。"), EmptyForm, may_retire,
        lambda a: suppression.retire(a.row, by=a.by, at=a.at), (SuppressionState.APPROVED,), leads=False,
    ),
}  # fmt: skip
DECISIONS = ("confirm", "approve")
"""The acts by which what is asked for is granted."""


def waits_for(row: Any, by: Stand, acts: dict[str, Act]) -> str:
    """In words whose decision the record waits for; empty when it waits for none, or for the reader's."""
    open_ones = [acts[verb] for verb in DECISIONS if verb in acts and row.state in acts[verb].states]
    if not open_ones or any(act.may(by, row) for act in open_ones):
        return ""
    if isinstance(row, Filing):
        return _t("等待县（园区）的值班员、处置人员或审批人确认。")
    if isinstance(row, Shelving) and row.approver == Approver.PRINCIPAL:
        return _t("等待企业主要负责人批准；申请人不能批准自己的申请。")
    return _t("等待县（园区）的处置人员或审批人批准。")
