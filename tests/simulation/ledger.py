"""What must stand in the databases, by slow and obvious models, held against what does.

The models know nothing of the product's rules but their figures: a limit, ten minutes, thirty, sixty, one hundred and
twenty. Everything here yields what differs, in words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connections
from django.db.models import Model
from tests.simulation.memory_log import MemoryLog

HISTORY = "history"
SWITCHED_OFF = -1
"""In the place of an instant: the alarm ended when its point was switched off."""
SLACK = timedelta(seconds=30)
GRACE_US = 5_000_000
YELLOW_AFTER = timedelta(minutes=10)
LADDERS = {"yellow": (60, 60, 1440), "orange": (60, 60, 720), "red": (30, 30, 120)}
"""Minutes until the first notice, between notices, until the site order."""


def worked_off(log: MemoryLog) -> bool:
    """Whether engine and historian have read all that is in the log."""
    from anlan.apps.alarms.models import EnginePosition
    from anlan.apps.history.models import Position

    return all(
        _newest(rows, using) == log.store.last_seq for rows, using in ((EnginePosition, "default"), (Position, HISTORY))
    )


def _newest(rows: type[Model], using: str) -> int:
    """The furthest position; asked so often that Django's own way would cost more than all other checks."""
    with connections[using].cursor() as cursor:
        cursor.execute(f"SELECT MAX(seq) FROM {rows._meta.db_table}")
        return cursor.fetchone()[0] or 0


def unsent() -> bool:
    """Whether letters wait to be sent."""
    from anlan.apps.delivery.models import WAITING, Delivery

    return bool(Delivery.objects.filter(state__in=WAITING).exists())


def in_history(world: Any) -> Iterator[str]:
    """Every acknowledged sample is there once, with its value."""
    from anlan.apps.history.selectors.stored import stored

    day = 86_400_000_000
    start, end = _us(world.clock.now()) - 2 * day, _us(world.clock.now()) + 2 * day
    found: dict[str, dict[int, float]] = {point: {} for point in world.points}
    for gate in world.gates:
        series = stored(gate.code, set(world.points), start, end, by_minute=False).series
        for point, parts in series.items():
            for part in parts:
                found[point].update(zip(part.sampled_us.tolist(), part.value.tolist(), strict=True))
    for point, sent in world.ledger.sent.items():
        have = found[point]
        lost = [us for us in sent if us not in have and (point, us) not in world.ledger.excused]
        if lost:
            yield f"{point}: {len(lost)} samples lost, the first of {_seconds(world, min(lost))}"
        changed = [us for us, value in have.items() if sent.get(us, value) != value]
        if changed:
            yield f"{point}: {len(changed)} samples changed, the first of {_seconds(world, min(changed))}"


def damage() -> Iterator[str]:
    """A check of all of history finds nothing, and no row counts other samples than stand in it."""
    from anlan.apps.history.services import damaged, withheld

    for fault in (*damaged(), *withheld()):
        yield f"history of {fault.gateway}: {fault.kind} {fault.reason}"


def shown_twice(world: Any) -> Iterator[str]:
    """A curve shows each sample once."""
    from anlan.apps.history.selectors import raw
    from anlan.apps.registry.models import Point

    day = timedelta(days=2)
    for point in Point.objects.by_the_machine().select_related("gateway", "enterprise"):
        times = raw(point, world.clock.now() - day, world.clock.now() + day).sampled_at_us.tolist()
        if len(set(times)) != len(times):
            yield f"{point.code}: {len(times) - len(set(times))} samples doubled"


def alarms_of(samples: dict[int, float], switched: list[tuple[int, int]]) -> Iterator[tuple[str, int, int | None]]:
    """Beyond a limit an alarm stands, within it ends: (side, first instant, end). No delays, no deadband."""
    began: dict[str, int] = {}
    offs = sorted(off for off, _ in switched)
    for us, value in sorted(samples.items()):
        while offs and us > offs[0]:
            offs.pop(0)
            for side, since in began.items():
                yield side, since, SWITCHED_OFF
            began = {}
        for side, beyond, back in (("high", value >= 80, value < 79), ("low", value <= 20, value > 21)):
            if beyond:
                began.setdefault(side, us)
            elif back and side in began:
                yield side, began.pop(side), us
    for side, since in began.items():
        yield side, since, SWITCHED_OFF if offs else None


def in_alarms(world: Any) -> Iterator[str]:
    """Alarms are exactly those of the samples, from the very instant to the very instant."""
    from anlan.apps.alarms.models import Alarm

    rows = Alarm.objects.by_the_machine().filter(side__in=["high", "low"]).select_related("point")
    found = {(row.point.code, row.side, _us(row.started_at), _end(row)) for row in rows}
    wanted = {
        (point, *each)
        for point, samples in world.ledger.sent.items()
        for each in alarms_of(samples, world.ledger.switched.get(point, []))
    }
    excused = world.ledger.touched | {point for point, _ in world.ledger.excused}
    for each in sorted((wanted ^ found), key=str):
        point, side, began, end = each
        if point not in excused:
            near = [value for us, value in sorted(world.ledger.sent[point].items()) if abs(us - began) < 12_000_000]
            said = "no such alarm" if each in wanted else "an alarm that must not be"
            until = {None: "now", SWITCHED_OFF: "the point was switched off"}.get(end) or _seconds(world, end)
            yield f"{said}: {point} {side} from {_seconds(world, began)} to {until}; sent about then {near}"


def _end(row: Any) -> int | None:
    if row.cleared_at is None:
        return None
    return SWITCHED_OFF if row.ended_by == "switched_off" else _us(row.cleared_at)


def silent(world: Any, points: list[str]) -> Iterator[str]:
    """That these points are silent is known."""
    from anlan.apps.alarms.models import Alarm

    rows = Alarm.objects.by_the_machine().filter(side="no_data", state="active", point__code__in=points)
    for point in sorted(set(points) - set(rows.values_list("point__code", flat=True))):
        yield f"{point}: silent for minutes, and nobody says so"


def heard(world: Any, points: list[str]) -> Iterator[str]:
    """That these points are heard of is known."""
    from anlan.apps.alarms.models import Alarm

    rows = Alarm.objects.by_the_machine().filter(side="no_data", state="active", point__code__in=points)
    for point in sorted(set(rows.values_list("point__code", flat=True))):
        yield f"{point}: it was heard a moment ago, and is called silent"


def in_warnings(world: Any) -> Iterator[str]:
    """The level of every hazard source is that of its standing alarms."""
    from anlan.apps.alarms.models import Alarm
    from anlan.apps.registry.models import HazardSource
    from anlan.apps.warnings.models import Warning

    now = world.clock.now()
    furthest = max(now, _instant(world.ledger.furthest_us))
    for source in HazardSource.objects.by_the_machine():
        rows = Alarm.objects.by_the_machine().filter(source=source, side__in=["high", "low"], state="active")
        standing = list(rows.values_list("point__code", "level", "started_at"))
        outer = {point for point, level, _ in standing if level in ("HH", "LL")}
        wanted = {0: "blue" if standing else "none", 1: "orange"}.get(len(outer), "red")
        allowed = {wanted}
        if wanted == "blue" and standing:
            oldest = min(began for _, _, began in standing)
            if oldest > now + SLACK or oldest + YELLOW_AFTER <= furthest + SLACK:  # counted from when that was found
                allowed.add("yellow")
            if oldest + YELLOW_AFTER + SLACK <= now and _clock_looked_since(world, oldest + YELLOW_AFTER):
                allowed.discard("blue")
        open_ones = Warning.objects.by_the_machine().filter(source=source, cleared_at__isnull=True)
        levels = list(open_ones.values_list("level", flat=True)) or ["none"]
        if len(levels) > 1 or levels[0] not in allowed:
            yield f"{source.code}: its warning stands at {levels}, by its alarms {sorted(allowed)}: {standing}"


def _clock_looked_since(world: Any, at: datetime) -> bool:
    return not any(since <= _us(at) + GRACE_US and until >= _us(at) for since, until in world.ledger.no_clock)


def in_due_things(world: Any) -> Iterator[str]:
    """Every step is due once, at its instant: none early, none dropped, none told twice; late only without a clock."""
    from anlan.apps.obligations.models import Obligation
    from anlan.apps.warnings.models import LevelEpisode

    now = world.clock.now()
    rows = list(Obligation.objects.by_the_machine().order_by("due_at"))
    for row in rows:
        if row.state in ("fired", "missed", "overdue") and row.fired_at is not None and row.fired_at < row.due_at:
            yield f"{row.key}: due {row.due_at}, fired before, at {row.fired_at}"
        if row.state == "pending" and row.due_at < now - SLACK and row.kind != "rectify":
            yield f"{row.key}: due {row.due_at}, and nothing has happened by {now}"
    told = _told()
    by_key = {row.key: row for row in rows}
    for episode in LevelEpisode.objects.by_the_machine():
        if episode.ladder:
            yield from _notices(world, episode, by_key, told)
            yield from _site_order(world, episode, by_key)


def _told() -> Counter[tuple[str, datetime]]:
    """How often each due instant of an episode was told of, alone or as one that was missed."""
    from anlan.apps.delivery.models import Notice

    told: Counter[tuple[str, datetime]] = Counter()
    for key, due, missed in Notice.objects.by_the_machine().values_list("key", "due_at", "missed"):
        match = re.fullmatch(r"w\d+:(notice:e\d+):\d+", key)
        if match:
            instants = {due, *(datetime.fromisoformat(each) for each in missed)}
            told.update((match[1], each) for each in instants)
    return told


def _notices(world: Any, episode: Any, rows: dict[str, Any], told: Counter[tuple[str, datetime]]) -> Iterator[str]:
    first, every, _ = (timedelta(minutes=each) for each in LADDERS[episode.level])
    name, end = f"notice:e{episode.pk}", episode.ended_at
    until = end or world.clock.now() - SLACK
    number = 0
    while (due := episode.clock_started_at + first + number * every) < until:
        number += 1
        if due < episode.started_at:
            continue  # it fell into the dip
        row = rows.get(f"{name}:{number}")
        if row is None or row.due_at != due or row.state not in ("fired", "missed"):
            said = "is not there" if row is None else f"is {row.state}, due {row.due_at}"
            yield f"{name}:{number} must have been due at {due} and {said}; the level stood until {end}"
            continue
        excused = not _clock_looked_since(world, due)
        times = told[name, due]
        if times > 1 or (times == 0 and not (end and row.state == "missed" and excused)):
            yield f"{name}:{number}, due at {due} and {row.state}, was told {times} times"
        if row.state == "missed" and not excused:
            yield f"{name}:{number}, due at {due}, is called missed, though a clock stood at work"
    for key, row in rows.items():
        early = key.startswith(f"{name}:") and row.state == "fired" and row.due_at >= until + SLACK
        if early and _us(row.due_at) > world.ledger.furthest_us:
            yield f"{key}: fired, though due at {row.due_at} only; the level stood until {end}"


def _site_order(world: Any, episode: Any, rows: dict[str, Any]) -> Iterator[str]:
    from anlan.apps.warnings.models import LevelEpisode, SiteOrder

    ranks = {"blue": 1, "yellow": 2, "orange": 3, "red": 4}
    due = episode.clock_started_at + timedelta(minutes=LADDERS[episode.level][2])
    row = rows.get(f"site_order:e{episode.pk}")
    if row is None:  # a clock that goes on, be it within the same instant, has its order from a stretch before
        of_clock = {"level": episode.level, "clock": episode.clock_started_at.isoformat()}
        of_source = [each for each in rows.values() if each.source_id == episode.warning.source_id]
        orders = [each for each in of_source if each.key.startswith("site_order:")]
        if not any(of_clock.items() <= each.payload.items() for each in orders):
            yield f"site_order:e{episode.pk} was never planned"
        return
    if row.due_at != due:
        yield f"{row.key}: due at {row.due_at} instead of {due}"
    fell = None
    stretches = LevelEpisode.objects.by_the_machine().filter(warning=episode.warning_id, pk__gte=episode.pk)
    for each in stretches.order_by("pk"):
        if ranks[each.level] < ranks[episode.level]:
            fell = each.started_at
            break
    fell = fell or episode.warning.cleared_at
    issued = SiteOrder.objects.by_the_machine().filter(episode=episode).count()
    must = due < (fell or world.clock.now() - SLACK)
    excused = not _clock_looked_since(world, due)
    if issued > 1 or (must and not issued and not (fell and row.state == "missed" and excused)):
        yield f"{row.key}, due at {due} and {row.state}, was issued {issued} times; the level fell at {fell}"
    if issued and fell is not None and due > fell and not excused:  # while our clock stood ahead it was due earlier
        yield f"{row.key}, due at {due}, was issued though the level had fallen at {fell}"


def in_letters(world: Any) -> Iterator[str]:
    """Every letter has gone out, once; once more only where its sender was killed or heard no answer."""
    from anlan.apps.delivery.models import TAKEN, Delivery, Notice

    known = dict(Delivery.objects.filter(channel=world.line.name).values_list("key", "state"))
    sent = Counter(world.line.taken)
    for key, state in known.items():
        if state not in TAKEN or not sent[key]:
            yield f"letter {key} is {state}; the line took it {sent[key]} times"
    more, allowed = sum(count - 1 for count in sent.values()), world.ledger.repeats + len(world.ledger.in_doubt)
    if more > allowed:
        yield f"{more} letters went out once more, at most {allowed} may have"
    for notice in Notice.objects.by_the_machine().filter(messages__isnull=True):
        yield f"{notice.key} was addressed to nobody"


def in_doubt(world: Any) -> set[tuple[str, int]]:
    """Letters, each with the number of its try, that the line took and whose sender has not written it down."""
    from anlan.apps.delivery.models import Delivery, DeliveryState

    trying = Delivery.objects.filter(channel=world.line.name, state=DeliveryState.SENDING)
    taken = set(world.line.taken)
    return {(key, attempts) for key, attempts in trying.values_list("key", "attempts") if key in taken}


def in_quarantine(world: Any) -> Iterator[str]:
    """What a gateway sent of a point that is not its own any more is refused, and that is on record."""
    from anlan.apps.gateways.models import Quarantined
    from anlan.stream.refusal import Refusal

    rows = Quarantined.objects.by_the_machine().filter(reason__in=[Refusal.CLAIMED, Refusal.UNKNOWN_POINT])
    for gateway in sorted(world.ledger.foreign - set(rows.values_list("gateway", flat=True))):
        yield f"{gateway} sent samples of a point that is not its own, and nobody says that they were refused"


def _us(at: datetime) -> int:
    return round((at - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))


def _instant(us: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)


def _seconds(world: Any, us: int | None) -> str:
    """An instant in the seconds of the simulation."""
    began = world.clock.now().timestamp() - world.loop.seconds - world.clock.off_s
    return "now" if us is None else f"{us / 1e6 - began:.2f}"
