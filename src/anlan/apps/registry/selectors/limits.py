"""The limits of points as they were at any time (DQ-12): every change stands in the journal with before and after."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from anlan.apps.journal.selectors import acts_since
from anlan.apps.registry.models import Point
from anlan.apps.registry.services import LIMITS

CHANGED = "limits_changed"


@dataclass(frozen=True)
class Setting:
    """What held of a point from ``since`` on (None: as long as it exists) until the next setting."""

    since: datetime | None
    values: dict[str, Any]


def settings_between(points: Iterable[Point], start: datetime, end: datetime) -> dict[str, list[Setting]]:
    """By code: the settings of limits, deadband and delays that held in start ≤ t < end, oldest first; at least one.

    ``points`` with their enterprise. One query; the caller sees to it that the reader may see the points.
    """
    points = list(points)
    now = {point.code: {name: getattr(point, name) for name in LIMITS} for point in points}
    chains = {f"enterprise:{point.enterprise.code}" for point in points}
    answer: dict[str, list[Setting]] = {code: [Setting(None, values)] for code, values in now.items()}
    for entry in acts_since(CHANGED, chains, now.keys(), start):
        settings = answer[entry.subject]
        settings[0] = Setting(entry.at, settings[0].values)
        settings.insert(0, Setting(None, {**settings[0].values, **(entry.before or {})}))
    return {
        code: [each for each in settings if each.since is None or each.since < end] for code, settings in answer.items()
    }
