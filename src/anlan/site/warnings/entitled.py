"""What this log-in may do about this warning, gathered for the page; who may is said in `anlan.apps.warnings.entitled`
and asked again by the services."""

from __future__ import annotations

from dataclasses import dataclass, field

from anlan.apps.org.models import Agency
from anlan.apps.org.scope import Scope
from anlan.apps.org.stand import Stand
from anlan.apps.warnings import entitled as may
from anlan.apps.warnings import services
from anlan.apps.warnings.models import SiteOrder, Warning
from anlan.rules.level import Level
from anlan.rules.warning_handling import report_owed


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


def entitled(by: Stand, scope: Scope, warning: Warning) -> Entitled:
    """The acts that are open to ``by`` now. ``warning`` was found in ``scope``."""
    is_open = warning.cleared_at is None
    own_orders = [
        order for order in warning.site_orders.all() if order.answered_at is None and may.may_answer(by, order)
    ]
    delegates: list[Agency] = []
    if own_orders and own_orders[0].tracker is not None:
        below = Agency.objects.visible_to(scope).filter(path__startswith=own_orders[0].tracker.path)
        delegates = [agency for agency in below if services.may_execute(own_orders[0], agency)]
    confirmed = may.has_confirmed(warning, by)
    owed = not is_open and getattr(warning, "report", None) is None and owes_report(warning)
    return Entitled(
        confirm=is_open and not confirmed and may.may_confirm(by, warning),
        confirmed=confirmed,
        measure=is_open and may.may_measure(by, warning),
        clear=is_open and may.may_clear(by, warning),
        report=owed and may.may_report(by, warning),
        level=is_open and may.may_set_level(by, warning),
        remark=may.may_remark(by, warning),
        hidden=may.may_record_hidden_danger(by, warning),
        orders=own_orders,
        delegates=delegates,
    )


def owes_report(warning: Warning) -> bool:
    return report_owed(Level(warning.highest))
