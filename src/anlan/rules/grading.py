"""From alarms to a warning level, by a model that is data (Q-03, MON-08).

No notice gives a model: the shipped one is a local setting and replaceable. This module evaluates whatever rule table
it is given. Flatline, bad quality, no data and a lost link never grade a source; they are findings. Must never read a
clock: when time alone would raise the level, `recheck_at` says when to ask again.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from anlan.rules.level import Level
from anlan.rules.rulebook import LOCAL_LABEL, RulebookError, RulesInForce, source_text

LIMIT_LEVELS = frozenset({"HH", "H", "L", "LL"})
"""The alarm levels that a model may name: only a crossed limit grades."""


class Gas(StrEnum):
    """What a detector measures; `none` for every point that is no gas detector."""

    TOXIC = "toxic"
    COMBUSTIBLE = "combustible"
    OXYGEN = "oxygen"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class GradedAlarm:
    """An alarm as grading sees it: its point, its level now, and its times (aware).

    `level_since` is when it reached its present level, `started_at` when it left normal; without the former the latter
    counts. An alarm back within its limits is not `active` and takes no part, acknowledged or not.
    """

    point: str
    side: str
    level: str
    started_at: datetime
    acknowledged_at: datetime | None = None
    gas: Gas = Gas.NONE
    active: bool = True
    level_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a model. A time condition is met from the instant its length is complete."""

    id: str
    level: Level
    title: str
    alarm_levels: frozenset[str]
    gas: frozenset[Gas] = frozenset()
    points: int = 1
    unacknowledged: timedelta | None = None
    standing: timedelta | None = None

    @property
    def minutes(self) -> int | None:
        """The whole minutes of its time condition; None without one."""
        length = self.unacknowledged if self.unacknowledged is not None else self.standing
        return None if length is None else int(length.total_seconds() // 60)

    def counts_from(self, alarm: GradedAlarm) -> datetime | None:
        """Since when (or from when on) the alarm counts for this rule if it goes on as it is; None: it never will."""
        if not alarm.active or alarm.level not in self.alarm_levels or (self.gas and alarm.gas not in self.gas):
            return None
        level_since = alarm.level_since or alarm.started_at
        start = level_since
        if self.unacknowledged is not None:
            complete = alarm.started_at + self.unacknowledged
            if alarm.acknowledged_at is not None and alarm.acknowledged_at < complete:
                return None
            start = max(start, complete)
        if self.standing is not None:
            start = max(start, level_since + self.standing)
        return start


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the level is what it is: the rule that fired and the points that made it fire."""

    rule: str
    level: Level
    title: str
    points: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grade:
    """The level now, all rules that fired (gravest first), and when time alone would raise it (None: never)."""

    level: Level
    reasons: tuple[Reason, ...]
    recheck_at: datetime | None


@dataclass(frozen=True, slots=True)
class Model:
    """A rule table with its name and version; both are stored with every result."""

    id: str
    version: int
    title: str
    rules: tuple[Rule, ...]

    @property
    def source(self) -> str:
        """Shown with every grade: 本地设定, for no article gives a model."""
        return LOCAL_LABEL


def load_model(rules: RulesInForce, text: str | None = None) -> Model:
    """The shipped model, or one given as TOML text, with its times taken from the settings in force.

    Raises `RulebookError` for a table that could not be evaluated as it reads.
    """
    try:
        raw = tomllib.loads(source_text("grading_model") if text is None else text)
        table = tuple(_rule(line, rules) for line in raw["rule"])
        return Model(str(raw["id"]), int(raw["version"]), str(raw["title"]), table)
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise RulebookError(f"not a grading model: {error}") from error


def grade(alarms: Iterable[GradedAlarm], now: datetime, model: Model) -> Grade:
    """Grade one hazard source from its alarms. Same input, same answer; order of the alarms does not matter."""
    given = list(alarms)
    level, reasons, later = Level.NONE, list[Reason](), list[tuple[datetime, Level]]()
    for rule in model.rules:
        since = _since_by_point(rule, given)
        firing = sorted(point for point, start in since.items() if start <= now)
        if len(firing) >= rule.points:
            reasons.append(Reason(rule.id, rule.level, rule.title, tuple(firing)))
            level = max(level, rule.level)
        elif len(since) >= rule.points:
            later.append((sorted(since.values())[rule.points - 1], rule.level))
    reasons.sort(key=lambda reason: -reason.level.rank)
    rises = [at for at, reached in later if reached > level]
    return Grade(level, tuple(reasons), min(rises, default=None))


def _since_by_point(rule: Rule, alarms: Iterable[GradedAlarm]) -> dict[str, datetime]:
    since: dict[str, datetime] = {}
    for alarm in alarms:
        start = rule.counts_from(alarm)
        if start is not None:
            since[alarm.point] = min(start, since.get(alarm.point, start))
    return since


def _rule(line: dict[str, object], rules: RulesInForce) -> Rule:
    known = {"id", "level", "title", "alarm_levels", "gas", "points", "unacknowledged", "standing"}
    if set(line) - known:
        raise ValueError(f"unknown fields {sorted(set(line) - known)}")
    alarm_levels = frozenset(_texts(line["alarm_levels"]))
    points = line.get("points", 1)
    if not alarm_levels or not alarm_levels <= LIMIT_LEVELS or not isinstance(points, int) or points < 1:
        raise ValueError(f"rule {line['id']!r} names no limit, another alarm than a limit, or fewer than one point")
    level = Level(str(line["level"]))
    if level is Level.NONE:
        raise ValueError(f"rule {line['id']!r} grades to nothing")
    return Rule(
        id=str(line["id"]),
        level=level,
        title=str(line["title"]),
        alarm_levels=alarm_levels,
        gas=frozenset(Gas(name) for name in _texts(line.get("gas", []))),
        points=points,
        unacknowledged=rules.minutes(str(line["unacknowledged"])) if "unacknowledged" in line else None,
        standing=rules.minutes(str(line["standing"])) if "standing" in line else None,
    )


def _texts(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TypeError("a list of texts is needed")
    return value
