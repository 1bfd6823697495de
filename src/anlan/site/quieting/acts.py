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

from anlan.apps.accounts import selectors as entitlements
from anlan.apps.monitoring.models import Filing, FilingState, Shelving, ShelvingState, SuppressionState
from anlan.apps.monitoring.services import filings, shelving, suppression
from anlan.apps.org.models import Agency, Role
from anlan.rules.alarms import Approver
from anlan.site.quieting.forms import EmptyForm, NoteForm, ReasonForm
from anlan.site.warnings.forms import ActForm

CONFIRMERS = frozenset({Role.DUTY_OFFICER, Role.HANDLER, Role.APPROVER})
"""Roles of a county or park that confirm filings, by night too (local setting)."""
APPROVERS = frozenset({Role.HANDLER, Role.APPROVER})
"""Roles that approve what quietens alarms themselves: shelving of gas alarms, suppression by design (local setting)."""
DESIGNERS = frozenset({Role.PRINCIPAL, Role.SAFETY_OFFICER})
"""Roles of an enterprise that propose suppression rules."""


@dataclass(frozen=True)
class Doer:
    """The person who acts, and what they are towards the enterprise of the record."""

    name: str
    actor: str
    staff: bool
    designer: bool
    principal: bool
    confirms_for: Agency | None
    approves_for: Agency | None


def doer(user: Any, enterprise: Any, now: datetime) -> Doer:
    """Who ``user`` is towards an enterprise; its park is joined by the caller."""

    def holds(*roles: Role) -> bool:
        return enterprise.pk in entitlements.enterprises_of(user, now, roles)

    return Doer(
        str(user.person.name if user.person else user),
        f"user:{user.get_username()}",
        holds(*entitlements.STAFF),
        holds(*DESIGNERS),
        holds(Role.PRINCIPAL),
        entitlements.county_or_park(user, enterprise, now, CONFIRMERS),
        entitlements.county_or_park(user, enterprise, now, APPROVERS),
    )


@dataclass(frozen=True)
class Act:
    """A step: its words, its form, from which states, who takes it, and what is done."""

    title: Any
    done: Any
    form: type[ActForm]
    states: tuple[str, ...]
    may: Callable[[Doer, Any], bool]
    perform: Callable[[Any, Doer, datetime, str], Any]


def _decides(who: Doer, row: Any) -> bool:
    if who.name == row.asked_by:
        return False
    return who.principal if row.approver == Approver.PRINCIPAL else who.approves_for is not None


FILING_ACTS = {
    "confirm": Act(
        _("确认报备"), _("已确认：范围内的测点在时段内停用报警。"), NoteForm, (FilingState.FILED,),
        lambda who, row: who.confirms_for is not None,
        lambda row, who, at, text: filings.confirm(
            row, by=who.name, actor=who.actor, agency=who.confirms_for, at=at, note=text
        ),
    ),
    "refuse": Act(
        _("不予确认"), _("已退回企业。"), ReasonForm, (FilingState.FILED,),
        lambda who, row: who.confirms_for is not None,
        lambda row, who, at, text: filings.refuse(
            row, by=who.name, actor=who.actor, agency=who.confirms_for, at=at, note=text
        ),
    ),
    "withdraw": Act(
        _("撤回报备"), _("报备已撤回。"), EmptyForm, (FilingState.FILED,), lambda who, row: who.staff,
        lambda row, who, at, text: filings.end(row, by=who.name, actor=who.actor, at=at),
    ),
    "end": Act(
        _("提前结束"), _("报备已结束，仍在越限的报警已恢复。"), EmptyForm, (FilingState.CONFIRMED,),
        lambda who, row: who.staff,
        lambda row, who, at, text: filings.end(row, by=who.name, actor=who.actor, at=at),
    ),
}  # fmt: skip
SHELVING_ACTS = {
    "approve": Act(
        _("批准搁置"), _("已批准，搁置即时生效，到时自动恢复。"), NoteForm, (ShelvingState.ASKED,), _decides,
        lambda row, who, at, text: shelving.approve(row, by=who.name, actor=who.actor, at=at, note=text),
    ),
    "refuse": Act(
        _("不批准"), _("已退回申请人。"), ReasonForm, (ShelvingState.ASKED,), _decides,
        lambda row, who, at, text: shelving.refuse(row, by=who.name, actor=who.actor, at=at, note=text),
    ),
    "withdraw": Act(
        _("撤回申请"), _("申请已撤回。"), EmptyForm, (ShelvingState.ASKED,), lambda who, row: who.staff,
        lambda row, who, at, text: shelving.unshelve(row, by=who.name, actor=who.actor, at=at),
    ),
    "return": Act(
        _("提前恢复"), _("已恢复显示。"), EmptyForm, (ShelvingState.IN_FORCE,), lambda who, row: who.staff,
        lambda row, who, at, text: shelving.unshelve(row, by=who.name, actor=who.actor, at=at),
    ),
}  # fmt: skip
SUPPRESSION_ACTS = {
    "approve": Act(
        _("批准规则"), _("已批准，条件成立时生效；若有前一版本，同时停用。"), NoteForm, (SuppressionState.PROPOSED,),
        lambda who, row: who.approves_for is not None,
        lambda row, who, at, text: suppression.approve(
            row, by=who.name, actor=who.actor, agency=who.approves_for, at=at, note=text
        ),
    ),
    "refuse": Act(
        _("不批准"), _("已退回企业。"), ReasonForm, (SuppressionState.PROPOSED,),
        lambda who, row: who.approves_for is not None,
        lambda row, who, at, text: suppression.refuse(
            row, by=who.name, actor=who.actor, agency=who.approves_for, at=at, note=text
        ),
    ),
    "withdraw": Act(
        _("撤回申请"), _("申请已撤回。"), EmptyForm, (SuppressionState.PROPOSED,), lambda who, row: who.designer,
        lambda row, who, at, text: suppression.retire(row, actor=who.actor, at=at),
    ),
    "retire": Act(
        _("停用规则"), _("规则已停用，仍在越限的报警已恢复。"), EmptyForm, (SuppressionState.APPROVED,),
        lambda who, row: who.designer or who.approves_for is not None,
        lambda row, who, at, text: suppression.retire(row, actor=who.actor, at=at),
    ),
}  # fmt: skip
DECISIONS = ("confirm", "approve")
"""The acts by which what is asked for is granted."""


def waits_for(row: Any, who: Doer, acts: dict[str, Act]) -> str:
    """In words whose decision the record waits for; empty when it waits for none, or for the reader's."""
    open_ones = [acts[verb] for verb in DECISIONS if verb in acts and row.state in acts[verb].states]
    if not open_ones or any(act.may(who, row) for act in open_ones):
        return ""
    if isinstance(row, Filing):
        return _t("等待县（园区）的值班员、处置人员或审批人确认。")
    if isinstance(row, Shelving) and row.approver == Approver.PRINCIPAL:
        return _t("等待企业主要负责人批准；申请人不能批准自己的申请。")
    return _t("等待县（园区）的处置人员或审批人批准。")
