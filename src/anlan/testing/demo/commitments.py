"""Workshops of the demo world, what they assessed today, and which enterprises have committed."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from anlan.apps.commitments import services
from anlan.apps.commitments.entitled import principal_of
from anlan.apps.commitments.selectors import obliged
from anlan.apps.org.access import owner_of
from anlan.apps.org.actor import Actor
from anlan.apps.org.stand import as_person, at_the_machine
from anlan.rules.calendar import at as on_clock
from anlan.rules.calendar import civil_day

WORKSHOPS = (("生产一车间", ("甲班", "乙班")), ("储运车间", ("储运班",)))
WAITING = 2
"""So many enterprises, the last by their codes, have not committed today."""
WORK: dict[str, Any] = {
    "units": 4, "running": 3, "stopped": 0, "in_repair": 1, "starting": 0, "stopping": 0, "hazardous_processes": 1,
    "fire_special": 0, "fire_first": 0, "fire_second": 1, "confined_space": 1, "blinding": 1, "height": 2, "lifting": 0,
    "temporary_power": 1, "excavation": 0, "road_closing": 0, "repair_work": 1, "tank_transfer": 0, "tank_cleaning": 0,
    "draining": 0, "contractors": 1, "changes": 0, "has_contractors": "是", "trial_production": "否",
    "in_start_or_stop": "否", "pilot_test": "否", "major_hidden_danger": "否", "sources_safe": "是", "risk_major": 1,
    "risk_larger": 4, "risk_general": 20, "risk_low": 53, "risk": "general",
    "measures": "二级动火现场监护，受限空间连续监测，储罐区每两小时巡检一次。",
}  # fmt: skip
"""A day of a plant of the demo world."""


def load(now: datetime) -> int:
    """Adds workshops and teams to every enterprise that commits, and today's assessments and commitments of most of
    them; returns how many have committed."""
    day, owing = civil_day(now), obliged(civil_day(now))
    for place, enterprise in enumerate(owing):
        by = at_the_machine(Actor("operator:demo", "示例"), owner_of(enterprise), now)
        units = []
        for name, teams in WORKSHOPS:
            workshop = services.add_unit(enterprise, name, by=by, at=now)
            units.append(workshop)
            units += [services.add_unit(enterprise, team, by=by, at=now, workshop=workshop) for team in teams]
        principal = principal_of(enterprise, now).person
        if place >= len(owing) - WAITING or principal is None:
            continue
        taken = min(now, on_clock(day, time(7)) + timedelta(minutes=3 * place))
        for unit in units:
            services.assess(unit, risk="general", risks="动火一处", measures="现场监护", by=by, at=taken)
        promised = min(now, on_clock(day, time(9, 2)) + timedelta(minutes=9 * place))
        typed = {**WORK, "risk": "larger"} if place == 1 else WORK
        services.commit(enterprise, by=as_person(principal, owner_of(enterprise), promised), at=promised, typed=typed)
    return max(0, len(owing) - WAITING)
