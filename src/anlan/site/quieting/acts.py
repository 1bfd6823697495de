"""Who may do what about filings, shelves and suppression rules: one table of acts for each, a form and a service.

The enterprise asks and takes back; its county or park decides (or its principal, where the setting says so for the
shelving of gas alarms); whoever is further up sees.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from anlan.apps.accounts import selectors as entitlements
from anlan.apps.monitoring.models import FilingState, ShelvingState, SuppressionState
from anlan.apps.monitoring.services import filings, shelving, suppression
from anlan.apps.org.models import Agency, Role
from anlan.rules.alarms import Approver
from anlan.site.quieting.forms import EmptyForm, NoteForm
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
        _("不予确认"), _("已退回企业。"), NoteForm, (FilingState.FILED,),
        lambda who, row: who.confirms_for is not None,
        lambda row, who, at, text: filings.refuse(
            row, by=who.name, actor=who.actor, agency=who.confirms_for, at=at, note=text
        ),
    ),
    "end": Act(
        _("撤回或提前结束"), _("报备已结束，仍在越限的报警已恢复。"), EmptyForm,
        (FilingState.FILED, FilingState.CONFIRMED), lambda who, row: who.staff,
        lambda row, who, at, text: filings.end(row, by=who.name, actor=who.actor, at=at),
    ),
}  # fmt: skip
SHELVING_ACTS = {
    "approve": Act(
        _("批准搁置"), _("已批准，搁置即时生效，到时自动恢复。"), NoteForm, (ShelvingState.ASKED,), _decides,
        lambda row, who, at, text: shelving.approve(row, by=who.name, actor=who.actor, at=at, note=text),
    ),
    "refuse": Act(
        _("不批准"), _("已退回申请人。"), NoteForm, (ShelvingState.ASKED,), _decides,
        lambda row, who, at, text: shelving.refuse(row, by=who.name, actor=who.actor, at=at, note=text),
    ),
    "return": Act(
        _("撤回或提前恢复"), _("已恢复显示。"), EmptyForm, (ShelvingState.ASKED, ShelvingState.IN_FORCE),
        lambda who, row: who.staff,
        lambda row, who, at, text: shelving.unshelve(row, by=who.name, actor=who.actor, at=at),
    ),
}  # fmt: skip
SUPPRESSION_ACTS = {
    "approve": Act(
        _("批准规则"), _("已批准，条件成立时生效；前一版本同时停用。"), NoteForm, (SuppressionState.PROPOSED,),
        lambda who, row: who.approves_for is not None,
        lambda row, who, at, text: suppression.approve(
            row, by=who.name, actor=who.actor, agency=who.approves_for, at=at, note=text
        ),
    ),
    "refuse": Act(
        _("不批准"), _("已退回企业。"), NoteForm, (SuppressionState.PROPOSED,),
        lambda who, row: who.approves_for is not None,
        lambda row, who, at, text: suppression.refuse(
            row, by=who.name, actor=who.actor, agency=who.approves_for, at=at, note=text
        ),
    ),
    "retire": Act(
        _("撤回或停用"), _("规则已停用，仍在越限的报警已恢复。"), EmptyForm,
        (SuppressionState.PROPOSED, SuppressionState.APPROVED),
        lambda who, row: who.designer or who.approves_for is not None,
        lambda row, who, at, text: suppression.retire(row, actor=who.actor, at=at),
    ),
}  # fmt: skip
