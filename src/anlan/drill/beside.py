"""Lays what a drill sent beside what the regulation demands, line by line, and marks how the two agree."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from anlan.apps.org.models import Agency
from anlan.drill.demands import Demand, demands
from anlan.drill.lines import stamp
from anlan.drill.play import outages
from anlan.drill.scenario import Scenario
from anlan.drill.world import Drilled
from anlan.lessons import KINDS

_ACTS = ("confirmed", "report", "refused")


def beside(scenario: Scenario, world: Drilled, lines: list[dict[str, Any]]) -> dict[str, Any]:
    """``{"name", "names": {id: name}, "rows": […], "lines": […]}``; a row is a demand, what was sent, a key of `MARKS`.

    ``should_at``/``should_to`` are None and empty where nothing is demanded, ``at``/``to`` where nothing was sent.
    """
    left = list(lines)
    down = outages(scenario)
    rows = [_row(demand, _take(demand, left, lines), down) for demand in demands(scenario, world)]
    rows += [_unasked(line) for line in left]
    order = tuple(KINDS)
    rows.sort(key=lambda row: (row["should_at"] or row["at"], order.index(row["kind"])))
    return {"name": scenario.name, "names": _names(world), "rows": rows, "lines": lines}


def _take(demand: Demand, left: list[dict[str, Any]], lines: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The line that answers a demand; a merged line answers each of the steps that it stands for."""
    due, key = stamp(demand.due), (demand.kind, demand.source)
    for line in lines:
        same = (line["kind"], line["source"]) == key
        # a site order names the level that was reached meanwhile (Q-05: an upgrade leaves the lower order standing)
        same = same and (line["level"] == demand.level or demand.kind == "site_order")
        if same and (line["due"] == due or due in line["missed"]):
            if line in left:
                left.remove(line)
            return line
    return None


def _row(demand: Demand, line: dict[str, Any] | None, down: list[tuple[datetime, datetime]]) -> dict[str, Any]:
    row = {
        "kind": demand.kind,
        "level": demand.level,
        "source": demand.source,
        "step": demand.step,
        "article": demand.article,
        "should_at": stamp(demand.at),
        "should_to": list(demand.to),
        "due": stamp(demand.due),
        "at": line["at"] if line else None,
        "to": line["to"] if line else [],
        "mark": _mark(demand, line, down),
    }
    return row | {key: line[key] for key in ("by", "reason", "automatic") if line and key in line}


def _mark(demand: Demand, line: dict[str, Any] | None, down: list[tuple[datetime, datetime]]) -> str:
    back = max((back for start, back in down if start <= demand.at < back), default=None)
    if line is None:
        lapsed = back is not None and demand.ends is not None and demand.ends <= back
        return "missed" if lapsed else "absent"
    if line["to"] != list(demand.to):
        return "different"
    if line["at"] == stamp(demand.at):
        # the newest step of a merged notice may fall due at the very instant of the return
        return "merged" if len(line["missed"]) > 1 else "on_time"
    if back is None:
        return "absent"  # late without an outage: the clock was there and did not send
    return "merged" if len(line["missed"]) > 1 else "late"


def _unasked(line: dict[str, Any]) -> dict[str, Any]:
    kept = {key: line[key] for key in ("kind", "level", "source", "step", "at", "to", "due")}
    row = {**kept, "article": "", "should_at": None, "should_to": []}
    row["mark"] = "act" if line["kind"] in _ACTS else "unasked"
    return row | {key: line[key] for key in ("by", "reason", "automatic") if key in line}


def _names(world: Drilled) -> dict[str, str]:
    """What stands behind the ids of the lines: agencies, enterprises and hazard sources by name."""
    names = {code: code for code in world.shown.values()}
    shown = {key: each for key, each in world.shown.items() if not key.startswith("person:")}
    for agency in Agency.objects.by_the_machine():
        if f"agency:{agency.code}" in shown:
            names[shown[f"agency:{agency.code}"]] = agency.name
    for key, source in world.sources.items():
        names[key] = source.name
        names[shown[f"enterprise:{source.enterprise.code}"]] = source.enterprise.name
    return names
