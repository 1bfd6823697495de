"""Identified units of the demo world: one that waits for its filing, one that waits for its review."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from anlan.apps.identification import services
from anlan.apps.org.access import owner_of
from anlan.apps.org.actor import Actor
from anlan.apps.org.stand import at_the_machine
from anlan.apps.registry.selectors import equipment, locality

CHLORINE: list[dict[str, Any]] = [{"name": "液氯", "design_max_t": "150", "symbols": []}]
SOLVENTS: list[dict[str, Any]] = [
    {"name": "甲醇", "design_max_t": "600", "symbols": ["W5.3"]},
    {"name": "甲苯", "design_max_t": "400", "symbols": ["W5.3"]},
    {"name": "环氧丙烷", "design_max_t": "6", "symbols": ["W5.1"]},
]
AMOUNTS = (CHLORINE, SOLVENTS)
PEOPLE = ("示例甲", "示例乙")


def load(now: datetime) -> int:
    """A unit each of the first enterprises by their codes; returns how many."""
    known = [each for each in locality.supervised() if equipment.source_names(each)]
    before = now - timedelta(days=9)
    for place, (enterprise, amounts) in enumerate(zip(known, AMOUNTS, strict=False)):
        owner = owner_of(enterprise)
        enterer, reviewer = (at_the_machine(Actor(f"operator:{name}", name), owner, before) for name in PEOPLE)
        code, name = next(iter(equipment.source_names(enterprise).items()))
        row = services.enter(
            enterprise, unit=name, kind="storage", why="first", exposed=35, amounts=amounts, by=enterer, at=before
        )
        if place == 0:
            row = services.confirm(row, by=reviewer, at=before, note="与设计图纸一致")
            services.link(row, code, by=reviewer, at=before)
    return min(len(known), len(AMOUNTS))
