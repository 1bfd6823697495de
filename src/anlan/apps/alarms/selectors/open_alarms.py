"""The open alarms on record, as the engine holds them against its memory. Machine's own read."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, QuerySet

from anlan.apps.alarms.models import Alarm, AlarmOrigin, AlarmState
from anlan.database.chunks import chunks
from anlan.stream.alarm import KnownAlarm, Side
from anlan.stream.partition import partition_of


def open_alarms(partitions: Collection[int]) -> dict[str, KnownAlarm]:
    """All that the platform itself raised and that are not back in range, of enterprises in these partitions, by id."""
    found = _known(_open())
    return {key: alarm for key, alarm in found.items() if partition_of(alarm.enterprise) in partitions}


def open_among(ids: Collection[str]) -> dict[str, KnownAlarm]:
    """Those of ``ids`` that are open."""
    found: dict[str, KnownAlarm] = {}
    for some in chunks(sorted(ids)):
        found |= _known(_open().filter(pk__in=some))
    return found


def judged_until(points: Collection[str]) -> dict[str, int]:
    """By code the newest instant, in epoch µs, at which a sample of a point changed an alarm, be it over since. Points
    that never had one are left out, and silences: those no sample begins."""
    found: dict[str, int] = {}
    rows = Alarm.objects.by_the_machine().filter(origin=AlarmOrigin.PLATFORM).exclude(side=Side.NO_DATA)
    for codes in chunks(sorted(points)):
        newest = rows.filter(point__code__in=codes).order_by().values("point__code").annotate(at=Max("changed_at"))
        found |= {row["point__code"]: _micros(row["at"]) for row in newest}
    return found


def _open() -> QuerySet[Any]:
    rows: QuerySet[Any] = Alarm.objects.by_the_machine().filter(state=AlarmState.ACTIVE, origin=AlarmOrigin.PLATFORM)
    return rows


def _known(rows: QuerySet[Any]) -> dict[str, KnownAlarm]:
    fields = (
        "pk",
        "point__code",
        "enterprise__code",
        "source__code",
        "side",
        "level",
        "worst",
        "started_at",
        "changed_at",
        "extreme",
    )
    counted = rows.order_by().values_list(*fields).annotate(changes=Count("events"))
    return {
        key: KnownAlarm(
            key, point, enterprise, source or "", Side(side), level, worst, _micros(started), _micros(changed), changes,
            extreme,
        )
        for key, point, enterprise, source, side, level, worst, started, changed, extreme, changes in counted
    }  # fmt: skip


def _micros(at: datetime) -> int:
    return round(at.timestamp() * 1e6)
