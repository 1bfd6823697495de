"""特殊作业当日报告: kinds and grades of dangerous work, by when it is reported, what counts as a supplement.

The kinds and grades of special work are those of GB 30871-2022; beside them stand the works that the daily commitment
counts as well. By when a day is reported, and that none is reported as 无, are local settings: no national article
says so. What a promise must speak of stands in `rules.commitment`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum

from anlan.rules.calendar import Deadline, before_clock, civil_day, midnight
from anlan.rules.rulebook import RulesInForce
from anlan.rules.submission import Judgement, judge


class Work(StrEnum):
    """GB 30871-2022: the eight kinds of special work; then what is dangerous and none of them."""

    HOT = "hot"
    CONFINED_SPACE = "confined_space"
    BLINDING = "blinding"
    HEIGHT = "height"
    LIFTING = "lifting"
    TEMPORARY_POWER = "temporary_power"
    EXCAVATION = "excavation"
    ROAD_CLOSING = "road_closing"
    REPAIR = "repair_work"
    TANK_TRANSFER = "tank_transfer"
    TANK_CLEANING = "tank_cleaning"
    DRAINING = "draining"


OTHER = frozenset({Work.REPAIR, Work.TANK_TRANSFER, Work.TANK_CLEANING, Work.DRAINING})
"""Dangerous work that is no special work: it may be put on record, and “无” may be reported beside it."""


class Grade(StrEnum):
    """Grades of hot work (5.1), work at height (8.1) and lifting (9.1)."""

    NONE = ""
    SPECIAL = "special"
    FIRST = "first"
    SECOND = "second"
    THIRD = "third"
    FOURTH = "fourth"


GRADES: dict[Work, tuple[Grade, ...]] = {
    Work.HOT: (Grade.SPECIAL, Grade.FIRST, Grade.SECOND),
    Work.HEIGHT: (Grade.FIRST, Grade.SECOND, Grade.THIRD, Grade.FOURTH),
    Work.LIFTING: (Grade.FIRST, Grade.SECOND, Grade.THIRD),
}
"""GB 30871-2022 5.1, 8.1, 9.1: which kinds are graded, and how; the others have no grade."""

_HOT_ITEMS = {Grade.SPECIAL: "fire_special", Grade.FIRST: "fire_first", Grade.SECOND: "fire_second"}


def item_of(kind: Work, grade: Grade) -> str:
    """The item of the daily commitment in which a work is counted: hot work by its grade, all others by their kind."""
    return _HOT_ITEMS[grade] if kind is Work.HOT else str(kind)


ITEMS = tuple(dict.fromkeys(item_of(kind, grade) for kind in Work for grade in GRADES.get(kind, (Grade.NONE,))))
"""All items that works are counted in, in the order of the kinds."""
SPECIAL_ITEMS = tuple(
    dict.fromkeys(
        item_of(kind, grade) for kind in Work if kind not in OTHER for grade in GRADES.get(kind, (Grade.NONE,))
    )
)
"""Those of them that count special work: a report of the day speaks of all of these."""


def disagreements(kind: Work, grade: Grade, begins_at: datetime, ends_at: datetime) -> dict[str, str]:
    """What does not fit together in what is said of a work, by the field that it is said beside."""
    wrong: dict[str, str] = {}
    allowed = GRADES.get(kind, ())
    if allowed and grade not in allowed:
        wrong["grade"] = "请选择这类作业的级别"
    elif not allowed and grade is not Grade.NONE:
        wrong["grade"] = "这类作业不分级，请不要选级别"
    if ends_at <= begins_at:
        wrong["ends_at"] = "结束须晚于开始"
    return wrong


def deadline(day: date, rules: RulesInForce) -> Deadline:
    """本地设定: strictly before the hour of that day."""
    return before_clock(day, rules.clock("special_work_before"))


def timeliness(day: date, rules: RulesInForce, now: datetime, first_at: datetime | None) -> Judgement:
    """GEN-08: where the report of a day stands; after its 24:00 it is missing."""
    return judge(deadline(day, rules), now, first_at, midnight(date.fromordinal(day.toordinal() + 1)))


def is_supplement(begins_at: datetime, reported_at: datetime) -> bool:
    """补录: put on record when the work had begun."""
    return reported_at >= begins_at


def is_late(begins_at: datetime, reported_at: datetime) -> bool:
    """A supplement of a later day than that on which the work began is late; of the same day it is not."""
    return civil_day(reported_at) > civil_day(begins_at)


def is_special(kinds: Iterable[Work]) -> bool:
    """Whether any of these is special work, beside which “无” cannot be reported."""
    return any(kind not in OTHER for kind in kinds)
