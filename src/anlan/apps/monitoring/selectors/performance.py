"""The facts of alarm performance, added up in the database: what leaves it is some figures per enterprise.

A constant number of queries for any number of alarms. Ten-minute periods and hours are those of the civil clock, which
stands whole hours away from UTC.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import BigIntegerField, Count, Func, Q, QuerySet
from django.db.models.functions import Coalesce

from anlan.apps.monitoring.models import Alarm
from anlan.apps.monitoring.selectors.alarms import alarms_raised, limit_alarms
from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import Gas
from anlan.apps.registry.selectors import equipment
from anlan.rules.alarms import OUTER
from anlan.rules.metrics.alarming import AlarmFacts, periods_in_flood
from anlan.rules.rulebook import RulesInForce

TEN_MINUTES = timedelta(minutes=10)
TOP = 10
_IS_GAS = ~Q(point__gas=Gas.NONE)
_IS_OUTER = Q(worst__in=sorted(OUTER))
PRIORITIES = {"low": ~_IS_OUTER & ~_IS_GAS, "medium": _IS_OUTER ^ _IS_GAS, "high": _IS_OUTER & _IS_GAS}
"""Alarms of each priority; the same as `anlan.rules.alarms.priority_of`, said to the database."""


class PeriodOf(Func):
    """The number of the stretch of ``seconds`` in which an instant lies, counted from the epoch."""

    output_field = BigIntegerField()

    def __init__(self, instant: str, seconds: int) -> None:
        super().__init__(instant)
        self.extra["seconds"] = seconds

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "(CAST(strftime('%%%%s', %(expressions)s) AS INTEGER) / %(seconds)s)"
        return self.as_sql(compiler, connection, template=template, **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "CAST(FLOOR(EXTRACT(EPOCH FROM %(expressions)s) / %(seconds)s) AS BIGINT)"
        return self.as_sql(compiler, connection, template=template, **context)


def performing(scope: Scope, start: datetime, until: datetime) -> QuerySet[Alarm]:
    """The alarms that performance is measured by: limit alarms in service, raised in [start, until)."""
    return alarms_raised(scope, start, until)


def chattering(scope: Scope, start: datetime, until: datetime) -> QuerySet[Alarm]:
    """Of these the chattering ones."""
    return performing(scope, start, until).filter(chatters=True)


def stale(scope: Scope, moment: datetime, rules: RulesInForce) -> QuerySet[Alarm]:
    """Limit alarms in service that had stood for too long at ``moment``.

    The few that stood then are found by when they returned; nearly all alarms were raised before, so the database must
    not go by that: the instant is compared as an expression.
    """
    since = moment - rules.length("alarm_stale_hours")
    standing = limit_alarms(scope).filter(Q(cleared_at__isnull=True) | Q(cleared_at__gt=moment))
    return standing.alias(rose=Coalesce("raised_at", "started_at")).filter(rose__lte=since)


def oldest(rows: QuerySet[Alarm], first: int) -> QuerySet[Alarm]:
    """The ``first`` of stale alarms by when they were raised. Ordered by an expression, so that the database sorts the
    few it finds instead of walking through all alarms in the order of time."""
    return rows.order_by(Coalesce("raised_at", "started_at"), "pk")[:first]


def alarm_facts(
    scope: Scope, start: datetime, end: datetime, now: datetime, rules: RulesInForce
) -> dict[int, AlarmFacts]:
    """Facts of each enterprise with points in use, by its key, for [start, end) as far as it has gone by.

    ``rules`` are those of the reader's place: one table holds all its units against the same limits.
    """
    until = min(end, now)
    periods = max(0, -(-(until - start) // TEN_MINUTES))
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for pk in equipment.consoles(scope):
        found[pk] = {"consoles": 1, "ten_minutes": periods}
    rows = performing(scope, start, end).order_by()
    mix = {name: Count("raised_at", filter=is_of) for name, is_of in PRIORITIES.items()}
    for row in rows.values("enterprise_id").annotate(alarms=Count("*"), **mix):
        pk = row.pop("enterprise_id")
        found[pk] |= row
    over, flood_end = rules.number("kpi_periods_over_alarms"), rules.number("alarm_flood_end")
    for pk, most, busy in _over(_counted(rows, 600), over):
        found[pk] |= {"most": most, "periods_over": busy}
    for pk, _most, busy in _over(_counted(rows, 3600), rules.number("kpi_hours_over_alarms")):
        found[pk]["hours_over"] = busy
    by_console: dict[int, list[tuple[int, int]]] = defaultdict(list)
    flooding = _counted(rows, 600).filter(number__gte=min(flood_end, rules.number("alarm_flood_start") + 1))
    for pk, period, number in flooding.order_by("enterprise_id", "period").iterator():
        by_console[pk].append((period, number))
    for pk, counts in by_console.items():
        found[pk]["flood_periods"] = periods_in_flood(counts, rules.number("alarm_flood_start"), flood_end)
    for pk, number in _top_ten(rows):
        found[pk]["top_ten"] = number
    shaky = chattering(scope, start, end).order_by().values_list("enterprise_id")
    for pk, number in shaky.annotate(number=Count("point", distinct=True)):
        found[pk]["chattering"] = number
    for pk, number in Counter(stale(scope, until, rules).order_by().values_list("enterprise_id", flat=True)).items():
        found[pk]["stale"] = number  # counted here: grouped by enterprise, SQLite goes through all alarms of each
    return {pk: AlarmFacts(**facts) for pk, facts in found.items()}


def top_points(rows: QuerySet[Alarm], first: int = TOP) -> list[dict[str, Any]]:
    """The points with the most of these alarms: ``point__code``, ``tag``, ``name``, ``enterprise``, ``number``."""
    named = rows.order_by().values(
        "point__code", "point__tag", "point__name", "enterprise__code", "enterprise__name", "point__unit"
    )
    return list(named.annotate(number=Count("*")).order_by("-number", "point__code")[:first])


def _counted(rows: QuerySet[Alarm], seconds: int) -> QuerySet[Any]:
    """(enterprise, period, number of alarms in it)."""
    by_period = rows.annotate(period=PeriodOf("raised_at", seconds)).values_list("enterprise_id", "period")
    return by_period.annotate(number=Count("*"))


def _over(counted: QuerySet[Any], limit: int) -> Sequence[tuple[int, int, int]]:
    """Per enterprise: the most of any period, and how many periods had more than ``limit``."""
    inner, parameters = counted.order_by().query.sql_with_params()
    return _ask(
        "SELECT enterprise_id, MAX(number), SUM(CASE WHEN number > %s THEN 1 ELSE 0 END) "
        f"FROM ({inner}) counted GROUP BY enterprise_id",
        [limit, *parameters],
    )


def _top_ten(rows: QuerySet[Alarm]) -> Sequence[tuple[int, int]]:
    """Per enterprise: the alarms of its ten points that alarmed most."""
    by_point = rows.order_by().values_list("enterprise_id", "point_id").annotate(number=Count("*"))
    inner, parameters = by_point.query.sql_with_params()
    return _ask(
        "SELECT enterprise_id, SUM(number) FROM (SELECT enterprise_id, number, ROW_NUMBER() OVER "
        f"(PARTITION BY enterprise_id ORDER BY number DESC) AS place FROM ({inner}) counted) ranked "
        "WHERE place <= %s GROUP BY enterprise_id",
        [*parameters, TOP],
    )


def _ask(question: str, parameters: Sequence[Any]) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(question, parameters)
        return [tuple(int(each) for each in row) for row in cursor.fetchall()]
