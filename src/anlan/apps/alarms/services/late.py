"""Writes down what late data showed: retrospective records, and corrected starts and worst values of alarms.

No handler of alarms is called from here, so no warning is raised and no clock restarted, whatever the data say.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2b

from django.db import transaction
from django.db.models import Q

from anlan.apps.alarms.models import Alarm, AlarmOrigin, Retrospective, Shown
from anlan.apps.alarms.services.alarms import CORRECTED, FURTHEST, instant
from anlan.apps.journal import services as journal
from anlan.apps.registry.models import Point
from anlan.apps.registry.selectors import equipment
from anlan.stream.lookback import Excursion

FOUND = "late_excursion"
EXTENDED = "late_excursion_changed"
FURTHER = "alarm_extreme_corrected"


@transaction.atomic
def record_late(found: Iterable[Excursion], received_at: datetime, now: datetime) -> int:
    """Record excursions that late data took part in; returns how many rows were added or changed.

    An excursion that an alarm has already is no news, unless it began earlier or went further than the samples that
    came in time: then the alarm's start or worst value is corrected, and that stands in the enterprise's chain.
    Recording the same again changes nothing.
    """
    found = list(found)
    rows = equipment.points_with({each.point for each in found})
    points = {point.code: point for point in rows.select_related("enterprise")}
    found = [each for each in found if each.point in points]
    journal.hold({f"enterprise:{points[each.point].enterprise.code}" for each in found})
    return sum(_record(each, points[each.point], received_at, now) for each in found)


def _record(each: Excursion, point: Point, received_at: datetime, now: datetime) -> bool:
    began = instant(each.since_us)
    overlapping = Q(point=point, side=each.side) & (Q(cleared_at=None) | Q(cleared_at__gte=began))
    if each.cleared_us is not None:
        overlapping &= Q(started_at__lte=instant(each.cleared_us))
    alarms = Alarm.objects.by_the_machine().select_for_update().filter(overlapping, origin=AlarmOrigin.PLATFORM)
    standing = list(alarms.order_by("started_at"))
    if standing:
        earlier = standing[0].started_at > began and _correct(standing[0], each, point, received_at, now)
        further = [_went_further(alarm, each, point, received_at, now) for alarm in standing]
        return earlier or any(further)
    known = (
        Retrospective.objects.by_the_machine()
        .select_for_update()
        .filter(overlapping, shown=Shown.EXCURSION)
        .order_by("started_at")
        .first()
    )
    figures = _figures(each)
    if known is None:
        Retrospective.objects.create(
            id=each.alarm_id,
            **_of(point),
            shown=Shown.EXCURSION,
            side=each.side,
            received_at=received_at,
            found_at=now,
            **figures,
        )
        _journal(FOUND, point, each.alarm_id, now, None, figures)
        return True
    before = {name: getattr(known, name) for name in figures}
    if before == figures:
        return False
    for name, value in figures.items():
        setattr(known, name, value)
    known.received_at, known.found_at = received_at, now
    known.save()
    _journal(EXTENDED, point, known.pk, now, before, figures)
    return True


def _correct(alarm: Alarm, each: Excursion, point: Point, received_at: datetime, now: datetime) -> bool:
    """Only the start: when the alarm was raised and known stays as it was, and every clock counts from there."""
    was, began = alarm.started_at, instant(each.since_us)
    alarm.started_at = began
    alarm.save(update_fields=["started_at"])
    Retrospective.objects.get_or_create(
        id=blake2b(f"{alarm.pk}\x1f{each.since_us}".encode(), digest_size=16).hexdigest(),
        defaults={
            **_of(point),
            "alarm": alarm,
            "shown": Shown.EARLIER,
            "side": each.side,
            "was_started_at": was,
            "received_at": received_at,
            "found_at": now,
            **_figures(each),
        },
    )
    _journal(CORRECTED, point, alarm.pk, now, {"started_at": was}, {"started_at": began, "received_at": received_at})
    return True


def _went_further(alarm: Alarm, each: Excursion, point: Point, received_at: datetime, now: datetime) -> bool:
    """The worst value, of the alarm within which it was reached: what the curve shows, the alarm says too."""
    at, was = instant(each.extreme_us), alarm.extreme
    if at < alarm.started_at or (alarm.cleared_at is not None and at > alarm.cleared_at):
        return False
    if was is not None and FURTHEST[each.side](was, each.extreme) == was:
        return False
    alarm.extreme = each.extreme
    alarm.save(update_fields=["extreme"])
    _journal(FURTHER, point, alarm.pk, now, {"extreme": was}, {"extreme": each.extreme, "received_at": received_at})
    return True


def _figures(each: Excursion) -> dict[str, object]:
    return {
        "worst": each.worst,
        "limit": each.limit,
        "extreme": each.extreme,
        "started_at": instant(each.since_us),
        "cleared_at": None if each.cleared_us is None else instant(each.cleared_us),
    }


def _of(point: Point) -> dict[str, object]:
    return {"enterprise_id": point.enterprise_id, "source_id": point.source_id, "point": point}


def _journal(act: str, point: Point, subject: str, at: datetime, before: object, after: dict[str, object]) -> None:
    journal.record(
        f"enterprise:{point.enterprise.code}",
        act,
        at=at,
        subject=f"alarm:{subject}",
        before=before,
        after={"point": point.code, **after},
    )
