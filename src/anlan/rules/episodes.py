"""What a change of level does to a source's clocks (WRN-12 to WRN-14, Q-05).

A warning runs from leaving `none` until `none`; a level episode is one stretch at one level within it. Each red, orange
or yellow episode has a clock: notices on the grid of its start, one site order. A change of level ends the notices of
the level left at that very instant; its pending site order ends only when the warning falls below that level. Must
never decide who is told (`telling`, `routing`), and never reads a clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from anlan.rules.ladder import Ladder, Step, newest_step, next_step, notice_due, order_due
from anlan.rules.level import Level
from anlan.rules.settings import WarningSettings
from anlan.rules.slots import Slot


@dataclass(frozen=True, slots=True)
class Clock:
    """One level's clock: its ladder snapshot, where its grid begins, and where its present stretch began.

    The two instants differ only when the flap guard continued a former clock.
    """

    ladder: Ladder
    started_at: datetime
    resumed_at: datetime

    def due_steps(self, fired: int, until: datetime) -> list[Step]:
        """The notices beyond number `fired` that are due by `until`, that instant included, in order.

        Steps that fell inside the dip of a continued clock are left out; asked again with the newest number as
        `fired`, it repeats nothing.
        """
        last = newest_step(self.ladder, self.started_at, until)
        return [Step(n, notice_due(self.ladder, self.started_at, n)) for n in range(self._first(fired), last + 1)]

    def next_step(self, fired: int) -> Step:
        """The first notice beyond number `fired`; its due time is what the obligation's row holds."""
        number = self._first(fired)
        return Step(number, notice_due(self.ladder, self.started_at, number))

    def missed_at_end(self, fired: int, ended_at: datetime) -> list[Step]:
        """The notices that fell due before the stretch ended and were not sent: to be journaled, never sent.

        One due at the very instant of the end is none of them: the change of level took effect first.
        """
        return [step for step in self.due_steps(fired, ended_at) if step.due < ended_at]

    def _first(self, fired: int) -> int:
        # The dip is [left, returned): a step due at the instant of return belongs to the level again in force.
        resumed = next_step(self.ladder, self.started_at, self.resumed_at - timedelta(microseconds=1)).number
        return max(fired + 1, resumed)


@dataclass(frozen=True, slots=True)
class SiteOrder:
    """A site order that will fall due; one per level and clock."""

    level: Level
    clock_started_at: datetime
    due: datetime
    by: Slot

    @property
    def key(self) -> tuple[Level, datetime]:
        return self.level, self.clock_started_at


@dataclass(frozen=True, slots=True)
class LeftEpisode:
    """The newest episode at one level that was left, for the flap guard."""

    clock: Clock
    left_at: datetime


@dataclass(frozen=True, slots=True)
class SourceState:
    """A hazard source's warning at one instant. `highest` is the gravest level of the open warning."""

    level: Level = Level.NONE
    highest: Level = Level.NONE
    changed_at: datetime | None = None
    clock: Clock | None = None
    orders: tuple[SiteOrder, ...] = ()
    left: Mapping[Level, LeftEpisode] = field(default_factory=dict)

    def without_order(self, order: SiteOrder) -> SourceState:
        """The state once the order has been issued; asked twice, the second changes nothing."""
        return replace(self, orders=tuple(pending for pending in self.orders if pending.key != order.key))


@dataclass(frozen=True, slots=True)
class WarningOpened:
    """The source left `none`."""

    at: datetime
    level: Level


@dataclass(frozen=True, slots=True)
class EpisodeEnded:
    """A stretch at one level ended; its notices end with it."""

    at: datetime
    level: Level
    clock: Clock | None


@dataclass(frozen=True, slots=True)
class EpisodeStarted:
    """A stretch at one level began. `clock` is None at blue; `continued` says that the flap guard kept a former one."""

    at: datetime
    level: Level
    clock: Clock | None
    continued: bool


@dataclass(frozen=True, slots=True)
class OrderPlanned:
    """A site order will fall due."""

    order: SiteOrder


@dataclass(frozen=True, slots=True)
class OrderCancelled:
    """The warning fell below the order's level. `missed`: it had already fallen due and was not sent; journal that."""

    order: SiteOrder
    missed: bool


@dataclass(frozen=True, slots=True)
class WarningCleared:
    """The source came back to `none`. `last` is the level before, `highest` the gravest of the whole warning."""

    at: datetime
    last: Level
    highest: Level


Effect = WarningOpened | EpisodeEnded | EpisodeStarted | OrderPlanned | OrderCancelled | WarningCleared


@dataclass(frozen=True, slots=True)
class Transition:
    """The new state and what to do, in the order in which it should be recorded."""

    state: SourceState
    effects: tuple[Effect, ...]


def continues(former: LeftEpisode | None, returned_at: datetime, settings: WarningSettings) -> bool:
    """Whether the flap guard continues the former clock of a level (WRN-14, 本地设定; the last minute included).

    [reading] A clearing in between does not matter: a warning cannot shake off its clock by a short `none`.
    """
    if former is None or settings.flap_guard <= timedelta(0):
        return False
    return returned_at - former.left_at <= settings.flap_guard


def transition(
    old: SourceState, new_level: Level, at: datetime, settings: WarningSettings, ladder: Ladder | None
) -> Transition:
    """The effects of setting a source's level at an instant.

    `ladder` is the new level's ladder as the rulebook has it on that day (None at blue and none); a continued clock
    keeps its own. Setting the level already in force does nothing. Time running backwards raises `ValueError`.

    [reading] Stands on the page that lays law beside code (docs/explanation/law.md).
    """
    if old.changed_at is not None and at < old.changed_at:
        raise ValueError("a level cannot change before its last change")
    if new_level is old.level:
        return Transition(old, ())
    effects: list[Effect] = []
    left = dict(old.left)
    if old.level is Level.NONE:
        effects.append(WarningOpened(at, new_level))
    else:
        effects.append(EpisodeEnded(at, old.level, old.clock))
        if old.clock is not None:
            left[old.level] = LeftEpisode(old.clock, at)
    kept = tuple(order for order in old.orders if order.level <= new_level)
    effects += [OrderCancelled(order, missed=order.due < at) for order in old.orders if order.level > new_level]
    if new_level is Level.NONE:
        effects.append(WarningCleared(at, old.level, old.highest))
        return Transition(SourceState(changed_at=at, left=left), tuple(effects))
    former = left.get(new_level)
    continued = former is not None and continues(former, at, settings)
    clock: Clock | None = None
    if former is not None and continued:
        clock = replace(former.clock, resumed_at=at)
    elif ladder is not None:
        clock = Clock(ladder, at, at)
    effects.append(EpisodeStarted(at, new_level, clock, continued))
    order = _order(clock, at)
    if order is not None and order.key not in {pending.key for pending in kept}:
        kept = (*kept, order)
        effects.append(OrderPlanned(order))
    highest = max(old.highest, new_level)
    return Transition(SourceState(new_level, highest, at, clock, kept, left), tuple(effects))


def due_orders(state: SourceState, until: datetime) -> list[SiteOrder]:
    """The pending orders due by `until`, that instant included, in order of time, then gravest first."""
    found = [order for order in state.orders if order.due <= until]
    return sorted(found, key=lambda order: (order.due, -order.level.rank))


def _order(clock: Clock | None, at: datetime) -> SiteOrder | None:
    if clock is None:
        return None
    due = order_due(clock.ladder, clock.started_at)
    # A continued clock whose order fell due before or inside the dip has none left (it was sent, or is not sent).
    return SiteOrder(clock.ladder.level, clock.started_at, due, clock.ladder.order_by) if due >= at else None
