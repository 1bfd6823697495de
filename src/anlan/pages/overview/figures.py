"""The figures of the overview, counted from rows in scope; what has no base is shown as a dash, never as zero."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Count, Max, Min, Q
from django.db.models.functions import TruncMinute

from anlan.apps.alarms.models import Alarm, AlarmState
from anlan.apps.alarms.selectors.alarms import FAULTY, UNCLEARED, announced, limit_alarms
from anlan.apps.alarms.selectors.quieting import shelved_alarms
from anlan.apps.gateways.models import GatewayLink
from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import Camera, Enterprise, Gateway
from anlan.apps.warnings.models import LevelEpisode, Warning
from anlan.pages.overview.frame import frame_of
from anlan.rules import calendar
from anlan.rules.level import WARNING_LEVELS, Level
from anlan.rules.ratio import Ratio
from anlan.rules.rulebook import Entry, RulesInForce

BINS = 18
BIN = timedelta(minutes=10)


@dataclass(frozen=True)
class LevelFigure:
    """Open warnings at one level; ``since`` is the oldest open episode, ``last`` the end of the newest past one."""

    level: str
    count: int
    since: datetime | None
    last: datetime | None


def levels(scope: Scope) -> list[LevelFigure]:
    """The four levels, gravest first; one query for what is open, and one a level for the newest past one."""
    open_now = Warning.objects.visible_to(scope).filter(cleared_at__isnull=True)
    found = {
        row["level"]: row
        for row in open_now.order_by().values("level").annotate(number=Count("*"), oldest=Min("level_since"))
    }
    ended = LevelEpisode.objects.visible_to(scope).filter(ended_at__isnull=False).order_by("-ended_at")
    return [
        LevelFigure(
            level.value,
            found[level.value]["number"] if level.value in found else 0,
            found[level.value]["oldest"] if level.value in found else None,
            ended.filter(level=level.value).values_list("ended_at", flat=True).first(),
        )
        for level in WARNING_LEVELS
    ]


@dataclass(frozen=True)
class Uncleared:
    """未消警: alarms beyond a limit, not back in range, or back and not acknowledged (MON-07); 数据异常 apart."""

    total: int
    old: int
    """Of these, standing for longer than the limit (a local setting)."""
    limit: Entry
    returned: int
    """Of these, back in range: they only wait for somebody to take note."""
    faulty: int
    """Beside these, faults of the data that go on."""
    shelved: int
    """Of an enterprise's own view: uncleared, and left out because it shelved them."""


def uncleared(scope: Scope, now: datetime, rules: RulesInForce) -> Uncleared:
    limit = rules.entry("uncleared_old_minutes")
    since = now - rules.length(limit.key)
    found = announced(scope, UNCLEARED, now).order_by().aggregate(
        total=Count("*"),
        old=Count("raised_at", filter=Q(raised_at__lt=since)),
        returned=Count("cleared_at", filter=Q(state=AlarmState.CLEARED)),
    )  # fmt: skip
    faulty = announced(scope, FAULTY, now).count()
    shelved = 0
    if scope.is_enterprise:
        shelved = shelved_alarms(Alarm.objects.visible_to(scope).filter(UNCLEARED), now).count()
    return Uncleared(found["total"], found["old"], limit, found["returned"], faulty, shelved)


@dataclass(frozen=True)
class Online:
    """A rate with what is missing from it."""

    rate: Ratio
    offline: int
    never: int = 0
    """Never seen at all; of cameras these are part of the offline, of gateways they are beside the rate."""


def systems(scope: Scope) -> Online:
    """系统在线: gateways whose data arrive, of those that are connected: in use and seen at least once (BUL-14)."""
    total = Gateway.objects.visible_to(scope).filter(is_active=True).count()
    links = GatewayLink.objects.visible_to(scope).filter(gateway__is_active=True)
    found = links.aggregate(
        online=Count("pk", filter=Q(online=True)), seen=Count("pk", filter=Q(last_received_at__isnull=False))
    )
    return Online(Ratio(found["online"], found["seen"]), found["seen"] - found["online"], total - found["seen"])


def cameras(scope: Scope, now: datetime, rules: RulesInForce) -> Online:
    """视频在线: key cameras and control rooms that were seen lately, of all (MON-05).

    A camera is offline after the same silence as a data link (a local setting).
    """
    since = now - rules.minutes("offline_minutes")
    counting = Camera.objects.visible_to(scope).filter(Q(is_key=True) | Q(is_control_room=True)).order_by()
    found = counting.aggregate(
        all=Count("*"),
        seen=Count("pk", filter=Q(last_seen_at__gt=since, down_since=None)),
        never=Count("pk", filter=Q(last_seen_at__isnull=True)),
    )
    return Online(Ratio(found["seen"], found["all"]), found["all"] - found["seen"], found["never"])


@dataclass(frozen=True)
class Bin:
    """Alarms raised in ten minutes."""

    start: datetime
    count: int
    height: float
    """Percent of the highest column."""


def alarm_bins(scope: Scope, now: datetime) -> list[Bin]:
    """New alarms beyond a limit per ten minutes of civil time over the last three hours, the running ones last."""
    civil = calendar.civil(now)
    running = civil.replace(minute=civil.minute // 10 * 10, second=0, microsecond=0)
    first = running - (BINS - 1) * BIN
    rows = limit_alarms(scope).filter(raised_at__gte=first).order_by()
    counts: Counter[int] = Counter()
    for minute, number in (
        rows.annotate(minute=TruncMinute("raised_at")).values_list("minute").annotate(number=Count("*"))
    ):
        counts[int((minute - first) // BIN)] += number
    top = max([*counts.values(), 1])
    return [Bin(first + i * BIN, counts[i], counts[i] / top * 100) for i in range(BINS)]


@dataclass(frozen=True)
class Spread:
    """Enterprises by their level: the worst of their open warnings, else 低 (MON-08)."""

    level: str
    words: str
    count: int
    share: float


def enterprise_levels(scope: Scope) -> dict[int, str]:
    """Level of each enterprise that has an open warning, by key."""
    rows = Warning.objects.visible_to(scope).filter(cleared_at__isnull=True, enterprise__is_active=True).order_by()
    worst = dict(rows.values_list("enterprise_id").annotate(Max("rank")))
    by_rank = {level.rank: level.value for level in WARNING_LEVELS}
    return {key: by_rank[rank] for key, rank in worst.items() if rank in by_rank}


@dataclass(frozen=True)
class Dot:
    """An enterprise on the schematic map, in units of its view box; with ``others``, several that lie too close."""

    x: float
    y: float
    name: str
    code: str
    """Of the gravest one."""
    level: str
    labelled: bool
    others: int = 0
    """How many more enterprises lie there, none of them graver."""
    outside: tuple[str, ...] = ()
    """Names of those that lie outside the frame and are drawn on its border."""
    label: float = 0.0
    """Where the label begins."""
    line: float = 0.0
    """Height of the label's middle."""


WIDTH, HEIGHT, MARGIN, BORDER = 336.0, 230.0, 26.0, 8.0
LABELS = 12
SINGLE = 300
"""Up to so many enterprises each has its own dot; of more, those within a `CELL` share one."""
CELL = 14.0


def map_dots(scope: Scope, by_enterprise: dict[int, str]) -> list[Dot]:
    """Where the enterprises lie, stretched into the box with true proportions; graver ones drawn last, on top.

    The box shows where most of them lie (`frame_of`); the others stand on its border and say so.
    """
    rows = Enterprise.objects.visible_to(scope).filter(is_active=True, longitude__isnull=False, latitude__isnull=False)
    told = rows.order_by().values_list("pk", "code", "short_name", "name", "longitude", "latitude")
    found = [
        (key, code, short, name, east, north)
        for key, code, short, name, east, north in told
        if east is not None and north is not None
    ]
    if not found:
        return []
    frame = frame_of([(row[4], row[5]) for row in found])
    west, east, south, north = frame.west, frame.east, frame.south, frame.north
    wide, high = max(east - west, 1e-6) * 0.8, max(north - south, 1e-6)  # a degree of longitude is shorter here
    scale = min((WIDTH - 2 * MARGIN) / wide, (HEIGHT - 2 * MARGIN) / high)
    left, top = (WIDTH - wide * scale) / 2, (HEIGHT - high * scale) / 2
    order = {level.value: level.rank for level in Level}
    found.sort(key=lambda row: (-order[by_enterprise.get(row[0], "none")], row[1]))
    few = len(found) <= SINGLE
    cells: dict[tuple[float, float, int], list[tuple[str, str, int]]] = {}
    outside: dict[int, str] = {}
    for key, code, short, name, longitude, latitude in found:
        if not frame.holds(longitude, latitude):
            outside[key] = short or name
        x = min(max(left + (longitude - west) * 0.8 * scale, BORDER), WIDTH - BORDER)
        y = min(max(top + (north - latitude) * scale, BORDER), HEIGHT - BORDER)
        place = (x, y, key) if few else (x // CELL * CELL + CELL / 2, y // CELL * CELL + CELL / 2, 0)
        cells.setdefault(place, []).append((short or name, code, key))
    dots = [
        Dot(
            round(place[0], 1), round(place[1], 1), mine[0][0], mine[0][1], by_enterprise.get(mine[0][2], "none"),
            len(found) <= LABELS or mine[0][2] in by_enterprise, len(mine) - 1,
            tuple(outside[each[2]] for each in mine if each[2] in outside),
        )
        for place, mine in cells.items()
    ]  # fmt: skip
    return _labelled(dots[::-1], few)


def _labelled(dots: list[Dot], few: bool) -> list[Dot]:
    """The same dots with labels only where they do not run into each other; the graver ones choose first.

    Where there are many only the first dozen choose: a map full of names says nothing.
    """
    taken: list[tuple[float, float, float, float]] = [(d.x - 5, d.y - 5, d.x + 5, d.y + 5) for d in dots]
    found: list[Dot] = []
    for place, dot in enumerate(reversed(dots)):
        if not dot.labelled or not (few or place < LABELS):
            found.append(replace(dot, labelled=False))
            continue
        wide = 11.0 * len(dot.name)
        right, left = dot.x + 9, dot.x - 9 - wide
        for start, line in ((side, dot.y + lift) for lift in (0, -8, 8) for side in (right, left)):
            box = (start, line - 6, start + wide, line + 6)
            inside = box[0] >= 0 and box[2] <= WIDTH
            if inside and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                found.append(replace(dot, label=start, line=line))
                break
        else:
            found.append(replace(dot, labelled=False))
    return found[::-1]


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
