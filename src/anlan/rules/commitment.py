"""每日风险研判与安全承诺: by when, what must agree with what, and which day is one of high risk.

数据质量管理办法 第七条: every day before the hour the enterprise enters its assessment and its principal commits; all
items are mandatory. What the items are called stands in the form of the app; what they must add up to stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from anlan.rules.calendar import Deadline, at, before_clock, civil_day, midnight
from anlan.rules.rulebook import RulesInForce
from anlan.rules.submission import Judgement, judge


class DayRisk(StrEnum):
    """安全风险等级 that an enterprise gives its own day."""

    LOW = "low"
    GENERAL = "general"
    LARGER = "larger"
    MAJOR = "major"


HIGH = frozenset({DayRisk.LARGER, DayRisk.MAJOR})
"""Days of high risk: they put an enterprise on the watch list (COM-09)."""

IMPLIED = (
    ("contractors", "has_contractors", "有承包商作业"),
    ("starting", "in_start_or_stop", "处于开停车状态"),
    ("stopping", "in_start_or_stop", "处于开停车状态"),
)
"""A number above zero, and the question that it answers with 是."""


def deadline(day: date, rules: RulesInForce) -> Deadline:
    """数据质量管理办法 第七条: strictly before the hour of that day."""
    return before_clock(day, rules.clock("commitment.before"))


def reminder(day: date, rules: RulesInForce) -> datetime:
    """本地设定: when whoever commits is asked for it on that day; never later than the commitment is owed."""
    return min(at(day, rules.clock("commitment_reminder")), deadline(day, rules).at)


def timeliness(day: date, rules: RulesInForce, now: datetime, first_at: datetime | None) -> Judgement:
    """GEN-08, COM-07: where the day stands, by the first complete version; after its 24:00 it is missing."""
    closes = midnight(date.fromordinal(day.toordinal() + 1))
    return judge(deadline(day, rules), now, first_at, closes)


def late_minutes(day: date, rules: RulesInForce, first_at: datetime) -> int:
    """Whole minutes since the hour, rounded down; 0 for what came at the hour itself, which is late all the same."""
    return max(0, int((first_at - deadline(day, rules).at).total_seconds() // 60))


def belongs(begins_at: datetime, reported_at: datetime, promised_at: datetime) -> bool:
    """[reading] COM-05, PTW-03: whether a promise made at an instant must speak of a work or a start that is on record.

    What had begun or was reported by then belongs in it. What came up afterwards and was put on record the same day was
    not known to anybody and makes no promise false; what was put on record a day later, or later still, does.
    """
    return begins_at <= promised_at or reported_at <= promised_at or civil_day(reported_at) > civil_day(begins_at)


def disagreements(values: Mapping[str, Any]) -> dict[str, str]:
    """What does not add up, by the item that it is said beside: units in all are those that run, stand still and are
    under repair; a number above zero and its question say the same (COM-03)."""
    wrong: dict[str, str] = {}
    units = [values.get(key) for key in ("units", "running", "stopped", "in_repair")]
    if None not in units and units[0] != sum(units[1:]):  # type: ignore[arg-type]  # none of them is None
        total, running, stopped, in_repair = units
        wrong["units"] = f"总数 {total} 套，而运行 {running} + 停产 {stopped} + 检修 {in_repair} = {sum(units[1:])} 套"  # type: ignore[arg-type]
    for number, question, words in IMPLIED:
        if values.get(number) and values.get(question) is False:
            wrong[question] = f"“{words}”须为“是”：前面填了 {values[number]}"
    if values.get("has_contractors") and values.get("contractors") == 0:
        wrong["has_contractors"] = "填了“是”，而承包商为 0 家"
    return wrong
