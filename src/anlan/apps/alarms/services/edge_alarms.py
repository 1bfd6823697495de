"""Alarms that an enterprise's own system raised, kept beside those of the platform and never merged with them.

They are recorded and shown, marked by their origin. Whether they count in grading is a local setting
(``edge_alarms_grade``), no as shipped: the platform computes its own.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from anlan.apps.alarms.models import Alarm, AlarmChange, AlarmEvent, AlarmOrigin, AlarmState
from anlan.apps.alarms.services.alarms import instant
from anlan.apps.alarms.services.hooks import tell, told_limits
from anlan.apps.delivery.services import hint
from anlan.apps.journal import services as journal
from anlan.apps.registry.models import Point
from anlan.apps.registry.selectors import equipment
from anlan.database.chunks import chunks
from anlan.stream.edge_alarm import SEVERITY, EdgeAlarm

logger = logging.getLogger(__name__)


@transaction.atomic
def apply_edge_alarms(records: Iterable[EdgeAlarm], now: datetime, *, react: bool = True) -> int:
    """Write what enterprises' systems say; returns the number of changes that were new.

    The newest word of an alarm stands, by the sender's own time of change; an older or repeated one changes nothing,
    but that it is over, which is the last word of every alarm whatever its time says: a clock may have gone back. A
    point that is none of this gateway's is logged and left out.
    """
    told = sorted(records, key=lambda each: (each.is_over, each.changed_us))
    if not told:
        return 0
    points = _points(told)
    told = [each for each in told if each.point in points and points[each.point].gateway.code == each.gateway]
    journal.hold({f"enterprise:{points[each.point].enterprise.code}" for each in told})
    known: dict[str, Alarm] = {}
    for ids in chunks(sorted({each.alarm_id for each in told})):
        known.update({alarm.pk: alarm for alarm in Alarm.objects.by_the_machine().filter(pk__in=ids)})
    made: dict[str, Alarm] = {}
    touched: dict[str, Alarm] = {}
    events: dict[str, AlarmEvent] = {}
    for each in told:
        alarm = known.get(each.alarm_id)
        if alarm is None:
            alarm = known[each.alarm_id] = made[each.alarm_id] = _begin(each, points[each.point])
            touched[alarm.pk] = alarm
            begun = _event(each, alarm, AlarmChange.RAISED, each.started, alarm.started_at)
            events[begun.pk] = begun
        change = _follow(alarm, each)
        if change is not None:
            touched[alarm.pk] = alarm
            event = _event(each, alarm, change, alarm.level, alarm.changed_at)
            events[event.pk] = event
    Alarm.objects.bulk_create(made.values(), batch_size=200)
    Alarm.objects.bulk_update(
        [alarm for key, alarm in touched.items() if key not in made],
        ["state", "level", "worst", "value", "limit", "worst_limit", "extreme", "changed_at", "cleared_at"],
        batch_size=200,
    )
    AlarmEvent.objects.bulk_create(events.values(), batch_size=200, ignore_conflicts=True)
    for code in sorted({points[each.point].enterprise.code for each in told}):
        hint("alarm", code, kind="changed", count=len(events))
    told_limits([alarm for key, alarm in touched.items() if alarm.limit is not None], now)
    if react:
        tell((alarm.source_id for alarm in touched.values() if alarm.source_id is not None), now)
    return len(events)


def _points(told: list[EdgeAlarm]) -> dict[str, Point]:
    found: dict[str, Point] = {}
    for codes in chunks(sorted({each.point for each in told})):
        rows = equipment.points_with(codes).select_related("gateway", "enterprise")
        found.update({point.code: point for point in rows})
    for each in told:
        point = found.get(each.point)
        if point is None or point.gateway.code != each.gateway:
            logger.warning("gateway %s tells of an alarm of %s, which is no point of it", each.gateway, each.point)
    return found


def _begin(each: EdgeAlarm, point: Point) -> Alarm:
    started = instant(each.started_us)
    return Alarm(
        id=each.alarm_id,
        enterprise_id=point.enterprise_id,
        source_id=point.source_id,
        point=point,
        side=each.side,
        level=each.started,
        worst=each.started,
        value=each.value,
        limit=each.limit,
        worst_limit=each.limit,
        extreme=each.value,
        started_at=started,
        raised_at=started,
        detected_at=instant(each.received_us),
        changed_at=started,
        origin=AlarmOrigin.EDGE,
    )


def _follow(alarm: Alarm, each: EdgeAlarm) -> AlarmChange | None:
    """Take up the sender's word; the change it is, None for none."""
    at = instant(each.changed_us)
    if alarm.origin != AlarmOrigin.EDGE or alarm.state == AlarmState.CLEARED:
        return None
    if at < alarm.changed_at and not each.is_over:
        return None
    at = max(at, alarm.changed_at)
    before = alarm.level
    if SEVERITY[each.worst] > SEVERITY[alarm.worst]:
        alarm.worst, alarm.worst_limit = each.worst, each.limit if each.level == each.worst else None
    if each.value is not None:
        further = min if each.side == "low" else max
        alarm.value = each.value
        alarm.extreme = each.value if alarm.extreme is None else further(alarm.extreme, each.value)
    alarm.limit = alarm.limit if each.limit is None else each.limit
    if each.is_over:
        alarm.state, alarm.cleared_at, alarm.changed_at = AlarmState.CLEARED, at, at
        return AlarmChange.CLEARED
    if each.level == before:
        return None
    alarm.level, alarm.changed_at = each.level, at
    return AlarmChange.WORSENED if SEVERITY[each.level] > SEVERITY[before] else AlarmChange.EASED


def _event(each: EdgeAlarm, alarm: Alarm, change: AlarmChange, level: str, at: datetime) -> AlarmEvent:
    return AlarmEvent(
        id=each.event_id(change),
        alarm=alarm,
        enterprise_id=alarm.enterprise_id,
        change=change,
        level=level,
        value=each.value,
        at=at,
        detected_at=instant(each.received_us),
    )
