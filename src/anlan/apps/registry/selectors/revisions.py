"""What records of the register were at earlier times, and who changed them (DQ-12)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import Point, Revision
from anlan.apps.registry.services import LIMITS

MOST = 200
"""Changes of one point that are looked back at; who changes it more often in a month watches nothing with it."""


@dataclass(frozen=True)
class Setting:
    """What held of a point from ``since`` on (None: as long as it exists) until the next setting."""

    since: datetime | None
    values: dict[str, Any]


def history_of(scope: Scope, *subjects: str) -> QuerySet[Revision]:
    """The revisions of records that the scope sees, newest first."""
    return Revision.objects.visible_to(scope).filter(subject__in=subjects).order_by("-at", "-number", "subject")


def history_in(scope: Scope) -> QuerySet[Revision]:
    """Every revision in scope, with its enterprise."""
    return Revision.objects.visible_to(scope).select_related("enterprise")


def settings_between(points: Iterable[Point], start: datetime, end: datetime) -> dict[str, list[Setting]]:
    """By code: the settings of limits, deadband and delays that held in start ≤ t < end, oldest first; at least one.

    One query; the caller sees to it that the reader may see the points.
    """
    now = {point.code: {name: getattr(point, name) for name in LIMITS} for point in points}
    answer: dict[str, list[Setting]] = {code: [Setting(None, values)] for code, values in now.items()}
    for code, valid_from, before in _changes(now.keys(), start):
        settings = answer[code]
        settings[0] = Setting(valid_from, settings[0].values)
        settings.insert(0, Setting(None, {**settings[0].values, **before}))
    return {
        code: [each for each in settings if each.since is None or each.since < end] for code, settings in answer.items()
    }


def former_settings(codes: Collection[str]) -> dict[str, list[tuple[datetime, dict[str, Any]]]]:
    """By code, oldest first: until when each former setting held, and its fields as far as they were ever others.

    Machine's own read. One query; points that were never changed are left out.
    """
    answer: dict[str, list[tuple[datetime, dict[str, Any]]]] = {}
    for code, valid_from, before in _changes(codes, None):
        settings = answer.setdefault(code, [])
        if len(settings) < MOST:
            later = settings[0][1] if settings else {}
            settings.insert(0, (valid_from, {**later, **before}))
    return answer


def _changes(codes: Collection[str], since: datetime | None) -> Iterable[tuple[str, datetime, dict[str, Any]]]:
    """Changes of limits and delays, the newest first: the point, from when, and what held before."""
    rows = Revision.objects.by_the_machine().filter(subject__in=[f"point:{code}" for code in codes])
    if since is not None:
        rows = rows.filter(valid_from__gt=since)
    for subject, valid_from, before in rows.order_by("-valid_from", "-number").values_list(
        "subject", "valid_from", "before"
    ):
        limits = {name: value for name, value in before.items() if name in LIMITS}
        if limits:
            yield subject.partition(":")[2], valid_from, limits
