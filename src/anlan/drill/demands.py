"""What the regulation demands of a scenario: who is told what and when, worked out from the rules alone.

Only `anlan.rules` decides here, over the levels that the file sets and the register as it stood before the start; none
of the services that the drill plays has a part in it. So a demand and what was sent agree only when both are right.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from anlan.apps.registry.models import HazardSource
from anlan.apps.registry.selectors.routing import surroundings
from anlan.drill.scenario import Event, Scenario
from anlan.drill.world import Drilled
from anlan.lessons import KINDS
from anlan.rules import episodes, routing, telling, warning_handling
from anlan.rules.level import Level
from anlan.rules.routing import Holder, Recipient, SourceContext
from anlan.rules.rulebook import LOCAL_LABEL, RulesInForce
from anlan.rules.settings import WarningSettings
from anlan.rules.slots import POSTS, Slot

_NEVER = timedelta.resolution


@dataclass(frozen=True, slots=True)
class Demand:
    """One thing that must be sent: ``at`` is when, ``due`` the time that its line carries, ``ends`` when it lapses.

    The two instants differ only for `report_due`, which is sent at the clearing and names the hour that the report has.
    """

    at: datetime
    kind: str
    level: str
    source: str
    to: tuple[str, ...]
    article: str
    due: datetime
    step: int | None = None
    ends: datetime | None = None


@dataclass
class _Owed:
    """A report that the enterprise owes since a clearing."""

    level: Level
    due: datetime
    reported: datetime | None = None


def demands(scenario: Scenario, world: Drilled) -> list[Demand]:
    """Every demand up to ``until``, in order of time, then of the kinds. Demands on nobody (an empty slot) are none."""
    found = [
        demand for key, source in world.sources.items() for demand in _Source(key, source, scenario, world).demands()
    ]
    found = [demand for demand in found if demand.to and demand.at <= scenario.until]
    order = tuple(KINDS)
    return sorted(found, key=lambda each: (each.at, order.index(each.kind), world.order[world.sources[each.source].pk]))


def _short(source: str) -> str:
    """第九条 of 预警信息处置管理办法 第九条; what has no document, as it is."""
    return source.partition(" ")[2] or source


class _Source:
    """One hazard source followed through the scenario."""

    def __init__(self, key: str, source: HazardSource, scenario: Scenario, world: Drilled) -> None:
        self.key, self.source, self.scenario, self.world = key, source, scenario, world
        # The register before the first event, and the rules of the day that begins: a drill may start at midnight.
        self.context: SourceContext = surroundings([source.pk], scenario.start - _NEVER)[source.pk].context
        around = surroundings([source.pk], scenario.start)[source.pk]
        self.rules: RulesInForce = around.rules
        self.settings: WarningSettings = around.settings
        self.state = episodes.SourceState()
        self.told: tuple[Recipient, ...] = ()
        self.fired: dict[tuple[Level, datetime], int] = {}
        self.owed: list[_Owed] = []
        self.found: list[Demand] = []

    def demands(self) -> list[Demand]:
        mine = [event for event in self.scenario.events if event.fields.get("source") == self.key]
        for event in sorted(mine, key=lambda each: (each.at, each.index)):
            if event.at > self.scenario.until:
                break
            match event.kind:
                case "level":
                    self._level(Level(event.fields["level"]), event.at)
                case "holder":
                    self._holder(event)
                case "report":
                    self._report(event)
        self._steps(self.scenario.until + _NEVER, ended=None)
        self._orders(self.scenario.until + _NEVER)
        self.found += self._overdue()
        return list(self._joined())

    def _add(self, at: datetime, kind: str, level: Level, to: list[str], article: str, **more: object) -> None:
        shown = tuple(sorted(self.world.shown[each] for each in to))
        demand = Demand(at, kind, str(level), self.key, shown, article, at)
        self.found.append(replace(demand, **more))  # type: ignore[arg-type]

    def _level(self, level: Level, at: datetime) -> None:
        old = self.state.level
        if level is old:
            return
        self._steps(at, ended=at)
        self._orders(at, below=level)
        told = telling.on_level(old, level, self.context, self.told, self.settings, self.rules)
        last = old if level is Level.NONE else level
        for kind in ("informed", "upgraded", "downgraded", "cleared"):
            to = routing.listed(getattr(told, kind))
            article = telling.ordered_by(last, self.rules) if kind in ("informed", "upgraded") else LOCAL_LABEL
            self._add(at, kind, last, to, _short(article))
        self.told = told.told
        ladder = warning_handling.ladder_for(level, self.rules)
        changed = episodes.transition(self.state, level, at, self.settings, ladder)
        for effect in changed.effects:
            if isinstance(effect, episodes.WarningCleared) and warning_handling.report_owed(effect.highest):
                due = warning_handling.report_due(at, self.rules).at
                self.owed.append(_Owed(effect.last, due))
                article = _short(self.rules.entry("warning.report.minutes").source)
                self._add(at, "report_due", effect.last, [self.context.enterprise], article, due=due)
        self.state = changed.state

    def _holder(self, event: Event) -> None:
        holders = dict(self.context.holders)
        for post in POSTS:
            if post in event.fields:
                name = event.fields[post]
                person = None if name is None else self.world.person(self.source.enterprise, str(name))
                holders[Slot(post)] = Holder(None if person is None else f"person:{person.code}")
        self.context = replace(self.context, holders=holders)
        level = self.state.level
        told = telling.on_holder_change(level, self.context, self.told, self.settings, self.rules)
        self.told = told.told
        if level is not Level.NONE:
            article = _short(telling.ordered_by(level, self.rules, new_holder=True))
            self._add(event.at, "informed", level, routing.listed(told.informed), article)

    def _report(self, event: Event) -> None:
        texts = {name: str(event.fields.get(name) or "") for name in warning_handling.REPORT_TEXT_LABELS}
        owing = [each for each in self.owed if each.reported is None]
        if owing and not warning_handling.missing_report_texts(texts, self.rules):
            owing[-1].reported = event.at

    def _overdue(self) -> list[Demand]:
        to = routing.listed(routing.overdue_report_recipients(self.context, self.settings))
        shown = tuple(sorted(self.world.shown[each] for each in to))
        return [
            Demand(
                each.due, "report_overdue", str(each.level), self.key, shown, LOCAL_LABEL, each.due, ends=each.reported
            )
            for each in self.owed
            if each.reported is None or each.reported > each.due
        ]

    def _steps(self, before: datetime, ended: datetime | None) -> None:
        """The notices of the running clock that are due before that instant (at it, the change acts first)."""
        clock = self.state.clock
        if clock is None:
            return
        key = clock.ladder.level, clock.started_at
        to = routing.listed(routing.step_recipients(clock.ladder, self.context, self.settings))
        for step in clock.due_steps(self.fired.get(key, 0), before - _NEVER):
            self.fired[key] = step.number
            article = _short(clock.ladder.article)
            self._add(step.due, "notice", clock.ladder.level, to, article, step=step.number, ends=ended)

    def _orders(self, before: datetime, below: Level | None = None) -> None:
        """The site orders that are due before that instant; one that lapses then says so."""
        for order in episodes.due_orders(self.state, before - _NEVER):
            unit = routing.order_unit(order.by, self.context)
            lapses = before if below is not None and below < order.level else None
            ladder = warning_handling.ladder_for(order.level, self.rules)
            article = _short(ladder.order_source) if ladder else ""
            self._add(order.due, "site_order", order.level, [unit.id] if unit else [], article, ends=lapses)
            self.state = self.state.without_order(order)

    def _joined(self) -> Iterator[Demand]:
        """What one instant tells for the first time is one demand, also when two changes caused it."""
        first: dict[tuple[object, ...], Demand] = {}
        for demand in self.found:
            key = (demand.at, demand.kind, demand.level, demand.step, demand.due)
            known = first.get(key)
            to = tuple(sorted({*demand.to, *(known.to if known else ())}))
            first[key] = replace(demand, to=to)
        yield from first.values()
