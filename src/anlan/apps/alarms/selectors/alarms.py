"""Alarms as grading, pages and reports read them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery

from anlan.apps.alarms.models import Alarm, AlarmEvent, AlarmOrigin, AlarmSide, AlarmState
from anlan.apps.alarms.selectors.quieting import is_shelved
from anlan.apps.alarms.services.hooks import open_warnings_of
from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import Enterprise, Point
from anlan.apps.registry.selectors.equipment import points_of
from anlan.rules.grading import Gas, GradedAlarm

OURS = Q(origin=AlarmOrigin.PLATFORM)
IN_SERVICE = OURS & Q(filing__isnull=True, suppression__isnull=True)
"""Found by the platform, neither filed out of service nor suppressed by design: what is graded and counted (Q-43).
"""
LIMITS = (AlarmSide.HIGH, AlarmSide.LOW)
"""The sides that have limits; alarms of the others are faults of the data (数据异常)."""
GRAVEST = ("HH", "LL")
"""Levels beyond the second limit."""
UNCLEARED = IN_SERVICE & Q(side__in=LIMITS) & (Q(state=AlarmState.ACTIVE) | Q(acknowledged_at__isnull=True))
"""未消警: beyond a limit and not back in range, or back and never acknowledged (MON-07). One definition: every page,
list, figure and program counts by it."""
FAULTY = IN_SERVICE & ~Q(side__in=LIMITS) & Q(state=AlarmState.ACTIVE)
"""数据异常: a fault of the data that goes on now. Counted beside 未消警, never in it; over with its return."""


def active_alarms_of(source_id: int, *, with_edge: bool = False) -> list[GradedAlarm]:
    """The alarms of a hazard source that are not back within limits, as grading takes them. Machine's own read.

    What came back from a filing or a suppression counts from then on (``alive_at``), however long it had gone on
    before; so does what a clock of ours that stood ahead has stamped. With ``with_edge`` also those that the
    enterprise's own system raised (local setting ``edge_alarms_grade``).
    """
    counted = IN_SERVICE | Q(origin=AlarmOrigin.EDGE) if with_edge else IN_SERVICE
    rows = Alarm.objects.by_the_machine().filter(counted, source_id=source_id, state=AlarmState.ACTIVE)
    told = rows.order_by("started_at", "pk").values_list(
        "point__code", "point__gas", "side", "level", "started_at", "changed_at", "alive_at", "acknowledged_at"
    )
    return [
        GradedAlarm(
            point=point,
            side=side,
            level=level,
            started_at=alive or started,
            acknowledged_at=acknowledged,
            gas=Gas(gas or Gas.NONE),
            active=True,
            level_since=_level_since(changed, started, alive),
        )
        for point, gas, side, level, started, changed, alive, acknowledged in told
    ]


def _level_since(changed: datetime, started: datetime, alive: datetime | None) -> datetime:
    if alive is None:
        return changed
    return alive if alive < started <= changed else max(changed, alive)  # stamped by a clock that stood ahead


def first_alarm(source_id: int) -> Alarm | None:
    """The active limit alarm of a hazard source that began first, with its point. Machine's own read."""
    mine = Alarm.objects.by_the_machine().filter(IN_SERVICE, source_id=source_id, side__in=LIMITS)
    active = mine.filter(state=AlarmState.ACTIVE)
    return active.select_related("point").order_by("started_at", "raised_at", "point__code").first()


@dataclass(frozen=True, slots=True)
class StandingAlarm:
    """A limit alarm that is not back in range, as a message names it: ``value`` is what it was at ``at``."""

    tag: str
    name: str
    level: str
    value: float | None
    limit: float | None
    unit: str
    decimals: int
    at: datetime


_GRAVITY = {"HH": 2, "LL": 2, "H": 1, "L": 1}


def gravest_of(source_ids: Iterable[int]) -> dict[int, StandingAlarm]:
    """The gravest active limit alarm of each of these sources, the one that came first among equals. Machine's own
    read, one query; sources that have none are absent."""
    rows = Alarm.objects.by_the_machine().filter(
        IN_SERVICE, source_id__in=list(source_ids), side__in=LIMITS, state=AlarmState.ACTIVE
    )
    found: dict[int, StandingAlarm] = {}
    shown = ("point__tag", "point__name", "level", "value", "limit", "point__unit", "point__decimals", "changed_at")
    for source_id, *facts in rows.order_by("started_at", "pk").values_list("source_id", *shown):
        alarm = StandingAlarm(*facts)
        known = found.get(source_id)
        if known is None or _GRAVITY.get(alarm.level, 0) > _GRAVITY.get(known.level, 0):
            found[source_id] = alarm
    return found


def first_outs(source_ids: Iterable[int]) -> set[str]:
    """Of these sources the alarms that came first in the warning that is open now (首发). One query."""
    return {each.first_out for each in open_warnings_of(set(source_ids)).values() if each.first_out}


@dataclass(frozen=True, slots=True)
class AlarmFigures:
    """The limit alarms of a source that began in [since, until]: how many, of how many points, by worst level."""

    since: datetime
    until: datetime
    alarms: int
    points: int
    by_level: dict[str, int]


def alarms_began(source_id: int, since: datetime) -> AlarmFigures:
    """What began at a source since an instant, returned to normal or not. Machine's own read."""
    began = Alarm.objects.by_the_machine().filter(
        IN_SERVICE, source_id=source_id, started_at__gte=since, side__in=LIMITS
    )
    found = began.order_by().aggregate(n=Count("*"), points=Count("point", distinct=True), until=Max("started_at"))
    levels = dict(began.order_by().values_list("worst").annotate(n=Count("*")))
    by_level = {level: levels[level] for level in ("HH", "LL", "H", "L") if level in levels}
    return AlarmFigures(since, found["until"] or since, found["n"], found["points"], by_level)


def burning_of(source_ids: Iterable[int]) -> set[int]:
    """Of these sources those with a limit alarm that is not back in range. Machine's own read, one query."""
    rows = Alarm.objects.by_the_machine().filter(
        IN_SERVICE, source_id__in=list(source_ids), side__in=LIMITS, state=AlarmState.ACTIVE
    )
    return {source for source in rows.order_by().values_list("source_id", flat=True) if source is not None}


def uncleared_count(source_id: int) -> int:
    """未消警数量 of one hazard source (MON-07). Machine's own read: spot checks and patrols take it as a figure."""
    return Alarm.objects.by_the_machine().filter(UNCLEARED, source_id=source_id).count()


def uncleared_by_source(source_ids: Iterable[int]) -> dict[int, int]:
    """未消警数量 of several sources in one query; sources without any are absent."""
    rows = (
        Alarm.objects.by_the_machine()
        .filter(UNCLEARED, source_id__in=list(source_ids))
        .order_by()
        .values_list("source_id")
        .annotate(number=Count("*"))
    )
    return {source_id: number for source_id, number in rows if source_id is not None}


def frequent_points(enterprise: Enterprise, since: datetime, least: int) -> list[tuple[Point, int]]:
    """Points of an enterprise that went beyond a limit ``least`` times or more since an instant, and how often; what
    was filed or suppressed does not count. Machine's own read."""
    rows = Alarm.objects.by_the_machine().filter(
        IN_SERVICE, enterprise=enterprise, raised_at__gt=since, side__in=(AlarmSide.HIGH, AlarmSide.LOW)
    )
    counts = dict(rows.order_by().values_list("point").annotate(times=Count("pk")).filter(times__gte=least))
    found = points_of(enterprise).filter(pk__in=list(counts)).order_by("code")
    return [(point, counts[point.pk]) for point in found]


def announced(scope: Scope, kind: Q, now: datetime) -> QuerySet[Alarm]:
    """Alarms of ``kind`` (`UNCLEARED`, `FAULTY`) as this reader is told of them: navigation, figures and lists alike.

    What an enterprise has shelved is silent on its own pages alone.
    """
    rows = Alarm.objects.visible_to(scope).filter(kind)
    return rows.filter(~is_shelved(now)) if scope.is_enterprise else rows


def alarms_visible(scope: Scope) -> QuerySet[Alarm]:
    """All alarms that ``scope`` may see, newest first, with what a list shows of point, source and enterprise."""
    return Alarm.objects.visible_to(scope).select_related("point", "point__device", "source", "enterprise")


def limit_alarms(scope: Scope) -> QuerySet[Alarm]:
    """Alarms beyond a limit, which statistics count: no faults of the data, nothing filed or suppressed."""
    return Alarm.objects.visible_to(scope).filter(IN_SERVICE, side__in=LIMITS)


def alarms_raised(scope: Scope, start: datetime, until: datetime) -> QuerySet[Alarm]:
    """Limit alarms raised in [start, until)."""
    return limit_alarms(scope).filter(raised_at__gte=start, raised_at__lt=until)


def gravest_at(enterprise: Enterprise, at: datetime) -> list[tuple[Alarm, str]]:
    """The limit alarms of an enterprise that stood beyond their second limits at an instant, as far as was known then,
    with their points, each with its level at that instant. Machine's own read."""
    known = AlarmEvent.objects.by_the_machine().filter(alarm=OuterRef("pk"), detected_at__lte=at)
    level = Subquery(known.order_by("-at", "-id").values("level")[:1])
    rows = Alarm.objects.by_the_machine().filter(IN_SERVICE, enterprise=enterprise, side__in=LIMITS, raised_at__lte=at)
    rows = rows.filter(worst__in=GRAVEST).exclude(cleared_at__lte=at).select_related("point")
    found = rows.annotate(level_then=level).order_by("started_at", "pk")
    return [(row, row.level_then) for row in found if row.level_then in GRAVEST]


def raised_by_enterprise(start: datetime, until: datetime) -> dict[int, int]:
    """How many limit alarms each enterprise had raised in [start, until); those without are absent. Machine's own
    read, one query."""
    rows = Alarm.objects.by_the_machine().filter(IN_SERVICE, side__in=LIMITS, raised_at__gte=start, raised_at__lt=until)
    return dict(rows.order_by().values_list("enterprise").annotate(n=Count("*")))


def alarms_left(scope: Scope, until: datetime) -> QuerySet[Alarm]:
    """Limit alarms raised before ``until`` that are not cleared yet, however old."""
    return limit_alarms(scope).filter(UNCLEARED, raised_at__lt=until)
