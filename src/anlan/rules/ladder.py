"""The ladder of one level and its exact grid of due times (U4).

Every due time is computed from the start of the episode, never from the step before it, so nothing drifts, whatever
was late. A ladder is a snapshot: it is taken when the episode starts and stays what it was when the rulebook moves on.
Must never know who receives a step (`routing`) nor what a change of level does (`episodes`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from anlan.rules.level import Level
from anlan.rules.slots import Slot


@dataclass(frozen=True, slots=True)
class Ladder:
    """What runs while a warning stands at one level: notices on a grid, and one site order."""

    level: Level
    first_after: timedelta
    every: timedelta
    notice_to: Slot
    order_after: timedelta
    order_by: Slot
    article: str
    """What its notices rest on, with the document of whoever refined their times."""
    order_article: str = ""
    """What its site order rests on, likewise; empty in snapshots that were taken before it was kept."""

    @property
    def order_source(self) -> str:
        return self.order_article or self.article

    def __post_init__(self) -> None:
        if min(self.first_after, self.every, self.order_after) <= timedelta(0):
            raise ValueError("a ladder's intervals are longer than nothing")

    def to_json(self) -> str:
        """One line of JSON, stable in its order, intervals in whole microseconds."""
        return json.dumps(
            {
                "format": 1,
                "level": self.level,
                "first_after_us": _micros(self.first_after),
                "every_us": _micros(self.every),
                "notice_to": self.notice_to,
                "order_after_us": _micros(self.order_after),
                "order_by": self.order_by,
                "article": self.article,
                "order_article": self.order_article,
            },
            ensure_ascii=False,
        )

    @classmethod
    def from_json(cls, text: str) -> Ladder:
        """The ladder a snapshot holds; a foreign or damaged one raises `ValueError`."""
        try:
            raw = json.loads(text)
            if raw["format"] != 1:
                raise ValueError(f"ladder snapshot of unknown format {raw['format']!r}")
            return cls(
                level=Level(raw["level"]),
                first_after=timedelta(microseconds=raw["first_after_us"]),
                every=timedelta(microseconds=raw["every_us"]),
                notice_to=Slot(raw["notice_to"]),
                order_after=timedelta(microseconds=raw["order_after_us"]),
                order_by=Slot(raw["order_by"]),
                article=raw["article"],
                order_article=raw.get("order_article", ""),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a ladder snapshot: {error!r}") from error


@dataclass(frozen=True, slots=True)
class Step:
    """The n-th notice (1, 2, …) of a clock and when it is due."""

    number: int
    due: datetime


def notice_due(ladder: Ladder, start: datetime, number: int) -> datetime:
    """When the n-th notice of a clock started at `start` is due; `number` counts from 1.

    [reading] Stands on the page that lays law beside code (docs/explanation/law.md).
    """
    if number < 1:
        raise ValueError("notices are counted from 1")
    return start + ladder.first_after + (number - 1) * ladder.every


def order_due(ladder: Ladder, start: datetime) -> datetime:
    """When the site order of a clock started at `start` is due."""
    return start + ladder.order_after


def newest_step(ladder: Ladder, start: datetime, at: datetime) -> int:
    """The number of the newest notice due at or before `at`; 0 before the first."""
    since_first = at - start - ladder.first_after
    return 0 if since_first < timedelta(0) else since_first // ladder.every + 1


def next_step(ladder: Ladder, start: datetime, after: datetime) -> Step:
    """The first notice due strictly after `after`. There always is one: notices go on until the level falls."""
    number = newest_step(ladder, start, after) + 1
    return Step(number, notice_due(ladder, start, number))


def steps_between(ladder: Ladder, start: datetime, after: datetime, until: datetime) -> list[Step]:
    """The notices due in (after, until], in order. Called again with after = the last due, it repeats nothing."""
    first, last = newest_step(ladder, start, after) + 1, newest_step(ladder, start, until)
    return [Step(number, notice_due(ladder, start, number)) for number in range(first, last + 1)]


@dataclass(frozen=True, slots=True)
class Merged:
    """One notice sent for one or more steps: that of the newest, with the due times of all it stands for.

    `missed` is empty for a single step sent when it was due; otherwise it lists every due time, one due at the instant
    of sending included.
    """

    step: int
    due: datetime
    sent_at: datetime
    missed: tuple[datetime, ...]

    @property
    def late(self) -> bool:
        return self.sent_at != self.due


def merge(steps: Sequence[Step], sent_at: datetime) -> Merged | None:
    """Merge what fell due while the clock was down into the one notice to send on its return (GEN-09); None of none.

    [reading] Stands on the page that lays law beside code (docs/explanation/law.md).
    """
    if not steps:
        return None
    newest = max(steps, key=lambda step: step.number)
    on_time = len(steps) == 1 and newest.due == sent_at
    missed = () if on_time else tuple(sorted(step.due for step in steps))
    return Merged(newest.number, newest.due, sent_at, missed)


def _micros(length: timedelta) -> int:
    return length // timedelta(microseconds=1)
