"""The facts of alarm performance: the alarms of the period are read once, as numbers, and counted here.

A constant number of queries for any number of alarms. Ten-minute periods and hours are those of the civil clock, which
stands whole hours away from UTC.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Coalesce

from anlan.apps.alarms.models import Alarm
from anlan.apps.alarms.selectors.alarms import alarms_raised, limit_alarms
from anlan.apps.alarms.selectors.raised import Counts, Raised, read
from anlan.apps.org.scope import Scope
from anlan.apps.registry.selectors import equipment
from anlan.rules.metrics.alarming import AlarmFacts, periods_in_flood
from anlan.rules.rulebook import RulesInForce

TEN_MINUTES = timedelta(minutes=10)
AN_HOUR = 6
"""Times ten minutes."""
TOP = 10
_NEVER = datetime(9000, 1, 1, tzinfo=UTC)


def performing(scope: Scope, start: datetime, until: datetime) -> QuerySet[Alarm]:
    """The alarms that performance is measured by: limit alarms in service, raised in [start, until)."""
    return alarms_raised(scope, start, until)


def chattering(scope: Scope, start: datetime, until: datetime) -> QuerySet[Alarm]:
    """Of these the chattering ones."""
    return performing(scope, start, until).filter(chatters=True)


def stale(scope: Scope, moment: datetime, rules: RulesInForce) -> QuerySet[Alarm]:
    """Limit alarms in service that had stood for too long at ``moment``.

    The few that stood then are found by when they returned; nearly all alarms were raised before, so the database must
    not go by that: the instant is compared as an expression. SQLite takes a stretch with two ends for a short one.
    """
    since = moment - rules.length("alarm_stale_hours")
    standing = limit_alarms(scope).filter(Q(cleared_at__isnull=True) | Q(cleared_at__gt=moment, cleared_at__lt=_NEVER))
    return standing.alias(rose=Coalesce("raised_at", "started_at")).filter(rose__lte=since)


def oldest(rows: QuerySet[Alarm], first: int) -> QuerySet[Alarm]:
    """The ``first`` of stale alarms by when they were raised. Ordered by an expression, so that the database sorts the
    few it finds instead of walking through all alarms in the order of time."""
    return rows.order_by(Coalesce("raised_at", "started_at"), "pk")[:first]


def raised(scope: Scope, start: datetime, end: datetime) -> Raised:
    """What `performing` finds, as columns of numbers. Two queries."""
    return read(performing(scope, start, end), scope)


def alarm_facts(
    scope: Scope, start: datetime, end: datetime, now: datetime, rules: RulesInForce, alarms: Raised | None = None
) -> dict[int, AlarmFacts]:
    """Facts of each enterprise with points in use, by its key, for [start, end) as far as it has gone by.

    ``rules`` are those of the reader's place: one table holds all its units against the same limits. ``alarms``: what
    `raised` told of the same period, from whoever has asked it already.
    """
    until = min(end, now)
    periods = max(0, -(-(until - start) // TEN_MINUTES))
    alarms = raised(scope, start, end) if alarms is None else alarms
    found: dict[int, dict[str, int]] = defaultdict(dict, alarms.by_enterprise())
    for pk in equipment.consoles(scope):
        found[pk] |= {"consoles": 1, "ten_minutes": periods}

    def add(name: str, figures: Mapping[int, int]) -> None:
        for pk, figure in figures.items():
            found[pk][name] = figure

    tens = alarms.periods()
    add("most", tens.most())
    add("periods_over", tens.at_least(rules.number("kpi_periods_over_alarms") + 1).things())
    add("hours_over", alarms.periods(AN_HOUR).at_least(rules.number("kpi_hours_over_alarms") + 1).things())
    add("flood_periods", _flooded(tens, rules.number("alarm_flood_start"), rules.number("alarm_flood_end")))
    add("top_ten", alarms.points().of_largest(TOP))
    shaky = chattering(scope, start, end).order_by().values_list("enterprise_id")
    add("chattering", dict(shaky.annotate(number=Count("point", distinct=True))))
    # counted here: grouped by enterprise, SQLite goes through all alarms of each
    add("stale", Counter(stale(scope, until, rules).order_by().values_list("enterprise_id", flat=True)))
    return {pk: AlarmFacts(**facts) for pk, facts in found.items()}


def _flooded(tens: Counts, start: int, end: int) -> dict[int, int]:
    busy = tens.at_least(min(end, start + 1))
    by_console: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for pk, period, number in zip(busy.enterprise.tolist(), busy.thing.tolist(), busy.number.tolist(), strict=True):
        by_console[pk].append((period, number))
    return {pk: periods_in_flood(counts, start, end) for pk, counts in by_console.items()}


def top_points(rows: QuerySet[Alarm], first: int = TOP) -> list[dict[str, Any]]:
    """The points with the most of these alarms, as `named` tells them."""
    counted = rows.order_by().values_list("point_id").annotate(number=Count("*"))
    return named(list(counted.order_by("-number", "point_id")[:first]))


def named(points: Sequence[tuple[int, int]]) -> list[dict[str, Any]]:
    """``point__code``, ``point__tag``, ``point__name``, ``point__unit``, ``enterprise__code`` and ``enterprise__name``
    of each point, and ``number``. The points are those of alarms that the reader sees."""
    known = equipment.points_by_key([pk for pk, _number in points])
    return [
        {
            "point__code": row.code, "point__tag": row.tag, "point__name": row.name, "point__unit": row.unit,
            "enterprise__code": row.enterprise.code, "enterprise__name": row.enterprise.name, "number": number,
        }
        for pk, number in points
        for row in [known[pk]]
    ]  # fmt: skip
