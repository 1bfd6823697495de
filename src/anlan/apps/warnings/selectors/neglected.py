"""The faults that the city complains of: warnings long open, and agencies that never opened them (WRN-18)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import CharField, DateTimeField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from anlan.apps.delivery import selectors as delivery
from anlan.apps.org.models import Agency, AgencyLevel
from anlan.apps.org.scope import Scope
from anlan.apps.org.selectors import agencies
from anlan.apps.registry.selectors import routing as registry
from anlan.apps.rulebook import selectors as rulebook
from anlan.apps.warnings.models import LevelEpisode
from anlan.rules import unopened as rules_unopened
from anlan.rules import warning_handling
from anlan.rules.calendar import civil_day
from anlan.rules.level import Level
from anlan.rules.routing import Unit, tracker
from anlan.rules.rulebook import Value as Limit
from anlan.rules.rulebook import load
from anlan.rules.slots import Slot
from anlan.rules.unopened import never_opened

LIMITS = {level: f"unopened_{level}_minutes" for level in (Level.RED, Level.ORANGE, Level.YELLOW)}
LONG = "long_open_hours"


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


def unopened(scope: Scope, now: datetime, most: int | None = None) -> list[Neglected]:
    """Running episodes that the tracker has not opened within the local limit of their level, or only later (WRN-18).

    The longest first, at most ``most`` of them. Opened is what the tracker itself read after the episode began;
    another's reading does not count. Those that it certainly opened in time are left to the database, the others are
    judged one by one until there are enough.
    """
    values = rulebook.values_of_all(LIMITS.values(), civil_day(now))
    late = Q(pk__in=[])
    for level, limit in LIMITS.items():
        shortest = timedelta(minutes=_shortest(values[limit]))
        in_time = Exists(_read_in_time(level, shortest))
        late |= Q(level=level, started_at__lte=now - shortest) & Q(~in_time)  # in this order: the cheap ones first
    rows = _running(scope).filter(late).order_by("started_at", "pk")
    return _judged(rows, _unopened, now, most)


def long_open(scope: Scope, now: datetime, most: int | None = None) -> list[Neglected]:
    """Warnings that have been open for the local limit or longer; the longest first, at most ``most`` of them.

    Blue has no tracker: one that is long open is listed for the registered supervisor.
    """
    rows = _opened_before(scope, now, rulebook.values_anywhere(LONG, civil_day(now)))
    return _judged(rows.order_by("warning__opened_at", "pk"), _long, now, most)


def long_open_count(scope: Scope, now: datetime, most: int) -> int:
    """How many `long_open` would find; no further than one more than ``most``."""
    limits = rulebook.values_anywhere(LONG, civil_day(now))
    if len(limits) > 1:
        return len(long_open(scope, now, most + 1))
    return _opened_before(scope, now, limits).order_by()[: most + 1].count()


def _opened_before(scope: Scope, now: datetime, limits: set[Limit]) -> QuerySet[LevelEpisode]:
    """Running episodes of warnings that the shortest of the limits has passed."""
    shortest = timedelta(hours=_shortest(limits))
    return _running(scope).filter(warning__opened_at__lte=now - shortest)


def _shortest(limits: Collection[Limit]) -> int:
    """The shortest of the values of a length. Raises ValueError for one that is no number."""
    numbers = [limit for limit in limits if isinstance(limit, int)]
    if len(numbers) < len(limits):
        raise ValueError(f"not all of {limits} are numbers")
    return min(numbers)


def _running(scope: Scope) -> QuerySet[LevelEpisode]:
    seen = LevelEpisode.objects.visible_to(scope).filter(ended_at__isnull=True)
    return seen.select_related("warning__source", "enterprise").defer("ladder", "warning__reasons")


def _read_in_time(level: Level, within: timedelta) -> QuerySet[Any]:
    """Readings of an episode's warning by who is its tracker without any doubt, soon enough under every rule."""
    ladder = warning_handling.ladder_for(level, load())
    assert ladder is not None
    subject = Concat(Value("warning:"), Cast(OuterRef("warning_id"), CharField()))
    soon = ExpressionWrapper(OuterRef("started_at") + Value(within), output_field=DateTimeField())
    reads = delivery.readings(subject).filter(read_at__gte=OuterRef("started_at"), read_at__lte=soon)
    if ladder.order_by is Slot.SUPERVISOR:
        units = (AgencyLevel.COUNTY, AgencyLevel.PARK)
        return reads.filter(agency=OuterRef("enterprise__supervisor"), agency__level__in=units)
    home = ExpressionWrapper(OuterRef("enterprise__county__path"), output_field=CharField())
    above = AgencyLevel.CITY if ladder.order_by is Slot.CITY else AgencyLevel.PROVINCE
    return reads.alias(home=home).filter(agency__level=above, home__startswith=F("agency__path"))


Judge = Callable[[LevelEpisode, registry.Surroundings, list[datetime], Unit | None, datetime], Neglected | None]


def _judged(rows: QuerySet[LevelEpisode], judge: Judge, now: datetime, most: int | None) -> list[Neglected]:
    """What ``judge`` says of the rows in their order, until ``most`` were found. Looks at a few more first and only
    when those are not enough at all the others, so that the number of queries does not grow with the rows."""
    found: list[Neglected] = []
    begin, end = 0, None if most is None else most + most // 8
    while True:
        episodes = list(rows[begin:end])
        places = registry.surroundings({each.warning.source_id for each in episodes}, now, holders=False)
        reads = delivery.reads_of([each.warning.subject for each in episodes])
        for episode in episodes:
            place = places[episode.warning.source_id]
            unit = tracker(Level(episode.level), place.context, place.rules)
            read = reads.get((episode.warning.subject, unit.id), []) if unit is not None else []
            found += [each for each in [judge(episode, place, read, unit, now)] if each is not None]
            if len(found) == most:
                return found
        if end is None or len(episodes) < end - begin:
            return found
        begin, end = end, None


def _unopened(
    episode: LevelEpisode, place: registry.Surroundings, read: list[datetime], unit: Unit | None, now: datetime
) -> Neglected | None:
    opened_at = min((at for at in read if at >= episode.started_at), default=None)
    if unit is None or not never_opened(Level(episode.level), episode.started_at, opened_at, now, place.rules):
        return None
    return Neglected(episode, unit.id, place.addresses[unit.id].name, episode.started_at, opened_at)


def _long(
    episode: LevelEpisode, place: registry.Surroundings, read: list[datetime], unit: Unit | None, now: datetime
) -> Neglected | None:
    if not rules_unopened.long_open(episode.warning.opened_at, now, place.rules):
        return None
    watching = unit or place.context.supervisor
    code, name = (watching.id, place.addresses[watching.id].name) if watching is not None else ("", "")
    return Neglected(episode, code, name, episode.warning.opened_at)


def never_opened_by_tracker(scope: Scope, now: datetime, most: int | None = None) -> list[Neglected]:
    """Warnings that their tracker did not open in time, with the tracker's duty telephone."""
    return _with_contacts(unopened(scope, now, most))


def long_open_warnings(scope: Scope, now: datetime, most: int | None = None) -> list[Neglected]:
    """Warnings that have been open for too long, with the duty telephone of who tracks them."""
    return _with_contacts(long_open(scope, now, most))


def _with_contacts(found: list[Neglected]) -> list[Neglected]:
    codes = {row.tracker.removeprefix("agency:") for row in found}
    known: dict[str, Agency] = {f"agency:{agency.code}": agency for agency in agencies(codes=codes)} if found else {}
    return [
        Neglected(row.episode, row.tracker, row.tracker_name, row.since, row.opened_at, known[row.tracker].duty_phone)
        if row.tracker in known
        else row
        for row in found
    ]
