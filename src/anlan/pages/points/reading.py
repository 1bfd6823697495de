"""A point with its newest value, as every page shows it: value, direction, age, and how far it may be trusted.

Only words and marks are made here; the value comes from the engine and is never filled in from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _

from anlan.apps.alarms.models import Alarm, AlarmSide
from anlan.apps.gateways import selectors as gateways
from anlan.apps.registry.models import Point
from anlan.components.templatetags.anlan import figure

BAD = 2
GRADED = (AlarmSide.HIGH, AlarmSide.LOW)
LIMIT_WORDS = (("ll", "低低"), ("l", "低"), ("h", "高"), ("hh", "高高"))


class Trust(StrEnum):
    """How a value stands: as it should, old, marked bad by the sender, never seen, or nobody answers for it."""

    FRESH = "fresh"
    STALE = "stale"
    BAD = "bad"
    NEVER = "never"
    UNANSWERED = "unanswered"


@dataclass
class Reading:
    """One row of a table of points."""

    point: Point
    trust: Trust
    live: gateways.LiveValue | None = None
    alarms: Sequence[Alarm] = field(default_factory=list)
    """Its alarms that are not back within limits; those beyond a limit stand before faults of the data."""

    @property
    def value(self) -> float | None:
        return self.live.value if self.live else None

    @property
    def is_dim(self) -> bool:
        """Drawn grey: the value is not one to act on."""
        return self.trust is not Trust.FRESH

    @property
    def stale_after_ms(self) -> int:
        return int(self.point.no_data_s * 1000)

    @property
    def direction(self) -> str:
        """升 0.03/分, 降 …, 平稳; empty when unknown or not fresh."""
        if self.live is None or self.live.trend is None or self.trust is not Trust.FRESH:
            return ""
        change = figure(abs(self.live.trend), self.point.decimals)
        if float(change) == 0:
            return _("平稳")
        way = _("升") if self.live.trend > 0 else _("降")
        return _("%(way)s %(change)s/分") % {"way": way, "change": change}

    @property
    def limits_words(self) -> str:
        """The limits that are set, in ascending order: ``低 12.0 · 高 85.0``."""
        pairs = [(words, getattr(self.point, name)) for name, words in LIMIT_WORDS]
        return " · ".join(f"{words} {figure(at, self.point.decimals)}" for words, at in pairs if at is not None)

    @property
    def trust_words(self) -> str:
        """What to know about the value before acting on it; empty when it is fresh."""
        return {
            Trust.FRESH: "",
            Trust.STALE: _("数据陈旧"),
            Trust.BAD: _("质量坏"),
            Trust.NEVER: _("从未收到"),
            Trust.UNANSWERED: _("引擎未应答"),
        }[self.trust]


def trust_of(point: Point, live: gateways.LiveValue | None, answered: bool, now: datetime) -> Trust:
    """Judge a value: stale when older than the point's own no-data limit, bad when its quality says so."""
    if not answered:
        return Trust.UNANSWERED
    if live is None or live.sampled_at is None:
        return Trust.NEVER
    if live.quality >= BAD or live.value is None:
        return Trust.BAD
    newest = max(filter(None, (live.sampled_at, live.received_at)))
    return Trust.STALE if now - newest > timedelta(seconds=point.no_data_s) else Trust.FRESH


def readings(points: Iterable[Point], alarms: Iterable[Alarm], now: datetime, **question: Any) -> list[Reading]:
    """Readings of ``points`` in their order: one question to the engine, no query.

    ``alarms`` are the active alarms of any of them. ``question`` goes to `gateways.selectors.live`; by default the
    points are asked for by code.
    """
    points = list(points)
    answer = gateways.live(**question) if question else gateways.live([point.code for point in points])
    by_point: dict[int, list[Alarm]] = {}
    for alarm in sorted(alarms, key=lambda each: each.side not in GRADED):
        by_point.setdefault(alarm.point_id, []).append(alarm)
    found = []
    for point in points:
        live = answer.get(point.code)
        trust = trust_of(point, live, answer.knows(point.code), now)
        found.append(Reading(point, trust, live, by_point.get(point.pk, [])))
    return found
