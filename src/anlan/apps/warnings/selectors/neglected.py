"""The faults that the city complains of: warnings long open, and agencies that never opened them (WRN-18)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from anlan.apps.delivery import selectors as delivery
from anlan.apps.org.models import Agency
from anlan.apps.org.scope import Scope
from anlan.apps.org.selectors import agencies
from anlan.apps.registry.selectors import routing as registry
from anlan.apps.warnings.models import LevelEpisode
from anlan.rules.level import Level
from anlan.rules.routing import tracker
from anlan.rules.unopened import long_open, never_opened

SHORTEST = timedelta(minutes=1)
"""No limit of a locality can be shorter (rulebook), so that younger episodes need not be looked at."""


@dataclass(frozen=True, slots=True)
class Neglected:
    """A running episode that somebody should have looked after. ``since`` is when the fault began.

    ``opened_at`` is when the tracker opened it after all, or None. ``contact`` is the tracker's duty telephone.
    """

    episode: LevelEpisode
    tracker: str
    tracker_name: str
    since: datetime
    opened_at: datetime | None = None
    contact: str = ""


@dataclass(frozen=True, slots=True)
class Neglect:
    """Both lists of a scope, each with the longest first."""

    unopened: list[Neglected]
    """The tracker has not opened the warning within the local limit of its level, or only later (WRN-18)."""
    long: list[Neglected]
    """The warning has been open for the local limit or longer."""


def neglect(scope: Scope, now: datetime) -> Neglect:
    """What in a scope was left lying. A constant number of queries, and work for every running episode.

    Opened is what the tracker itself read after the episode began; another's reading does not count. Blue has no
    tracker: one that is long open is listed for the registered supervisor.
    """
    seen = LevelEpisode.objects.visible_to(scope).filter(ended_at__isnull=True, started_at__lte=now - SHORTEST)
    episodes = list(seen.select_related("warning__source", "enterprise").order_by("started_at", "pk"))
    places = registry.surroundings({episode.warning.source_id for episode in episodes}, now)
    reads = delivery.reads_of([episode.warning.subject for episode in episodes])
    unopened, long = [], []
    for episode in episodes:
        place, level, warning = places[episode.warning.source_id], Level(episode.level), episode.warning
        unit = tracker(level, place.context, place.rules)
        if unit is not None:
            after = [at for at in reads.get((warning.subject, unit.id), []) if at >= episode.started_at]
            opened_at = min(after, default=None)
            if never_opened(level, episode.started_at, opened_at, now, place.rules):
                name = place.addresses[unit.id].name
                unopened.append(Neglected(episode, unit.id, name, episode.started_at, opened_at))
        if long_open(warning.opened_at, now, place.rules):
            watching = unit or place.context.supervisor
            code, name = (watching.id, place.addresses[watching.id].name) if watching is not None else ("", "")
            long.append(Neglected(episode, code, name, warning.opened_at))
    return Neglect(unopened, sorted(long, key=lambda row: row.since))


def never_opened_by_tracker(scope: Scope, now: datetime) -> list[Neglected]:
    """Warnings that their tracker did not open in time, with the tracker's duty telephone."""
    return _with_contacts(neglect(scope, now).unopened)


def long_open_warnings(scope: Scope, now: datetime) -> list[Neglected]:
    """Warnings that have been open for too long, with the duty telephone of who tracks them."""
    return _with_contacts(neglect(scope, now).long)


def _with_contacts(found: list[Neglected]) -> list[Neglected]:
    codes = {row.tracker.removeprefix("agency:") for row in found}
    known: dict[str, Agency] = {f"agency:{agency.code}": agency for agency in agencies(codes=codes)} if found else {}
    return [
        Neglected(row.episode, row.tracker, row.tracker_name, row.since, row.opened_at, known[row.tracker].duty_phone)
        if row.tracker in known
        else row
        for row in found
    ]
