"""Plays a whole scenario through the rules alone, the obvious way: minute facts in, timeline lines out.

It composes the pure functions as a service would, without storage, and so shows that they say all that the drill
semantics need. Slow and simple on purpose; never an oracle for itself: expected lines in the stories are written by
hand from the articles.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from anlan.rules import ladder, reporting, routing, telling, warning_handling
from anlan.rules.episodes import SourceState, WarningCleared, due_orders, transition
from anlan.rules.level import Level
from anlan.rules.reporting import ReportAccepted
from anlan.rules.routing import Holder, Recipient, SourceContext, listed
from anlan.rules.rulebook import load
from anlan.rules.settings import WarningSettings
from anlan.rules.slots import Slot

KINDS = (
    "informed", "upgraded", "downgraded", "confirmed", "notice", "site_order", "cleared", "report_due", "report",
    "report_overdue", "refused",
)  # fmt: skip
RULES = load()
TICK = timedelta(minutes=1)


@dataclass(frozen=True)
class Line:
    """One line of the timeline."""

    at: datetime
    kind: str
    level: Level
    source: str
    to: list[str]
    step: int | None = None
    due: datetime | None = None
    missed: tuple[datetime, ...] = ()
    reason: str = ""


@dataclass
class Source:
    """What the player remembers of one source."""

    ctx: SourceContext
    state: SourceState = field(default_factory=SourceState)
    fired: dict[tuple[Level, datetime], int] = field(default_factory=dict)
    told: tuple[Recipient, ...] = ()
    cleared_at: datetime | None = None
    highest: Level = Level.NONE
    last: Level = Level.NONE
    report_due: datetime | None = None
    reported: bool = False


@dataclass(frozen=True)
class Event:
    """Something that happens: `level`, `report`, `holder` or `outage`, with its values."""

    at: datetime
    kind: str
    source: str = ""
    values: dict[str, Any] = field(default_factory=dict)


class Player:
    """Steps through the instants that matter: events first, then what is due, an outage delaying the latter."""

    def __init__(self, contexts: Iterable[SourceContext], settings: WarningSettings) -> None:
        self.sources = {ctx.source: Source(ctx) for ctx in contexts}
        self.settings = settings
        self.lines: list[Line] = []

    def play(self, events: list[Event], start: datetime, until: datetime) -> list[Line]:
        outages = [(e.at, e.at + timedelta(minutes=e.values["minutes"])) for e in events if e.kind == "outage"]
        now, coming = start, sorted(events, key=lambda event: event.at)
        while now <= until:
            while coming and coming[0].at <= now:
                self._happen(coming.pop(0))
            if not any(begin <= now < end for begin, end in outages):
                for source in self.sources.values():
                    self._fire(source, now)
            now = min(now + TICK, coming[0].at) if coming else now + TICK
        self.lines.sort(key=lambda line: (line.at, KINDS.index(line.kind)))
        return self.lines

    def _happen(self, event: Event) -> None:
        if event.kind == "level":
            self._level(self.sources[event.source], Level(event.values["level"]), event.at)
        elif event.kind == "holder":
            self._holder(self.sources[event.source], event)
        elif event.kind == "report":
            self._report(self.sources[event.source], event)

    def _level(self, source: Source, new: Level, at: datetime) -> None:
        old = source.state.level
        result = transition(source.state, new, at, self.settings, warning_handling.ladder_for(new, RULES))
        source.state = result.state
        told = telling.on_level(old, new, source.ctx, source.told, self.settings, RULES)
        source.told = told.told
        shown = old if new is Level.NONE else new
        for kind in ("informed", "upgraded", "downgraded", "cleared"):
            recipients = getattr(told, kind)
            if recipients:
                self._line(at, kind, shown, source, recipients)
        for effect in result.effects:
            if isinstance(effect, WarningCleared):
                source.last, source.highest, source.cleared_at = effect.last, effect.highest, at
                source.report_due, source.reported = None, False
                if warning_handling.report_owed(effect.highest):
                    source.report_due = warning_handling.report_due(at, RULES).at
                    self.lines.append(
                        Line(at, "report_due", shown, source.ctx.source, [source.ctx.enterprise], due=source.report_due)
                    )

    def _holder(self, source: Source, event: Event) -> None:
        posts = {Slot(post): Holder(person) for post, person in event.values.items()}
        source.ctx = replace(source.ctx, holders={**source.ctx.holders, **posts})
        told = telling.on_holder_change(source.state.level, source.ctx, source.told, self.settings, RULES)
        source.told = told.told
        if told.informed:
            self._line(event.at, "informed", source.state.level, source, told.informed)

    def _report(self, source: Source, event: Event) -> None:
        verdict = reporting.judge_report(
            event.values, event.at, source.cleared_at, source.highest, RULES, already_reported=source.reported
        )
        if isinstance(verdict, ReportAccepted):
            source.reported = True
            self._line(event.at, "report", source.last, source, telling.report_recipients(source.told))
        else:
            name = source.ctx.source
            self.lines.append(Line(event.at, "refused", source.last, name, [], reason=verdict.reason))

    def _fire(self, source: Source, now: datetime) -> None:
        clock, level = source.state.clock, source.state.level
        if clock is not None:
            key = (level, clock.started_at)
            merged = ladder.merge(clock.due_steps(source.fired.get(key, 0), now), now)
            if merged is not None:
                source.fired[key] = merged.step
                to = listed(routing.step_recipients(clock.ladder, source.ctx, self.settings))
                name = source.ctx.source
                self.lines.append(Line(now, "notice", level, name, to, merged.step, merged.due, merged.missed))
        for order in due_orders(source.state, now):
            unit = routing.order_unit(order.by, source.ctx)
            to = [unit.id] if unit is not None else []
            self.lines.append(Line(now, "site_order", order.level, source.ctx.source, to, due=order.due))
            source.state = source.state.without_order(order)
        if source.report_due is not None and now >= source.report_due:
            if reporting.overdue(source.report_due, now if source.reported else None, now):
                recipients = routing.overdue_report_recipients(source.ctx, self.settings)
                self._line(now, "report_overdue", source.last, source, recipients, source.report_due)
            source.report_due = None

    def _line(
        self,
        at: datetime,
        kind: str,
        level: Level,
        source: Source,
        to: Iterable[Recipient],
        due: datetime | None = None,
    ) -> None:
        self.lines.append(Line(at, kind, level, source.ctx.source, listed(to), due=due))
