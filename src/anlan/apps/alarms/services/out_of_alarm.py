"""Which alarms are out of service (a confirmed filing) or suppressed by design, and how they come back (Q-43, 0011).

A withheld alarm is recorded like any other and says by what it is withheld; it is neither graded nor counted. What
carries an open warning is never withheld: a limit alarm of a point that was in alarm while the warning of its source
was open stays in service until that warning is cleared. Call everything here with the enterprise's chain held.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from django.db.models import Q, QuerySet

from anlan.apps.alarms.models import (
    Alarm,
    AlarmSide,
    AlarmState,
    Filing,
    FilingState,
    SuppressionRule,
    SuppressionState,
)
from anlan.apps.alarms.services.hooks import open_warnings_of
from anlan.apps.registry.models import Gas, Point
from anlan.database.chunks import chunks
from anlan.now import AHEAD_AFTER

LIMITS = (AlarmSide.HIGH, AlarmSide.LOW)


def withhold_new(alarms: Collection[Alarm], points: Mapping[int, Point], now: datetime) -> None:
    """Mark alarms that are being made; ``points`` by key. Two queries when nothing is filed or suppressed.

    A filing counts for what was raised within its window, unless the window is over and the alarm goes on: then it is
    alive like any other.
    """
    if not alarms:
        return
    enterprises = {alarm.enterprise_id for alarm in alarms}
    filings = _filings(enterprises, min(alarm.raised_at for alarm in alarms))
    rules = _rules(enterprises)
    if not filings and not rules:
        return
    found: list[tuple[Alarm, Filing | None, SuppressionRule | None]] = []
    for alarm in alarms:
        point = points[alarm.point_id]
        filing = next((each for each in filings if _counts(each, alarm, point, now)), None)
        rule = next((each for each in rules if _suppresses(each, alarm, point)), None)
        if filing is not None or rule is not None:
            found.append((alarm, filing, rule))
    bound = carriers(alarm for alarm, *_ in found)
    for alarm, filing, rule in found:
        if alarm.side not in LIMITS or alarm.point_id not in bound:
            alarm.filing, alarm.suppression = filing, rule


def take_out(filing: Filing) -> set[int]:
    """Take what is active within the scope of a filing that has come into force out of alarm; returns the sources."""
    scope = active_in_service().filter(enterprise=filing.enterprise_id).select_related("point")
    mine = [alarm for alarm in scope if filing.covers(alarm.point)]
    return _withhold(mine, filing=filing)


def suppress(rule: SuppressionRule) -> set[int]:
    """Suppress what is active of a rule whose condition has come to hold; returns the sources."""
    scope = active_in_service().filter(enterprise=rule.enterprise_id, side=rule.side).select_related("point")
    mine = [alarm for alarm in scope if _suppresses(rule, alarm, alarm.point)]
    return _withhold(mine, suppression=rule)


def bring_back(alarms: Iterable[Alarm], at: datetime) -> set[int]:
    """Make withheld alarms that go on alive again at ``at``, unless another filing or rule counts; returns the sources.

    They keep all their times; what time alone raises is counted from ``at`` (``alive_at``). Repeating finds none.
    """
    rows = list(alarms)
    if not rows:
        return set()
    enterprises = {alarm.enterprise_id for alarm in rows}
    filings = [
        each
        for each in _filings(enterprises, at)
        if each.state == FilingState.CONFIRMED and each.effective_at is not None and each.effective_at <= at
    ]
    rules = _rules(enterprises)
    for alarm in rows:
        filing = next((each for each in filings if each.covers(alarm.point)), None)
        rule = next((each for each in rules if _suppresses(each, alarm, alarm.point)), None)
        alarm.filing, alarm.suppression = filing, rule
        alarm.alive_at = alarm.alive_at if alarm.is_withheld else at
    Alarm.objects.bulk_update(rows, ["filing", "suppression", "alive_at"], batch_size=200)
    return {alarm.source_id for alarm in rows if alarm.source_id is not None and not alarm.is_withheld}


def counted_from_now(source_id: int, now: datetime) -> bool:
    """What stands and is said to have begun after ``now``, by a clock of ours that stood ahead, is counted from ``now``
    on (``alive_at``), or nothing would be graded until the clock gets there. Again: nothing; False."""
    ahead = now + AHEAD_AFTER
    rows = active_in_service().filter(source_id=source_id, started_at__gt=ahead)
    return bool(rows.filter(Q(alive_at__isnull=True) | Q(alive_at__gt=ahead)).update(alive_at=now))


def active_in_service() -> QuerySet[Alarm]:
    """Active alarms that are not withheld. Machine's own read."""
    rows = Alarm.objects.by_the_machine()
    return rows.filter(state=AlarmState.ACTIVE, filing__isnull=True, suppression__isnull=True)


def carriers(alarms: Iterable[Alarm]) -> set[int]:
    """Of the points of limit alarms those that carry an open warning: in alarm, and in service, while it is open."""
    source_of = {alarm.point_id: alarm.source_id for alarm in alarms if alarm.side in LIMITS and alarm.source_id}
    since = {source: each.since for source, each in open_warnings_of(set(source_of.values())).items()}
    points = [point for point, source in source_of.items() if source in since]
    found: set[int] = set()
    for part in chunks(sorted(points)):
        rows = Alarm.objects.by_the_machine().filter(
            Q(cleared_at__isnull=True) | Q(cleared_at__gte=min(since.values())),
            point_id__in=part,
            side__in=LIMITS,
            filing__isnull=True,
            suppression__isnull=True,
        )
        for point, cleared in rows.order_by().values_list("point_id", "cleared_at"):
            if cleared is None or cleared >= since[source_of[point]]:
                found.add(point)
    return found


def _withhold(alarms: list[Alarm], **by: Filing | SuppressionRule) -> set[int]:
    bound = carriers(alarms)
    mine = [alarm for alarm in alarms if alarm.side not in LIMITS or alarm.point_id not in bound]
    for part in chunks([alarm.pk for alarm in mine]):
        Alarm.objects.by_the_machine().filter(pk__in=part).update(**by)
    return {alarm.source_id for alarm in mine if alarm.source_id is not None}


def _filings(enterprise_ids: Collection[int], since: datetime) -> list[Filing]:
    """Filings that were or are in force and not over by ``since``."""
    rows = Filing.objects.by_the_machine().filter(
        Q(ended_at__isnull=True) | Q(ended_at__gt=since),
        enterprise__in=list(enterprise_ids),
        state__in=[FilingState.CONFIRMED, FilingState.ENDED],
        effective_at__isnull=False,
        ends_at__gt=since,
    )
    return list(rows.prefetch_related("points").order_by("effective_at", "pk"))


def _rules(enterprise_ids: Collection[int]) -> list[SuppressionRule]:
    rows = SuppressionRule.objects.by_the_machine().filter(
        enterprise__in=list(enterprise_ids), state=SuppressionState.APPROVED, is_holding=True
    )
    return list(rows.prefetch_related("points").order_by("pk"))


def _counts(filing: Filing, alarm: Alarm, point: Point, now: datetime) -> bool:
    end = min(filing.ends_at, filing.ended_at or filing.ends_at)
    goes_on = alarm.state == AlarmState.ACTIVE and now >= end
    assert filing.effective_at is not None
    return filing.effective_at <= alarm.raised_at < end and not goes_on and filing.covers(point)


def _suppresses(rule: SuppressionRule, alarm: Alarm, point: Point) -> bool:
    # a gas point is never suppressed, whatever became of the register since the rule was approved
    return alarm.side == rule.side and point.gas == Gas.NONE and any(each.pk == point.pk for each in rule.points.all())
