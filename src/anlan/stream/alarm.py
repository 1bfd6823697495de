"""What the kernel says when the state of a point changes, and the ids that make saying it twice harmless.

An alarm is one excursion of one side of one point: high, high-high, high, normal is one alarm whose worst was
high-high. Ids depend on the samples alone, never on process, clock or batch, so that an event computed again after a
crash has the id it had before.
"""

from __future__ import annotations

from enum import StrEnum
from hashlib import blake2b

import msgspec


class Side(StrEnum):
    """What is wrong with a point; each side alarms by itself."""

    LOW = "low"
    HIGH = "high"
    FLATLINE = "flatline"
    BAD_QUALITY = "bad_quality"
    NO_DATA = "no_data"


class Change(StrEnum):
    """What happened to the alarm of a side."""

    RAISED = "raised"
    WORSENED = "worsened"
    EASED = "eased"
    CLEARED = "cleared"


BIT_LL, BIT_L, BIT_H, BIT_HH, BIT_FLATLINE, BIT_BAD, BIT_NO_DATA = (1 << bit for bit in range(7))
"""Alarm bits of a point as they stand in `Kernel.bits` and in live answers."""


SWITCHED_OFF = "switched_off"
"""The point is no longer in use: nothing will ever say that it is back in range."""


class AlarmEvent(msgspec.Struct, frozen=True, gc=False):
    """One change of one alarm.

    `level` is the level after the change ("HH", "H", "L", "LL", or the name of the side; at `cleared` the last one),
    `worst` the worst level so far. `value` and `limit` are None where the side has none. `since_us` is the sample time
    at which the excursion began, `at_us` the sample time of this change (for no_data: times of receipt), `detected_us`
    when the server could know it. All epoch µs. `extreme` is the furthest usable value from `since_us` to this change,
    of the samples that the alarm was judged by; None for sides without limits. `reason`: why an alarm ended that did
    not end by a sample (`SWITCHED_OFF`).
    """

    event_id: str
    alarm_id: str
    point: str
    enterprise: str
    source: str
    side: Side
    change: Change
    level: str
    worst: str
    value: float | None
    limit: float | None
    since_us: int
    at_us: int
    detected_us: int
    extreme: float | None = None
    reason: str = ""


class Peak(msgspec.Struct, frozen=True, gc=False):
    """An open alarm went further since it was last spoken of, without a change of its level."""

    gateway: str
    alarm_id: str
    side: Side
    extreme: float


class OpenAlarm(msgspec.Struct, array_like=True):
    """The memory of an alarm while it is open. `level` and `worst`: 1 or 2 for limits, 1 for the other sides.
    `told`: the furthest value that was said of it, in an event or a `Peak`."""

    alarm_id: str
    since_us: int
    level: int
    worst: int
    changes: int = 0
    told: float | None = None


class KnownAlarm(msgspec.Struct, frozen=True):
    """An open alarm as it is on record; `changes`: how many events of it are, `changed_us`: the `at_us` of the last."""

    alarm_id: str
    point: str
    enterprise: str
    source: str
    side: Side
    level: str
    worst: str
    since_us: int
    changed_us: int
    changes: int
    extreme: float | None = None


def alarm_id(point: str, side: Side, since_us: int) -> str:
    """Id of the alarm of `side` of `point` that began at `since_us`; 32 hex digits."""
    return _digest(point, side, str(since_us))


def event_id(alarm: str, number: int, change: Change) -> str:
    """Id of the `number`-th change of an alarm; 32 hex digits."""
    return _digest(alarm, str(number), change)


def level_name(side: Side, level: int) -> str:
    """The word for a numeric level of a side."""
    if side is Side.HIGH:
        return "HH" if level == 2 else "H"
    if side is Side.LOW:
        return "LL" if level == 2 else "L"
    return side.value


def level_of(side: Side, name: str) -> int:
    """The numeric level of a word; the reverse of `level_name`."""
    return 2 if name == level_name(side, 2) != level_name(side, 1) else 1


def ended(alarm: KnownAlarm, at_us: int, reason: str) -> AlarmEvent:
    """What is said of an alarm on record that no sample will end."""
    return AlarmEvent(
        event_id=event_id(alarm.alarm_id, alarm.changes + 1, Change.CLEARED), alarm_id=alarm.alarm_id,
        point=alarm.point, enterprise=alarm.enterprise, source=alarm.source, side=alarm.side, change=Change.CLEARED,
        level=alarm.level, worst=alarm.worst, value=None, limit=None, since_us=alarm.since_us, at_us=at_us,
        detected_us=at_us, reason=reason,
    )  # fmt: skip


def _digest(*parts: str) -> str:
    return blake2b("\x1f".join(parts).encode("utf-8"), digest_size=16).hexdigest()
