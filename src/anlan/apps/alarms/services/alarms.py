"""Turns the kernel's events into alarm rows. The ids come from the kernel, so a replay writes nothing twice."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from django.db import transaction

from anlan.apps.alarms.models import Alarm, AlarmChange, AlarmEnd, AlarmEvent, AlarmOrigin, AlarmState
from anlan.apps.alarms.services.chattering import mark_chattering
from anlan.apps.alarms.services.hooks import tell
from anlan.apps.alarms.services.out_of_alarm import withhold_new
from anlan.apps.delivery.services import hint
from anlan.apps.journal import services as journal
from anlan.apps.registry.models import Point
from anlan.apps.registry.selectors import equipment
from anlan.database import bulk
from anlan.database.chunks import chunks
from anlan.database.instants import instant as instant
from anlan.now import is_ahead
from anlan.stream.alarm import AlarmEvent as KernelEvent
from anlan.stream.alarm import Change, Peak

"""Instants come from the stream as whole microseconds; adding to the epoch keeps every one of them."""
_KEPT = [
    "state",
    "level",
    "worst",
    "value",
    "limit",
    "worst_limit",
    "extreme",
    "changed_at",
    "cleared_at",
    "chatters",
    "ended_by",
]

CORRECTED = "alarm_start_corrected"
"""Act: an alarm began at another time than was written."""
FURTHEST: dict[str, Callable[..., float]] = {"low": min, "high": max}
"""What is worse, of the sides that have limits; the value of a data fault has no worst."""

logger = logging.getLogger(__name__)


@transaction.atomic
def apply_events(events: Iterable[KernelEvent], now: datetime, *, react: bool = True) -> int:
    """Write events in their order; returns how many were new. Handlers of changed sources run inside.

    Joins the caller's transaction, so that alarms and the engine's checkpoint stand or fall together. An event that is
    already there changes nothing. An event of a point that the registry no longer has is logged and left out.
    ``react`` False writes the alarms alone, for an engine whose handlers keep failing and are tried again later.
    """
    fresh = _new_only(list(events))
    if not fresh:
        return 0
    points = _points({event.point for event in fresh})
    fresh = [event for event in fresh if event.point in points]
    # whoever decides about an enterprise holds its chain before anything else: nobody meets another half-way
    journal.hold({f"enterprise:{event.enterprise}" for event in fresh})
    alarms = _alarms(fresh)
    of_side: dict[tuple[int, str], list[Alarm]] = defaultdict(list)
    for alarm in alarms.values():
        of_side[alarm.point_id, str(alarm.side)].append(alarm)
    made: dict[str, Alarm] = {}
    touched: dict[str, Alarm] = {}
    rows: list[AlarmEvent] = []
    for event in fresh:
        point = points[event.point]
        if event.alarm_id not in alarms:
            before = of_side[point.pk, str(event.side)]
            for stale in before:
                if stale.state == AlarmState.ACTIVE:
                    rows.append(_supersede(stale, event))
                    touched[stale.pk] = stale
            alarms[event.alarm_id] = made[event.alarm_id] = _begin(event, point)
            before.append(alarms[event.alarm_id])
        alarm = alarms[event.alarm_id]
        if event.alarm_id not in made and is_ahead(alarm.detected_at, instant(event.detected_us)):
            _set_back(alarm, event, now)
        _follow(alarm, event)
        touched[alarm.pk] = alarm
        rows.append(_row(event, alarm))
    withhold_new(made.values(), {point.pk: point for point in points.values()}, now)
    mark_chattering(touched.values(), made)
    # returns first: at no moment may one side of a point have two active alarms
    Alarm.objects.bulk_update([a for key, a in touched.items() if key not in made], _KEPT, batch_size=200)
    Alarm.objects.bulk_create(made.values(), batch_size=200)
    AlarmEvent.objects.bulk_create(rows, batch_size=200)
    for code, count in _by_enterprise(fresh).items():
        hint("alarm", code, kind="changed", count=count)
    if react:
        tell((a.source_id for a in touched.values() if a.source_id is not None), now)
    return len(fresh)


def _new_only(events: list[KernelEvent]) -> list[KernelEvent]:
    unique = {event.event_id: event for event in events}
    known: set[str] = set()
    for ids in chunks(unique):
        known.update(AlarmEvent.objects.by_the_machine().filter(pk__in=ids).values_list("pk", flat=True))
    return [event for key, event in unique.items() if key not in known]


def _points(codes: set[str]) -> dict[str, Point]:
    found: dict[str, Point] = {}
    for part in chunks(sorted(codes)):
        found.update({point.code: point for point in equipment.points_with(part)})
    for code in codes - found.keys():
        logger.error("an alarm of point %s, which the registry does not have, is left out", code)
    return found


def _alarms(events: Sequence[KernelEvent]) -> dict[str, Alarm]:
    """The alarms that the events speak of, and whatever is active on the same points."""
    found: dict[str, Alarm] = {}
    machine = Alarm.objects.by_the_machine
    for ids in chunks(sorted({event.alarm_id for event in events})):
        found.update({alarm.pk: alarm for alarm in machine().filter(pk__in=ids)})
    for codes in chunks(sorted({event.point for event in events})):
        active = machine().filter(point__code__in=codes, state=AlarmState.ACTIVE, origin=AlarmOrigin.PLATFORM)
        found.update({alarm.pk: found.get(alarm.pk, alarm) for alarm in active})
    return found


def _begin(event: KernelEvent, point: Point) -> Alarm:
    return Alarm(
        id=event.alarm_id,
        enterprise_id=point.enterprise_id,
        source_id=point.source_id,
        point=point,
        side=event.side,
        level=event.level,
        worst=event.worst,
        started_at=instant(event.since_us),
        raised_at=instant(event.at_us),
        detected_at=instant(event.detected_us),
        changed_at=instant(event.at_us),
    )


def _set_back(alarm: Alarm, event: KernelEvent, now: datetime) -> None:
    """Our own clock stood ahead when the alarm was found: it cannot have been after what follows from it. What was
    written at the time stays in its events, and in the enterprise's chain."""
    at, detected = instant(event.at_us), instant(event.detected_us)
    latest = {"started_at": at, "raised_at": at, "detected_at": detected}
    before = {name: getattr(alarm, name) for name in latest}
    after = {name: min(was, latest[name]) for name, was in before.items()}
    for name, value in after.items():
        setattr(alarm, name, value)
    alarm.save(update_fields=list(latest))
    chain, subject = f"enterprise:{event.enterprise}", f"alarm:{alarm.pk}"
    journal.record(chain, CORRECTED, at=now, subject=subject, before=before, after=after)


def _follow(alarm: Alarm, event: KernelEvent) -> None:
    alarm.level, alarm.worst, alarm.changed_at = event.level, event.worst, instant(event.at_us)
    alarm.value = event.value
    if event.change != Change.CLEARED:  # the limit that it ends by may be another than the one it was judged by
        alarm.limit = event.limit
    if event.change in (Change.RAISED, Change.WORSENED) and event.level == event.worst:
        alarm.worst_limit = event.limit
    if event.change == Change.CLEARED:
        alarm.state, alarm.cleared_at, alarm.ended_by = AlarmState.CLEARED, instant(event.at_us), event.reason
    else:
        alarm.state, alarm.cleared_at, alarm.ended_by = AlarmState.ACTIVE, None, ""
    if event.side in FURTHEST:
        known = [number for number in (alarm.extreme, event.extreme, event.value) if number is not None]
        alarm.extreme = FURTHEST[event.side](known) if known else None


@transaction.atomic
def record_peaks(peaks: Iterable[Peak]) -> None:
    """Write how far open alarms have gone; saying it again, or something less far, changes nothing.

    No act of anybody and no change of state: nothing is graded or journaled for it. Joins the caller's transaction.
    """
    furthest: dict[str, Peak] = {peak.alarm_id: peak for peak in peaks}
    known: dict[str, float | None] = {}
    for ids in chunks(sorted(furthest)):
        known.update(Alarm.objects.by_the_machine().filter(pk__in=ids).values_list("pk", "extreme"))
    rows = [
        (key, peak.extreme)
        for key, peak in furthest.items()
        if key in known and known[key] != FURTHEST[peak.side](peak.extreme, _or(known[key], peak.extreme))
    ]
    bulk.update(Alarm, ["extreme"], rows)


def _or(number: float | None, other: float) -> float:
    return other if number is None else number


def _supersede(alarm: Alarm, event: KernelEvent) -> AlarmEvent:
    """Close an alarm whose end was never seen (the engine lost its state): a new excursion proves that it is over."""
    logger.warning("alarm %s of point %s is closed by its successor %s", alarm.pk, event.point, event.alarm_id)
    alarm.state, alarm.cleared_at = AlarmState.CLEARED, instant(event.since_us)
    alarm.changed_at, alarm.ended_by = instant(event.since_us), AlarmEnd.SUPERSEDED
    return AlarmEvent(
        id=f"{event.event_id[:24]}superse",
        alarm=alarm,
        enterprise_id=alarm.enterprise_id,
        change=AlarmChange.CLEARED,
        level=alarm.level,
        value=None,
        at=instant(event.since_us),
        detected_at=instant(event.detected_us),
    )


def _row(event: KernelEvent, alarm: Alarm) -> AlarmEvent:
    return AlarmEvent(
        id=event.event_id,
        alarm=alarm,
        enterprise_id=alarm.enterprise_id,
        change=event.change,
        level=event.level,
        value=event.value,
        at=instant(event.at_us),
        detected_at=instant(event.detected_us),
    )


def _by_enterprise(events: Iterable[KernelEvent]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for event in events:
        counts[event.enterprise] = counts.get(event.enterprise, 0) + 1
    return counts
