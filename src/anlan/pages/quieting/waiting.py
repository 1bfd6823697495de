"""What waits for one person's decision about filings, shelves and suppression rules, and what became of their filings.

Shown on 我的待办. Who may decide is said once, by the tables of acts: what is listed here opens with its act offered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from anlan.apps.accounts import selectors as entitlements
from anlan.apps.accounts.models import User
from anlan.apps.alarms import selectors
from anlan.apps.alarms.entitled import APPROVERS, CONFIRMERS
from anlan.apps.alarms.models import Filing, FilingState
from anlan.apps.org.actor import of_user
from anlan.apps.org.models import Role
from anlan.apps.org.scope import Scope
from anlan.apps.org.stand import STAFF
from anlan.pages.quieting.listing import alarm_words, condition_words, length_words, reach_words
from anlan.pages.section import Waiting

SHOWN = 20
"""Records of one kind on the page; the lists have them all."""
SETTLED = timedelta(days=3)
"""How long the one who filed is told what became of it."""


@dataclass(frozen=True)
class Mine:
    """One filing of the reader with what became of it, in words, and when."""

    title: str
    words: str
    at: datetime
    url: str


def waiting_for(user: User, scope: Scope, now: datetime) -> list[Waiting]:
    """What waits for this person: overdue first, then what begins first. At most `SHOWN` of a kind."""
    confirms = entitlements.agencies_of(user, now, CONFIRMERS)
    approves = entitlements.agencies_of(user, now, APPROVERS)
    principal = entitlements.enterprises_of(user, now, [Role.PRINCIPAL])
    found: list[Waiting] = []
    if confirms:
        rows = selectors.filings_to_confirm(scope, confirms).prefetch_related("points")
        found += [_filing(row) for row in rows.order_by("starts_at", "pk")[:SHOWN]]
    if approves or principal:
        asked = selectors.shelvings_to_approve(scope, approves, principal)
        asked = asked.exclude(asked_by_id=of_user(user).id)  # nobody approves their own
        found += [_shelving(row) for row in asked.order_by("asked_at", "pk")[:SHOWN]]
    if approves:
        proposed = selectors.suppressions_to_approve(scope, approves)
        found += [_suppression(row) for row in proposed.order_by("proposed_at", "pk")[:SHOWN]]
    return sorted(found, key=lambda each: (not each.overdue, each.starts_at or each.since))


def filed_by(user: User, scope: Scope, now: datetime) -> list[Mine]:
    """What became of the filings of this person, newest first; empty for whoever files nothing."""
    enterprises = entitlements.enterprises_of(user, now, STAFF)
    if not enterprises or user.person is None:
        return []
    rows = selectors.filings_filed_by(scope, enterprises, of_user(user).id, now - SETTLED)
    return [_mine(row) for row in rows.prefetch_related("points").order_by("-filed_at", "-pk")[:SHOWN]]


def _filing(row: Filing) -> Waiting:
    title = f"{row.get_kind_display()} · {reach_words(row)}"
    return Waiting(
        _("报备待确认"), title, row.reason, row.enterprise, row.filed_at, reverse("filing", args=[row.pk]),
        _("去确认"), "confirm", row.starts_at, row.ends_at, row.overdue_at is not None,
    )  # fmt: skip


def _shelving(row: Any) -> Waiting:
    says = _("搁置 %(l)s：%(r)s") % {"l": length_words(row.minutes), "r": row.reason}
    return Waiting(
        _("气体报警搁置待批准"), alarm_words(row), says, row.enterprise, row.asked_at,
        reverse("shelving", args=[row.pk]), _("去批准"), "approve",
    )  # fmt: skip


def _suppression(row: Any) -> Waiting:
    says = _("%(c)s 时抑制%(s)s报警") % {"c": condition_words(row), "s": row.get_side_display()}
    return Waiting(
        _("设计抑制待批准"), row.name, says, row.enterprise, row.proposed_at, reverse("suppression", args=[row.pk]),
        _("去批准"), "approve",
    )  # fmt: skip


def _mine(row: Filing) -> Mine:
    title = f"{row.get_kind_display()} · {reach_words(row)}"
    url = reverse("filing", args=[row.pk])
    unit = row.agency.name if row.agency else ""
    match row.state:
        case FilingState.FILED:
            return Mine(title, _("待县（园区）确认，未确认前照常报警"), row.filed_at, url)
        case FilingState.CONFIRMED:
            return Mine(title, _("%(u)s已确认") % {"u": unit}, row.decided_at or row.filed_at, url)
        case FilingState.REFUSED:
            words = _("%(u)s不予确认：%(n)s") % {"u": unit, "n": row.note}
            return Mine(title, words, row.decided_at or row.filed_at, url)
        case FilingState.ENDED if row.effective_at is None:
            return Mine(title, _("时段已过，未获确认"), row.ended_at or row.ends_at, url)
    return Mine(title, row.get_state_display(), row.ended_at or row.ends_at, url)
