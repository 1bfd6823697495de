"""Alarms that an enterprise's own system raised, as existing gateways send them: a second source beside the platform.

Vendors number levels differently, so their codes are mapped here, at the border, by tables. Ids are made of what was
sent alone: the same record twice is one alarm. Nothing here compares them with what the platform found itself.
"""

from __future__ import annotations

from hashlib import blake2b
from math import isfinite
from typing import Any

import msgspec

from anlan.stream.alarm import Side
from anlan.stream.envelope import Record
from anlan.stream.number import number_in
from anlan.stream.packet import PacketError, Refusal, is_true, parse_time
from anlan.stream.tags import MAX_TAG

MAX_ALARMS = 5_000
OLDEST_US = 366 * 86_400_000_000
"""An alarm may have begun so long before it is told, as what is sent up later may; 1601, 1970 and 2000 mean nothing."""
SEVERITY = {"": 0, "H": 1, "L": 1, "HH": 2, "LL": 2}
_NAMES = {
    "HH": "HH", "H": "H", "L": "L", "LL": "LL", "高高": "HH", "高": "H", "低": "L", "低低": "LL", "高高报": "HH",
    "高报": "H", "低报": "L", "低低报": "LL", "": "", "0": "", "正常": "", "normal": "",
}  # fmt: skip
CODES: dict[str, dict[str, str]] = {
    "level": {**_NAMES, "1": "HH", "2": "H", "3": "L", "4": "LL", "5": ""},
    "point": {**_NAMES, "1": "", "2": "", "3": "L", "4": "H", "5": ""},
}
"""Code system → code → level, "" for none. ``level``: 1 高高, 2 高, 3 低, 4 低低; ``point``: 3 低, 4 高."""


class EdgeAlarm(msgspec.Struct, frozen=True, gc=False):
    """What one record says of one alarm. Times in epoch µs; ``level`` is empty when the sender calls it over.

    Nothing begins or changes after it was received, or changes before it began: a clock that says so is not believed,
    or whatever is said afterwards would look older and the alarm never end. Its id is made of the time as it was sent.
    """

    alarm_id: str
    gateway: str
    point: str
    side: Side
    started: str
    worst: str
    level: str
    value: float | None
    limit: float | None
    started_us: int
    changed_us: int
    received_us: int
    dispel: str

    @property
    def is_over(self) -> bool:
        return not self.level

    def event_id(self, change: str) -> str:
        """Deterministic, one a change of this alarm."""
        return _digest(self.alarm_id, change, str(self.changed_us), self.level)


class _Report(msgspec.Struct, gc=False):
    alarms: list[msgspec.Raw]
    alarmCodes: str = "level"


class _Packet(msgspec.Struct, gc=False):
    report: _Report


_NONE = msgspec.Raw(b"null")


class _Alarm(msgspec.Struct, gc=False):
    targetCode: str | int
    alarmTime: str | int
    startStatus: str | int
    alarmValue: msgspec.Raw = _NONE
    threshold: msgspec.Raw = _NONE
    worstStatus: str | int | None = None
    currentStatus: str | int | None = None
    statusChangedTime: str | int | None = None
    isDispel: Any = False
    dispelType: Any = None


_packet = msgspec.json.Decoder(_Packet)
_alarm = msgspec.json.Decoder(_Alarm)
_BROKEN = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)


def read(record: Record) -> tuple[list[EdgeAlarm], int]:
    """The alarms of a record, and how many of its entries could not be read. Raises `PacketError` when it is no packet
    of alarms at all, or names a code system that is not known."""
    body = record.body[3:] if record.body[:3] == b"\xef\xbb\xbf" else record.body
    try:
        report = _packet.decode(body).report
    except _BROKEN as error:
        raise PacketError(Refusal.MALFORMED, "报警报文无法读出") from error
    codes = CODES.get(report.alarmCodes)
    if codes is None:
        raise PacketError(Refusal.MALFORMED, f"alarmCodes 只能是 {'、'.join(CODES)}")
    if len(report.alarms) > MAX_ALARMS:
        raise PacketError(Refusal.TOO_MANY_SAMPLES, f"单个报文最多 {MAX_ALARMS} 条报警")
    found: list[EdgeAlarm] = []
    damaged = 0
    for raw in report.alarms:
        try:
            found.append(_read_one(_alarm.decode(raw), codes, record))
        except (*_BROKEN, PacketError, KeyError, ValueError):
            damaged += 1
    return found, damaged


def _read_one(alarm: _Alarm, codes: dict[str, str], record: Record) -> EdgeAlarm:
    point = str(alarm.targetCode)
    if not 0 < len(point) <= MAX_TAG or not point.isprintable():
        raise ValueError("no point has such a code, and a database does not even look for one with a NUL")
    started = codes[str(alarm.startStatus).strip()]
    if not started:
        raise ValueError("an alarm begins with a level")
    current = started if alarm.currentStatus is None else codes[str(alarm.currentStatus).strip()]
    worst = started if alarm.worstStatus is None else codes[str(alarm.worstStatus).strip()]
    over = alarm.isDispel not in (None, "") and is_true(alarm.isDispel)
    side = Side.HIGH if "H" in started else Side.LOW
    levels = [level for level in (started, worst, current) if level and ("H" in level) == ("H" in started)]
    sent_us, received_us = _micros(alarm.alarmTime), record.received_at_us
    started_us = min(sent_us, received_us) if sent_us >= received_us - OLDEST_US else received_us
    changed = alarm.statusChangedTime
    changed_us = started_us if changed is None or changed == "" else _micros(changed)
    return EdgeAlarm(
        alarm_id=_digest("edge", record.gateway, point, side, str(sent_us)),
        gateway=record.gateway,
        point=point,
        side=side,
        started=started,
        worst=max(levels, key=lambda level: SEVERITY[level]),
        level="" if over else current,
        value=_number(alarm.alarmValue),
        limit=_number(alarm.threshold),
        started_us=started_us,
        changed_us=max(started_us, min(changed_us, received_us)),
        received_us=received_us,
        dispel="" if alarm.dispelType is None else str(alarm.dispelType)[:40],
    )


def _micros(text: str | int) -> int:
    moment = parse_time(text)
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond


def _number(raw: msgspec.Raw) -> float | None:
    """An alarm without a readable figure is an alarm."""
    found = number_in(raw)
    return found if isfinite(found) else None


def _digest(*parts: str) -> str:
    return blake2b("\x00".join(parts).encode("utf-8"), digest_size=16).hexdigest()
