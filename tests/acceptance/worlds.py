"""Small worlds for acceptance tests: plays stories given as a few words, and builds the same world for services."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import yaml
from tests.acceptance.timeline import expected

from anlan.drill.scenario import Scenario, parse
from anlan.rules.calendar import CIVIL_ZONE

AGENCIES = [
    {"id": "mem", "level": "ministry", "name": "国家监测预警中心", "role": "nat.casst"},
    {"id": "reg", "level": "ministry", "name": "化学品登记中心", "role": "nat.registry", "parent": "mem"},
    {"id": "sx", "level": "province", "name": "省应急管理厅", "parent": "mem"},
    {"id": "jc", "level": "city", "name": "市应急管理局", "parent": "sx"},
    {"id": "zz", "level": "county", "name": "县应急管理局", "parent": "jc"},
    {"id": "bg", "level": "park", "name": "化工园区管委会", "parent": "zz"},
    {"id": "other", "level": "county", "name": "邻县应急管理局", "parent": "jc"},
]
HOLDERS = {"main": "甲", "technical": "乙", "operations": "丙"}
PLANT: dict[str, Any] = {"id": "e1", "name": "示例化工", "county": "zz"}
SOURCE: dict[str, Any] = {"id": "s1", "name": "液氨罐区", "level": 2, "holders": HOLDERS}


def at(clock: str, day: int = 1) -> datetime:
    """That time on a day of March 2024, civil clock."""
    full = clock if clock.count(":") == 2 else f"{clock}:00"
    return datetime.fromisoformat(f"2024-03-{day:02d}T{full}").replace(tzinfo=CIVIL_ZONE)


def level(clock: str, to: str, source: str = "s1") -> dict[str, Any]:
    """An event of a drill: the source's level changes."""
    return {"at": clock, "level": {"source": source, "level": to}}


def outage(clock: str, minutes: int) -> dict[str, Any]:
    """An event of a drill: the clock is down."""
    return {"at": clock, "outage": {"role": "clock", "minutes": minutes}}


def scenario(
    *events: dict[str, Any], until: str = "2024-03-01T12:00:00+08:00", park: bool = False, supervisor: str = "zz",
    holders: dict[str, str] | None = None, settings: dict[str, Any] | None = None,
) -> Scenario:  # fmt: skip
    """A checked scenario in the small world; it starts on 2024-03-01 at 08:00."""
    plant = PLANT | {"supervisor": supervisor, "sources": [SOURCE | {"holders": holders or HOLDERS}]}
    plant |= {"park": "bg"} if park else {}
    raw = {
        "name": "story",
        "world": {"agencies": AGENCIES, "enterprises": [plant]},
        "settings": settings or {},
        "start": "2024-03-01T08:00:00+08:00",
        "until": until,
        "events": list(events),
    }
    return parse(written(raw))


def played(*events: dict[str, Any], **world: Any) -> list[dict[str, Any]]:
    """The lines of a story in the small world."""
    from anlan.drill.play import play

    return play(scenario(*events, **world))


def lines(text: str) -> list[dict[str, Any]]:
    """Hand-written lines of March 2024."""
    return expected(text, 2024)


def of_kind(found: list[dict[str, Any]], *kinds: str) -> list[dict[str, Any]]:
    """Only the lines of these kinds."""
    return [line for line in found if line["kind"] in kinds]


class _Plain(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def written(raw: dict[str, Any]) -> str:
    """A scenario as somebody would write it: a drill's text holds no references."""
    return yaml.dump(raw, Dumper=_Plain, allow_unicode=True)
