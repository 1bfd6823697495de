"""How a hazard source stands before a decision: its surroundings, its open warning, its clocks.

Everything here is read while the enterprise's journal chain is held, so nobody else decides about the same source at
the same time. The rows become the values that the pure rules take; nothing is decided here.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache

from anlan.apps.journal import services as journal
from anlan.apps.obligations import selectors as due_things
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Obligation
from anlan.apps.org.actor import SYSTEM, Actor
from anlan.apps.registry.models import HazardSource
from anlan.apps.registry.selectors import routing as registry
from anlan.apps.registry.selectors.routing import Surroundings
from anlan.apps.warnings import kinds
from anlan.apps.warnings.models import LevelEpisode, Told, Warning
from anlan.rules.episodes import Clock, LeftEpisode, SiteOrder, SourceState
from anlan.rules.ladder import Ladder
from anlan.rules.level import Level
from anlan.rules.routing import Recipient, RecipientKind
from anlan.rules.slots import Slot


@dataclass(slots=True)
class Standing:
    """One source under the lock of its enterprise."""

    place: Surroundings
    warning: Warning | None
    episode: LevelEpisode | None
    pending: dict[tuple[Level, datetime], Obligation]
    """Pending site orders by level and start of their clock."""
    state: SourceState
    planned: list[Obligation] = field(default_factory=list)
    """Due things that the decision made and are yet to be added."""
    acts: list[journal.Act] = field(default_factory=list)
    """What is to be journaled when the decision is done."""

    def note(
        self, act: str, at: datetime, by: Actor = SYSTEM, before: object = None, after: object = None, subject: str = ""
    ) -> None:
        """Remember an act for the journal."""
        about = subject or (self.warning.subject if self.warning is not None else f"source:{self.place.source.code}")
        self.acts.append(journal.Act(self.place.chain, act, at, by.id, about, before, after))

    def write(self) -> None:
        """Journal what was noted; a second call has nothing left to write."""
        acts, self.acts = self.acts, []
        journal.record_all(acts)


def hold(source: HazardSource, at: datetime) -> Standing:
    """Lock the enterprise of a source and read how the source stands at ``at``. Call inside a transaction."""
    journal.hold([f"enterprise:{source.enterprise.code}"])
    place = registry.surroundings([source.pk], at)[source.pk]
    warning = Warning.objects.by_the_machine().filter(source=source, cleared_at__isnull=True).first()
    if warning is None:
        return Standing(place, None, None, {}, SourceState(left=_left(place, at)))
    episode = LevelEpisode.objects.by_the_machine().get(warning=warning, ended_at__isnull=True)
    pending = _pending(warning)
    state = SourceState(
        level=Level(warning.level),
        highest=Level(warning.highest),
        changed_at=warning.level_since,
        clock=clock_of(episode),
        orders=_orders(pending),
        left=_left(place, at),
    )
    return Standing(place, warning, episode, pending, state)


def catch_up(standing: Standing, at: datetime) -> datetime:
    """Send what of the open warning fell due before ``at`` and the clock has not looked at yet; see `fire_before`.

    Returns the instant at which the change that follows takes effect: ``at``, or the moment at which a clock has just
    sent something, when the change was decided before it and came to its turn after it. What was sent stands; the
    change cannot be earlier. A clock that was set back is not followed.
    """
    warning = standing.warning
    if warning is None:
        return at
    if obligations.fire_before(warning.subject, at):
        warning.refresh_from_db(fields=["next_due_at"])
        standing.pending = _pending(warning)
        standing.state = replace(standing.state, orders=_orders(standing.pending))
    last = due_things.last_fired(warning.subject)
    return last if last is not None and at < last <= at + obligations.GRACE else at


def _pending(warning: Warning) -> dict[tuple[Level, datetime], Obligation]:
    """The pending site orders of a warning by level and start of their clock."""
    return {
        (Level(row.payload["level"]), instant(row.payload["clock"])): row
        for row in due_things.pending_of(warning.subject, kinds.SITE_ORDER)
    }


def _orders(pending: dict[tuple[Level, datetime], Obligation]) -> tuple[SiteOrder, ...]:
    return tuple(
        SiteOrder(level, started, row.due_at, Slot(row.payload["by"])) for (level, started), row in pending.items()
    )


def clock_of(episode: LevelEpisode) -> Clock | None:
    """The running clock of an episode, from its own snapshot; None at blue."""
    if not episode.ladder:
        return None
    return Clock(ladder_of(json.dumps(episode.ladder)), episode.clock_started_at, episode.started_at)


@lru_cache(maxsize=256)
def ladder_of(snapshot: str) -> Ladder:
    """The ladder that an episode keeps, from its text; most episodes share theirs."""
    return Ladder.from_json(snapshot)


def told_of(warning_ids: Collection[int]) -> dict[int, list[Recipient]]:
    """Everyone whom each warning has reached so far."""
    reached: dict[int, list[Recipient]] = {pk: [] for pk in warning_ids}
    for told in Told.objects.by_the_machine().filter(warning__in=list(warning_ids)):
        kind = RecipientKind(told.recipient.partition(":")[0])
        reached[told.warning_id].append(Recipient(told.recipient, kind, Slot(told.slot)))
    return reached


def instant(text: str) -> datetime:
    """An instant that was stored as text in a payload."""
    return datetime.fromisoformat(text)


def _left(place: Surroundings, at: datetime) -> dict[Level, LeftEpisode]:
    """Episodes left so lately that the flap guard may continue them; the newest of each level."""
    if not place.settings.flap_guard:
        return {}
    ended = LevelEpisode.objects.by_the_machine().filter(
        warning__source=place.source, ended_at__isnull=False, ended_at__gte=at - place.settings.flap_guard
    )
    left: dict[Level, LeftEpisode] = {}
    for episode in ended.order_by("ended_at", "pk"):
        clock = clock_of(episode)
        if clock is not None and episode.ended_at is not None:
            left[Level(episode.level)] = LeftEpisode(clock, episode.ended_at)
    return left
