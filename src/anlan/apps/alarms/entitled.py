"""Who may do what about alarms and about what quietens them.

The enterprise acknowledges, asks and takes back; its county or park decides (or its principal, where the setting says
so for the shelving of gas alarms); whoever is further up sees. Nobody decides what they asked for themselves.
"""

from __future__ import annotations

from typing import Any

from anlan.apps.accounts.selectors import meant_by
from anlan.apps.alarms.models import Filing, Shelving, SuppressionRule, SuppressionState
from anlan.apps.org.models import Role
from anlan.apps.org.stand import HANDLERS, STAFF, Stand
from anlan.rules.alarms import Approver

CONFIRMERS = HANDLERS
"""Roles of a county or park that confirm filings, by night too (local setting)."""
APPROVERS = frozenset(map(str, (Role.HANDLER, Role.APPROVER)))
"""Roles that approve what quietens alarms themselves: shelving of gas alarms, suppression by design (local setting)."""
DESIGNERS = frozenset(map(str, (Role.PRINCIPAL, Role.SAFETY_OFFICER)))
"""Roles of an enterprise that propose suppression rules."""


def may_acknowledge(by: Stand, about: Any) -> bool:
    """Acknowledging an alarm is the act of the enterprise's own staff."""
    return by.holds(*STAFF)


def may_file(by: Stand, about: Any) -> bool:
    """The enterprise's staff file, withdraw and end filings."""
    return by.holds(*STAFF)


def may_confirm_filing(by: Stand, filing: Filing) -> bool:
    """Its county or park confirms a filing, or does not."""
    return by.agency_with(*CONFIRMERS, near=True) is not None


def may_shelve(by: Stand, about: Any) -> bool:
    """The enterprise's staff shelve alarms and take it back."""
    return by.holds(*STAFF)


def may_decide_shelving(by: Stand, shelving: Shelving) -> bool:
    """Whoever the setting names decides about the shelving of a gas alarm: the principal, or county and park."""
    if shelving.approver == Approver.PRINCIPAL:
        return by.holds(str(Role.PRINCIPAL))
    return by.agency_with(*APPROVERS, near=True) is not None


def asked_themselves(by: Stand, shelving: Shelving) -> bool:
    """Whether the person asked for it: two pairs of eyes are two persons, whatever they are called. Of rows that kept
    a name everybody who bears it is taken for the one who asked."""
    return by.actor.id in meant_by(shelving.asked_by_id or shelving.asked_by)


def may_propose(by: Stand, about: Any) -> bool:
    """The enterprise's principal and safety officers propose suppression rules."""
    return by.holds(*DESIGNERS)


def may_approve_suppression(by: Stand, rule: SuppressionRule) -> bool:
    """Its county or park approves a suppression rule, or does not."""
    return by.agency_with(*APPROVERS, near=True) is not None


def may_retire(by: Stand, rule: SuppressionRule) -> bool:
    """Who proposes takes a proposal back; a rule that counts is taken out of use by those who approve as well."""
    return may_propose(by, rule) or (
        rule.state == SuppressionState.APPROVED and by.agency_with(*APPROVERS, near=True) is not None
    )
