"""Takes the rows of one gateway apart: samples and minutes of the tags asked for, and what stands in for a gap.

Whatever cannot be read is left out and named; the rest of the stretch is read all the same.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connections
from django.db.models import Q, QuerySet

from anlan.apps.history.models import Block, Grain, Rollup, packed
from anlan.database.instants import EPOCH as EPOCH
from anlan.database.instants import instant as instant
from anlan.database.instants import micros as micros
from anlan.stream.blocks import BlockError, Series, read
from anlan.stream.rollup import MINUTE_US, Minutes, MinuteTable, join, read_table

logger = logging.getLogger(__name__)
HOUR_US = 3_600_000_000
HISTORY = "history"
AT_ONCE = 500
"""So many bodies are held at a time: of a whole hour of 70 points each takes some 40 kB."""
LENGTH_US = {str(Grain.MINUTE): MINUTE_US, str(Grain.HOUR): HOUR_US}


@dataclass
class Stored:
    """What history holds of a gateway's tags: stretches of samples by code, minutes by code, damaged stretches."""

    series: dict[str, list[Series]] = field(default_factory=dict)
    minutes: dict[str, Minutes] = field(default_factory=dict)
    damaged: list[tuple[int, int]] = field(default_factory=list)


def stored(gateway: str, codes: Collection[str], t0: int, t1: int, *, by_minute: bool) -> Stored:
    """Samples, and minutes for the hours that need no samples. A sample may be older than the frame that brought it.

    ``by_minute``: an answer by the minute is fine enough, so compacted hours are read through their roll-ups alone.
    Hours whose samples were removed after their time of keeping are always read through them.
    """
    around = Q(gateway=gateway, start_us__gt=t0 - HOUR_US, start_us__lt=t1 + HOUR_US)
    rows = Block.objects.filter(around)
    kept = list(rows.order_by("start_us", "part").values_list("grain", "start_us", "damaged_us", "pk"))
    answer = Stored(damaged=[(at, _end(grain, at)) for grain, at, damaged, _ in kept if damaged is not None])
    whole = {at for grain, at, damaged, _ in kept if grain == Grain.HOUR and damaged is None}
    # an hour with fresh rows beside its block is read sample by sample
    fresh = {at // HOUR_US * HOUR_US for grain, at, damaged, _ in kept if grain == Grain.MINUTE and damaged is None}
    hours = Rollup.objects.filter(around).exclude(start_us__in=fresh)
    if not by_minute and whole:
        hours = hours.exclude(start_us__in=whole) if len(whole) < 500 else hours.filter(start_us__lt=min(whole))
    tables: list[MinuteTable] = []
    through: set[int] = set()
    for start, body in _in_order(hours):
        try:
            tables.append(read_table(packed(body), codes))
        except BlockError as error:
            logger.error("the roll-up of %s at %d cannot be read: %s", gateway, start, error)
            if start not in whole:  # nothing else holds this hour: a gap that has a cause
                answer.damaged.append((start, start + HOUR_US))
        else:
            through.add(start)
    answer.minutes = join(tables)
    needed = [pk for grain, at, damaged, pk in kept if damaged is None and (grain == Grain.MINUTE or at not in through)]
    for part in range(0, len(needed), AT_ONCE):
        bodies = Block.objects.filter(pk__in=needed[part : part + AT_ONCE]).order_by("start_us", "part")
        for grain, start, body in _rows(bodies.values_list("grain", "start_us", "body")):
            try:
                found = read(packed(body), codes)
            except BlockError as error:
                logger.error("history of %s at %d cannot be read: %s", gateway, start, error)
                answer.damaged.append((start, _end(grain, start)))
            else:
                for code, series in found.items():
                    answer.series.setdefault(code, []).append(series)
    answer.damaged = [(max(a, t0), min(b, t1)) for a, b in sorted(answer.damaged) if a < t1 and b > t0]
    return answer


def _end(grain: str, start: int) -> int:
    """Where the stretch of a row ends; an hour where its grain cannot be read."""
    return start + LENGTH_US.get(grain, HOUR_US)


def _in_order(hours: QuerySet[Rollup]) -> Iterator[tuple[int, bytes]]:
    """(start, body) of roll-ups of one gateway, a bounded number held at a time."""
    after = -(2**63)
    while True:
        rows = _rows(hours.filter(start_us__gt=after).order_by("start_us").values_list("start_us", "body")[:AT_ONCE])
        yield from rows
        if len(rows) < AT_ONCE:
            return
        after = rows[-1][0]


def _rows(query: QuerySet[Any, tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The rows of a ``values_list`` of numbers, texts and bodies; PostgreSQL sends bodies as they are, not in hex."""
    sql, parameters = query.query.get_compiler(HISTORY).as_sql()
    with connections[HISTORY].cursor() as cursor:
        if connections[HISTORY].vendor == "postgresql":
            cursor.cursor.format = 1
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
