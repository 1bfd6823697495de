"""Special work and overhauls of the demo world: one enterprise has nothing to report, one has not reported yet."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from anlan.apps.commitments.selectors import obliged, workshops_of
from anlan.apps.org.access import owner_of
from anlan.apps.org.actor import Actor
from anlan.apps.org.stand import Stand, at_the_machine
from anlan.apps.permits import services as permits
from anlan.apps.registry.models import Enterprise
from anlan.apps.unitstates import services as unitstates
from anlan.rules.calendar import at as on_clock
from anlan.rules.calendar import civil_day

WORKS = (
    ("hot", "second", "管廊支架补焊", "公用工程管廊", "示例建安公司"),
    ("confined_space", "", "罐内清理检查", "中间罐区", ""),
    ("blinding", "", "检修隔离加盲板", "合成装置", ""),
    ("height", "second", "照明更换", "循环水塔", ""),
    ("height", "first", "保温修补", "合成装置二层", "示例建安公司"),
    ("temporary_power", "", "检修动力电", "合成装置", ""),
    ("repair_work", "", "一号循环泵检修", "泵房", ""),
)
"""A day's work of a plant of the demo world, as its commitment counts it (`commitments.WORK`)."""
NOTHING, WAITING = 3, 1
"""Which enterprise, by the order of codes, has no special work; and how many of the last have not reported yet."""


def load(now: datetime) -> int:
    """Puts today's works on record and reports the day of most enterprises that commit; returns how many reported."""
    day, owing = civil_day(now), obliged(civil_day(now))
    reporting = owing[: len(owing) - WAITING]
    for place, enterprise in enumerate(reporting):
        by = at_the_machine(Actor("operator:demo", "示例"), owner_of(enterprise), now)
        told = min(now, on_clock(day, time(8, 10)) + timedelta(minutes=7 * place))
        if place == NOTHING:
            permits.report_day(enterprise, day, nothing=True, by=by, at=told)
            continue
        for number, work in enumerate(WORKS):
            _add(enterprise, work, day, number, by, told)
        _overhaul(enterprise, day, by, told)
    return len(reporting)


def _add(
    enterprise: Enterprise, work: tuple[str, str, str, str, str], day: date, number: int, by: Stand, at: datetime
) -> None:  # fmt: skip
    kind, grade, content, place, contractor = work
    begins = on_clock(day, time(9)) + timedelta(minutes=30 * number)
    typed = {
        "kind": kind, "grade": grade, "content": content, "place": place, "contractor": contractor, "persons": "3",
        "approver": "示例甲", "begins_at": begins, "ends_at": begins + timedelta(hours=6),
    }  # fmt: skip
    permits.add(enterprise, typed, by=by, at=at)


def _overhaul(enterprise: Enterprise, day: date, by: Stand, at: datetime) -> None:
    """One workshop is under repair, as the commitment of the day says."""
    shops = workshops_of(enterprise)
    if shops:
        begins = on_clock(day, time(8))
        unitstates.declare(
            enterprise, shops[0], change="overhaul", begins_at=begins, reason="一号循环泵检修", by=by, at=at
        )
