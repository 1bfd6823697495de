"""Seals how many samples of each gateway a civil day of history holds, so that a block taken out later is missed.

Each block proves itself, and none proves that another is gone. Only hours that were compacted are counted: such a row
is replaced by none that holds less, whatever comes late. What was removed because its time of keeping was over is on
record, and no fault. A day is sealed some hours after its end; what is taken out before that is not missed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from django.db import DatabaseError
from django.db.models import Sum

from anlan.apps.history.models import Block, Grain, Removal
from anlan.apps.journal import services as journal
from anlan.apps.journal.models import Entry
from anlan.apps.registry.models import Gateway
from anlan.rules.calendar import civil_day, midnight

log = logging.getLogger(__name__)

CHAIN, ACT = "system", "history_sealed"
AFTER = timedelta(hours=6)
"""So long after a day its hours are compacted, however busy the historian is."""
AT_ONCE = 200
RAW = "raw"

Counts = dict[str, dict[str, int]]
"""Samples by enterprise and gateway."""


def seal(now: datetime) -> date | None:
    """Journal the counts of the newest day that is over for long enough; None: it was done before. Again: nothing."""
    day = civil_day(now - AFTER) - timedelta(days=1)
    subject = _subject(day)
    if Entry.objects.filter(subject=subject, act=ACT).exists():
        return None
    counts: Counts = {}
    codes = list(Gateway._base_manager.order_by("code").values_list("code", flat=True))
    for start in range(0, len(codes), AT_ONCE):
        for enterprise, gateways in counted(day, codes[start : start + AT_ONCE]).items():
            counts.setdefault(enterprise, {}).update(gateways)
    journal.record(CHAIN, ACT, at=now, subject=subject, after={"day": day.isoformat(), "samples": counts})
    return day


def counted(day: date, gateways: Sequence[str]) -> Counts:
    """The samples of these gateways on a civil day, of compacted hours."""
    begin, end = _bounds(day)
    rows = Block.objects.filter(gateway__in=gateways, grain=Grain.HOUR, start_us__gte=begin, start_us__lt=end)
    found: Counts = {}
    for enterprise, gateway, samples in rows.values_list("enterprise", "gateway").annotate(n=Sum("samples")).order_by():
        found.setdefault(enterprise, {})[gateway] = samples
    return found


def compare(entry: Entry) -> Iterator[str]:
    """One Chinese line for each gateway of a sealed day of which history holds less now."""
    day, sealed = date.fromisoformat(entry.said["day"]), entry.said["samples"]
    begin, _end = _bounds(day)
    removed = dict(Removal.objects.filter(kind=RAW).values_list("enterprise", "until_us"))
    wanted = {
        gateway: (enterprise, samples)
        for enterprise, gateways in sealed.items()
        if removed.get(enterprise, 0) <= begin
        for gateway, samples in gateways.items()
    }
    codes = sorted(wanted)
    for start in range(0, len(codes), AT_ONCE):
        part = codes[start : start + AT_ONCE]
        there = counted(day, part)
        for gateway in part:
            enterprise, samples = wanted[gateway]
            now = there.get(enterprise, {}).get(gateway, 0)
            if now < samples:
                yield f"历史 {day} 网关 {gateway}：封存时 {samples} 个样本，现有 {now} 个"


def entries(after_seq: int = 0) -> Iterator[Entry]:
    """The sealed days behind an entry of the chain, in order."""
    yield from Entry.objects.filter(chain__key=CHAIN, act=ACT, seq__gt=after_seq).order_by("seq")


def broken() -> Iterator[str]:
    """Every sealed day, for the command."""
    for entry in entries():
        yield from compare(entry)


class HistoryPatrol:
    """Seals the day that is over and compares one sealed day at each step, round and round."""

    def __init__(self) -> None:
        self._after = 0
        self._looked: date | None = None
        self.faults: dict[str, list[str]] = {}

    def step(self, now: datetime) -> None:
        """Seal once a day, then compare the next sealed day; what was found stays until that day is whole again.

        History that cannot be read is a fault of its own (``history_unreadable``) and holds up nothing here.
        """
        try:
            self._step(now)
        except DatabaseError as error:
            log.warning("history could not be compared with what was sealed: %s", error)

    def _step(self, now: datetime) -> None:
        day = civil_day(now - AFTER)
        if self._looked != day:
            seal(now)
            self._looked = day
        entry = next(entries(self._after), None)
        if entry is None:
            self._after = 0
            return
        self._after = entry.seq
        if found := list(compare(entry)):
            self.faults[entry.subject] = found
        else:
            self.faults.pop(entry.subject, None)


def _subject(day: date) -> str:
    return f"history:{day.isoformat()}"


def _bounds(day: date) -> tuple[int, int]:
    begin, end = midnight(day), midnight(day + timedelta(days=1))
    return int(begin.timestamp() * 1_000_000), int(end.timestamp() * 1_000_000)
