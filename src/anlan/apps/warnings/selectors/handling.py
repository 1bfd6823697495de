"""The facts of handling per enterprise and period, and the rows behind every figure (预 第十六条, WRN-17, WRN-21).

Each figure is counted from the very rows that its list shows. A constant number of queries for any number of warnings;
what may become large is added up in the database.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from anlan.apps.alarms import selectors as alarms
from anlan.apps.delivery import selectors as delivery
from anlan.apps.obligations import selectors as obligations
from anlan.apps.obligations.models import ObligationState
from anlan.apps.org.scope import Scope
from anlan.apps.registry.selectors.locality import rules_of
from anlan.apps.warnings import kinds
from anlan.apps.warnings.models import Confirmation, LevelEpisode, SiteOrder, Warning
from anlan.database import lasting
from anlan.rules.calendar import Period, civil_day
from anlan.rules.level import WARNING_LEVELS, Level
from anlan.rules.metrics import HandlingFacts

ANSWER_LIMIT = "site_order_answer_hours"
_LARGER = Q(highest__in=[level for level in WARNING_LEVELS if level.at_least(Level.ORANGE)])
_BOTTOM = [
    Q(level=level, ended_to__in=[lower for lower in Level if lower < level])
    for level in WARNING_LEVELS
    if level is not Level.BLUE
]


def _warnings(scope: Scope, period: Period) -> QuerySet[Warning]:
    return Warning.objects.visible_to(scope).filter(opened_at__gte=period.start, opened_at__lt=period.end)


def _downgrades(scope: Scope, period: Period) -> QuerySet[LevelEpisode]:
    ended = LevelEpisode.objects.visible_to(scope).filter(ended_at__gte=period.start, ended_at__lt=period.end)
    return ended.filter(_BOTTOM[0] | _BOTTOM[1] | _BOTTOM[2])


def _confirmations(scope: Scope, period: Period) -> QuerySet[Warning]:
    by_machine = Confirmation.objects.by_the_machine().filter(warning=OuterRef("pk"), automatic=True)
    return _warnings(scope, period).filter(confirmed_at__isnull=False).annotate(automatically=Exists(by_machine))


def _reports(scope: Scope, period: Period) -> QuerySet[Any]:
    rows: QuerySet[Any] = obligations.settled(scope, kinds.REPORT, period.start, period.end)
    return rows


def _notices(scope: Scope, period: Period) -> QuerySet[Any]:
    return delivery.sent_between(scope, kinds.NOTICED, period.start, period.end)


def _orders(scope: Scope, period: Period) -> QuerySet[SiteOrder]:
    return SiteOrder.objects.visible_to(scope).filter(issued_at__gte=period.start, issued_at__lt=period.end)


def _open_orders(scope: Scope, period: Period) -> QuerySet[SiteOrder]:
    return SiteOrder.objects.visible_to(scope).filter(issued_at__lt=period.end, answered_at__isnull=True)


def _alarms(scope: Scope, period: Period) -> QuerySet[Any]:
    return alarms.alarms_raised(scope, period.start, period.end)


def _uncleared_alarms(scope: Scope, period: Period) -> QuerySet[Any]:
    return alarms.alarms_left(scope, period.end)


def _larger_warnings(scope: Scope, period: Period) -> QuerySet[Warning]:
    watched = Warning.objects.visible_to(scope).filter(_LARGER, opened_at__lt=period.end)
    return watched.filter(Q(closed_at__isnull=True) | Q(closed_at__gte=period.start))


ROWS: dict[str, Callable[[Scope, Period], QuerySet[Any]]] = {
    "warnings": _warnings,
    "downgrades": _downgrades,
    "confirmations": _confirmations,
    "reports": _reports,
    "notices": _notices,
    "orders": _orders,
    "open_orders": _open_orders,
    "alarms": _alarms,
    "uncleared_alarms": _uncleared_alarms,
    "larger_warnings": _larger_warnings,
}
"""The rows of each list of `anlan.rules.metrics.facts.LISTS`, scoped; what a figure counts and what it opens."""


def handling_facts(
    scope: Scope, period: Period, now: datetime, lists: Collection[str] = ROWS.keys()
) -> dict[int, HandlingFacts]:
    """Facts of each enterprise that has any, by its key. ``now`` decides whether the answer to an order is due.

    Only what the rows of these ``lists`` (keys of `ROWS`) tell is asked for; all else stays zero.
    """
    found: dict[int, dict[str, int]] = defaultdict(dict)

    def add(name: str, rows: Any, *facts: str) -> None:
        """The columns of ``rows`` behind the enterprise are these facts."""
        if name not in lists:
            return
        for pk, *figures in rows.as_numbers():
            found[pk].update(zip(facts, figures, strict=True))

    add("warnings", _by_enterprise(_warnings(scope, period)), "warnings")
    lasted = _by_enterprise(_downgrades(scope, period), total=lasting.total("started_at", "ended_at"))
    add("downgrades", lasted, "downgrades", "downgrade_us")
    if "confirmations" in lists:  # in one question, so that each warning is asked once who confirmed it
        waited = _by_enterprise(
            _confirmations(scope, period), "automatically", total=lasting.total("opened_at", "confirmed_at")
        )
        for pk, automatically, number, total in waited.as_numbers():
            told = {"confirmed_automatically": number} if automatically else {"confirmed": number, "confirm_us": total}
            found[pk].update(told)
    states = {
        name: Count("pk", filter=Q(state=state))
        for name, state in (
            ("done", ObligationState.DONE), ("late", ObligationState.LATE), ("overdue", ObligationState.OVERDUE),
        )
    }  # fmt: skip
    add(
        "reports", _by_enterprise(_reports(scope, period), **states),
        "reports_settled", "reports_on_time", "reports_late", "reports_overdue",
    )  # fmt: skip
    add("notices", _by_enterprise(_notices(scope, period)), "notices")
    add("open_orders", _by_enterprise(_open_orders(scope, period)), "orders_open")
    if "alarms" in lists:
        # counted apart: each of the two is answered by an index alone
        left = _by_enterprise(_alarms(scope, period).filter(alarms.UNCLEARED))
        uncleared = dict(left.as_numbers())
        for pk, number in _by_enterprise(_alarms(scope, period)).as_numbers():
            found[pk].update(alarms=number, alarms_cleared=number - uncleared.get(pk, 0))
    add("uncleared_alarms", _by_enterprise(_uncleared_alarms(scope, period)), "alarms_uncleared")
    closed = _by_enterprise(_larger_warnings(scope, period), closed=Count("pk", filter=Q(closed_at__isnull=False)))
    add("larger_warnings", closed, "larger", "larger_closed")
    if "orders" in lists:
        for enterprise_id, (due, in_time) in _answers(scope, period, now).items():
            found[enterprise_id] |= {"orders": due, "orders_in_time": in_time}
    return {enterprise_id: HandlingFacts(**facts) for enterprise_id, facts in found.items()}


def _by_enterprise(rows: QuerySet[Any], *further: str, **sums: Any) -> Any:
    """Enterprise, what it is divided by further, how many rows, and ``sums``: all of them whole numbers."""
    grouped = rows.order_by().values_list("enterprise_id", *further)
    return grouped.annotate(number=Count("*"), **sums)


def _answers(scope: Scope, period: Period, now: datetime) -> dict[int, tuple[int, int]]:
    """Per enterprise: orders of the period whose answer is there or due, and how many were answered in time."""
    orders = list(_orders(scope, period).select_related("enterprise__supervisor"))
    rules = rules_of({order.enterprise for order in orders}, min(period.last_day, civil_day(now)))
    found: dict[int, tuple[int, int]] = {}
    for order in orders:
        limit = order.issued_at + rules[order.enterprise_id].length(ANSWER_LIMIT)
        due, in_time = found.get(order.enterprise_id, (0, 0))
        if order.answered_at is not None or now > limit:
            timely = order.answered_at is not None and order.answered_at <= limit
            found[order.enterprise_id] = (due + 1, in_time + timely)
    return found
