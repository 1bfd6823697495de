"""Warnings that the demo world already holds when it starts, so that real steps fall due in its first minute.

Intervals of the regulation are never shortened for show: the levels simply began in the past. They are raised through
the real services at that past instant, and are marked 示例 wherever they are shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from anlan.apps.org.access import owner_of
from anlan.apps.org.actor import Actor
from anlan.apps.org.stand import as_person
from anlan.apps.registry.models import DutyHolder, HazardSource, Point
from anlan.apps.warnings import services as warnings
from anlan.apps.warnings.models import Origin, Warning

MARK = "示例"


@dataclass(frozen=True)
class Opening:
    """One warning that is open at the start: since when, at which point and value it began, who confirmed when."""

    source: str
    level: str
    began: timedelta
    point: str
    point_level: str
    value: float
    reason: str
    confirmed: tuple[tuple[str, timedelta], ...] = ()


OPENINGS = (
    Opening(
        "990122001003", "red", timedelta(minutes=29), "990122001003G0001YL001", "HH", 1.662,
        "示例：同一危险源两个测点同时超出高高限",
        (("main", timedelta(minutes=3)), ("operations", timedelta(minutes=5))),
    ),
    Opening(
        "990122005002", "orange", timedelta(minutes=59), "990122005002Q0001QT001", "HH", 42.6,
        "示例：有毒气体高高报", (("main", timedelta(minutes=4)),),
    ),
    Opening(
        "990121003001", "yellow", timedelta(minutes=59), "990121003001P0001WD001", "H", 75.8,
        "示例：报警超过规定时长未确认", (("technical", timedelta(minutes=12)),),
    ),
)  # fmt: skip


def load(now: datetime) -> list[Warning]:
    """Raise the openings at their past instants. A warning that is already open at a source is left as it is."""
    raised = []
    for opening in OPENINGS:
        source = HazardSource.objects.by_the_machine().get(code=opening.source)
        if Warning.objects.by_the_machine().filter(source=source, cleared_at__isnull=True).exists():
            continue
        began = now - opening.began
        warning = warnings.set_level(
            source,
            opening.level,
            at=began,
            reasons=[{"rule": "demo", "level": opening.level, "title": opening.reason, "points": [opening.point]}],
            origin=Origin.LOADED,
            issuer=Actor("operator:demo", MARK),
            first_out=_first_out(opening, began),
        )
        assert warning is not None  # a level other than none opens a warning
        for post, after in opening.confirmed:
            holder = DutyHolder.objects.by_the_machine().get(source=source, post=post, valid_until__isnull=True)
            by = as_person(holder.person, owner_of(source), began + after)
            warnings.confirm(warning, by=by, at=began + after, text=f"{MARK}：已到现场核实")
        raised.append(warning)
    return raised


def _first_out(opening: Opening, at: datetime) -> dict[str, object]:
    point = Point.objects.by_the_machine().get(code=opening.point)
    return {
        "alarm": "",
        "point": point.code,
        "tag": point.tag,
        "name": point.name,
        "level": opening.point_level,
        "value": opening.value,
        "unit": point.unit,
        "at": at.isoformat(),
    }
