"""Plays a scenario: a simulated clock, the real services, and the lines of what they did.

Time jumps from one thing to the next, so days take seconds. Events act before the steps due at their instant; while
the clock process is down, steps wait and events do not. Must never touch a database that is in use.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Obligation, ObligationState
from anlan.apps.obligations.services.duties import ensure_planned
from anlan.apps.org.access import owner_of
from anlan.apps.org.actor import operator
from anlan.apps.org.stand import as_person, at_the_machine
from anlan.apps.registry import services as registry
from anlan.apps.warnings import services as warnings
from anlan.apps.warnings.models import Warning
from anlan.drill.days import EVENTS as DAY_EVENTS
from anlan.drill.days import Days, midnights
from anlan.drill.lines import Refusal, lines
from anlan.drill.scenario import Event, Scenario
from anlan.drill.world import Drilled, build
from anlan.refused import Refused
from anlan.rules.level import Level
from anlan.rules.reporting import ReportRefusal
from anlan.rules.slots import POSTS
from anlan.testing.clock import FakeClock

DRILL = operator("drill")
"""Whoever plays: what the law gives to nobody by name in a scenario is done by them."""


class DrillFailed(RuntimeError):
    """A step was due and could not be fired: an error of the product, not of the file."""


def play(scenario: Scenario) -> list[dict[str, Any]]:
    """Build the world in the current (empty) database, play the scenario, and return its lines in order of time."""
    with transaction.atomic():
        world = build(scenario)
    return played(scenario, world)


def play_beside(scenario: Scenario) -> dict[str, Any]:
    """As `play`, but return the lines beside what the regulation demands (`anlan.drill.beside`)."""
    from anlan.drill.beside import beside

    with transaction.atomic():
        world = build(scenario)
    return beside(scenario, world, played(scenario, world))


def played(scenario: Scenario, world: Drilled) -> list[dict[str, Any]]:
    """Play in a world that was built already, and return the lines."""
    clock, refused, days = FakeClock(scenario.start), list[Refusal](), Days(world)
    ends = midnights(scenario.start, scenario.until) if scenario.days else []
    if scenario.days:
        ensure_planned(scenario.start)
    down, fired_until = outages(scenario), scenario.start - timedelta.resolution
    waiting = sorted((event for event in scenario.events if event.kind != "outage"), key=lambda e: (e.at, e.index))
    while True:
        moments = [waiting[0].at] if waiting else []
        due = _next_due()
        if due is not None and due <= fired_until:
            raise DrillFailed(f"到 {fired_until.isoformat()} 应执行的事项没有执行")
        if due is not None:
            moments.append(_when_up(max(due, clock.now()), down))
        moments += ends[:1]
        if not moments or min(moments) > scenario.until:
            return lines(world, refused, days if scenario.days else None)
        clock.set(min(moments))
        while waiting and waiting[0].at == clock.now():
            event = waiting.pop(0)
            if event.kind in DAY_EVENTS:
                days.act(event)
            else:
                refused += _act(event, world)
        if ends and ends[0] == clock.now():
            days.close(ends.pop(0))
        if _when_up(clock.now(), down) == clock.now():
            fired_until = clock.now()
            while obligations.run_due(fired_until, grace=timedelta(0)):
                pass  # what is planned at an instant for that very instant is due as well


def _next_due() -> datetime | None:
    pending = Obligation.objects.by_the_machine().filter(state=ObligationState.PENDING).order_by("due_at")
    return pending.values_list("due_at", flat=True).first()


def outages(scenario: Scenario) -> list[tuple[datetime, datetime]]:
    """The stretches [from, back) in which the clock is down, in order of their start."""
    found = [event for event in scenario.events if event.kind == "outage"]
    return sorted((event.at, event.at + timedelta(minutes=event.fields["minutes"])) for event in found)


def _when_up(moment: datetime, down: list[tuple[datetime, datetime]]) -> datetime:
    """The first instant from ``moment`` on at which the clock is up; overlapping outages are one."""
    for start, back in down:
        if start <= moment < back:
            moment = back
    return moment


def _act(event: Event, world: Drilled) -> list[Refusal]:
    source = world.sources[event.fields["source"]]
    try:
        match event.kind:
            case "level":
                warnings.set_level(source, event.fields["level"], at=event.at)
            case "confirm":
                person = world.person(source.enterprise, str(event.fields["by"]))
                by = as_person(person, owner_of(source), event.at)
                warnings.confirm(_open_warning(source.pk), by=by, at=event.at)
            case "report":
                texts = {name: str(event.fields.get(name) or "") for name in ("result", "cause", "measures")}
                by = at_the_machine(DRILL, owner_of(source), event.at)
                warnings.submit_report(_reported(source.pk), by=by, at=event.at, **texts)
            case "holder":
                for post in POSTS:
                    if post in event.fields:
                        name = event.fields[post]
                        holder = None if name is None else world.person(source.enterprise, str(name))
                        registry.replace_holder(source, post, holder, by=DRILL, at=event.at)
    except Refused as refusal:
        return [Refusal(event.at, source.pk, _level_of(source.pk), refusal.detail)]
    return []


def _warnings(source_id: int) -> QuerySet[Warning]:
    return Warning.objects.by_the_machine().filter(source_id=source_id).select_related("source__enterprise")


def _open_warning(source_id: int) -> Warning:
    found = _warnings(source_id).filter(cleared_at__isnull=True).first()
    if found is None:
        raise Refused("该危险源没有未解除的预警", reason=warnings.Reason.NOT_OPEN)
    return found


def _reported(source_id: int) -> Warning:
    """The warning that a report of this source is about: the last one cleared that still owes it, else the last."""
    cleared = _warnings(source_id).filter(cleared_at__isnull=False).order_by("-cleared_at", "-pk")
    owing = [warning for warning in cleared if warning.highest != Level.BLUE and not hasattr(warning, "report")]
    found = owing[0] if owing else _warnings(source_id).order_by("-opened_at", "-pk").first()
    if found is None:
        raise Refused("该危险源没有预警，无须上报处置情况", reason=ReportRefusal.NOT_CLEARED)
    return found


def _level_of(source_id: int) -> str:
    last = _warnings(source_id).order_by("-opened_at", "-pk").first()
    return str(last.level) if last is not None else str(Level.NONE)
