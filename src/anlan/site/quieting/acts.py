"""Who may do what about filings, shelves and suppression rules: one table of acts for each, a form and a service.

The enterprise asks and takes back; its county or park decides (or its principal, where the setting says so for the
shelving of gas alarms); whoever is further up sees.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from anlan.apps.monitoring.entitled import (
    asked_themselves,
    may_approve_suppression,
    may_confirm_filing,
    may_decide_shelving,
    may_file,
    may_propose,
    may_retire,
    may_shelve,
)
from anlan.apps.monitoring.models import Filing, FilingState, Shelving, ShelvingState, SuppressionState
from anlan.apps.monitoring.services import filings, shelving, suppression
from anlan.apps.org.stand import Stand
from anlan.rules.alarms import Approver
from anlan.site.quieting.forms import EmptyForm, NoteForm, ReasonForm
from anlan.site.warnings.forms import ActForm


@dataclass(frozen=True)
class Act:
    """A step: its words, its form, from which states, who takes it, and what is done."""

    title: Any
    done: Any
    form: type[ActForm]
    states: tuple[str, ...]
    may: Callable[[Stand, Any], bool]
    perform: Callable[[Any, Stand, datetime, str], Any]


def _decides(by: Stand, row: Any) -> bool:
    return may_decide_shelving(by, row) and not asked_themselves(by, row)


FILING_ACTS = {
    "confirm": Act(
        _("确认报备"), _("已确认：范围内的测点在时段内停用报警。"), NoteForm, (FilingState.FILED,),
        may_confirm_filing,
        lambda row, by, at, text: filings.confirm(
            row, by=by, at=at, note=text
        ),
    ),
    "refuse": Act(
        _("不予确认"), _("已退回企业。"), ReasonForm, (FilingState.FILED,),
        may_confirm_filing,
        lambda row, by, at, text: filings.refuse(
            row, by=by, at=at, note=text
        ),
    ),
    "withdraw": Act(
        _("撤回报备"), _("报备已撤回。"), EmptyForm, (FilingState.FILED,), may_file,
        lambda row, by, at, text: filings.end(row, by=by, at=at),
    ),
    "end": Act(
        _("提前结束"), _("报备已结束，仍在越限的报警已恢复。"), EmptyForm, (FilingState.CONFIRMED,),
        may_file,
        lambda row, by, at, text: filings.end(row, by=by, at=at),
    ),
}  # fmt: skip
SHELVING_ACTS = {
    "approve": Act(
        _("批准搁置"), _("已批准，搁置即时生效，到时自动恢复。"), NoteForm, (ShelvingState.ASKED,), _decides,
        lambda row, by, at, text: shelving.approve(row, by=by, at=at, note=text),
    ),
    "refuse": Act(
        _("不批准"), _("已退回申请人。"), ReasonForm, (ShelvingState.ASKED,), _decides,
        lambda row, by, at, text: shelving.refuse(row, by=by, at=at, note=text),
    ),
    "withdraw": Act(
        _("撤回申请"), _("申请已撤回。"), EmptyForm, (ShelvingState.ASKED,), may_shelve,
        lambda row, by, at, text: shelving.unshelve(row, by=by, at=at),
    ),
    "return": Act(
        _("提前恢复"), _("已恢复显示。"), EmptyForm, (ShelvingState.IN_FORCE,), may_shelve,
        lambda row, by, at, text: shelving.unshelve(row, by=by, at=at),
    ),
}  # fmt: skip
SUPPRESSION_ACTS = {
    "approve": Act(
        _("批准规则"), _("已批准，条件成立时生效；若有前一版本，同时停用。"), NoteForm, (SuppressionState.PROPOSED,),
        may_approve_suppression,
        lambda row, by, at, text: suppression.approve(
            row, by=by, at=at, note=text
        ),
    ),
    "refuse": Act(
        _("不批准"), _("已退回企业。"), ReasonForm, (SuppressionState.PROPOSED,),
        may_approve_suppression,
        lambda row, by, at, text: suppression.refuse(
            row, by=by, at=at, note=text
        ),
    ),
    "withdraw": Act(
        _("撤回申请"), _("申请已撤回。"), EmptyForm, (SuppressionState.PROPOSED,), may_propose,
        lambda row, by, at, text: suppression.retire(row, by=by, at=at),
    ),
    "retire": Act(
        _("停用规则"), _("规则已停用，仍在越限的报警已恢复。"), EmptyForm, (SuppressionState.APPROVED,),
        may_retire,
        lambda row, by, at, text: suppression.retire(row, by=by, at=at),
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
