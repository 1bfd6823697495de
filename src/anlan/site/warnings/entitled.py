"""What this log-in may do about this warning. The page offers exactly this; the acts check it again."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from anlan.apps.accounts import selectors as entitlements
from anlan.apps.org.models import Agency, AgencyLevel, Role
from anlan.apps.org.scope import Scope
from anlan.apps.registry.selectors.locality import line_of
from anlan.apps.warnings import services
from anlan.apps.warnings.models import SiteOrder, Warning
from anlan.rules.level import Level
from anlan.rules.warning_handling import report_owed

ISSUERS = frozenset({Role.DUTY_OFFICER, Role.APPROVER})
"""Roles of an agency that may set a level by hand (local setting)."""
HANDLERS = frozenset({Role.DUTY_OFFICER, Role.HANDLER, Role.APPROVER})
"""Roles of an agency that feed back on tracking and site checks."""


@dataclass
class Entitled:
    """Acts open to the person, each with what it needs."""

    confirm: bool = False
    confirmed: bool = False
    """The person has confirmed already."""
    measure: bool = False
    clear: bool = False
    report: bool = False
    level: bool = False
    remark: bool = False
    hidden: bool = False
    """May record a hidden danger behind the warning."""
    orders: list[SiteOrder] = field(default_factory=list)
    """Site orders that the person's agency answers."""
    delegates: list[Agency] = field(default_factory=list)
    """Agencies that the visit may be handed to."""

    @property
    def anything(self) -> bool:
        return any(
            (self.confirm, self.measure, self.clear, self.report, self.level, self.remark, self.hidden, self.orders)
        )


def entitled(user: Any, scope: Scope, warning: Warning, now: datetime) -> Entitled:
    """The acts that are open to ``user`` now. ``warning`` was found in ``scope``."""
    person = user.person
    roles = entitlements.agency_roles(user, now)
    staff = warning.enterprise_id in entitlements.enterprises_of(user, now, entitlements.STAFF)
    is_open = warning.cleared_at is None
    confirmed = person is not None and any(c.person_id == person.pk for c in warning.confirmations.all())
    own_orders = [order for order in warning.site_orders.all() if _answers(order, scope, roles)]
    delegates: list[Agency] = []
    if own_orders and own_orders[0].tracker is not None:
        below = Agency.objects.visible_to(scope).filter(path__startswith=own_orders[0].tracker.path)
        delegates = [agency for agency in below if services.may_execute(own_orders[0], agency)]
    return Entitled(
        confirm=is_open and not confirmed and person is not None and holds(warning, person.pk, now),
        confirmed=confirmed,
        measure=is_open and staff,
        clear=is_open and (staff or issuer_name(user, now) in warning.by_hand),
        report=not is_open and staff and getattr(warning, "report", None) is None and owes_report(warning),
        level=is_open and issues(user, warning, now),
        remark=bool(roles & HANDLERS),
        hidden=staff or bool(roles & HANDLERS),
        orders=own_orders,
        delegates=delegates,
    )


def issues(user: Any, warning: Warning, now: datetime) -> bool:
    """Whether the person holds a role that sets levels in an agency above this very enterprise, and no town's: 第五至
    七条 begin with county and park (local setting)."""
    line = line_of(warning.enterprise)
    return any(
        grant.agency_id in line and grant.agency.level != AgencyLevel.TOWN and grant.role in ISSUERS
        for grant in entitlements.grants_of(user, now)
        if grant.agency_id
    )


def holds(warning: Warning, person_id: int, now: datetime) -> bool:
    """Whether the person is one of the source's three duty holders at ``now``."""
    return any(
        duty.person_id == person_id and duty.valid_from <= now and (duty.valid_until is None or duty.valid_until > now)
        for duty in warning.source.duty_holders.all()
    )


def owes_report(warning: Warning) -> bool:
    return report_owed(Level(warning.highest))


def issuer_name(user: Any, now: datetime) -> str:
    """How somebody who sets a level by hand is named on the warning: the person and the agency."""
    units = [grant.agency.name for grant in entitlements.grants_of(user, now) if grant.agency_id]
    return f"{user}{'（' + units[0] + '）' if units else ''}"[:60]


def unit_of(user: Any, now: datetime) -> str:
    """The unit that the person speaks for."""
    for grant in entitlements.grants_of(user, now):
        if grant.agency_id:
            return str(grant.agency.name)
    return ""


def _answers(order: SiteOrder, scope: Scope, roles: frozenset[str]) -> bool:
    """Tracker and executor answer an order; who only watches does not."""
    if order.answered_at is not None or not roles & HANDLERS:
        return False
    return any(unit is not None and unit.path in scope.agency_paths for unit in (order.tracker, order.executor))
