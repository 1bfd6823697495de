"""A gateway's own running numbers: which are missing, which came late, which came again (MON-16).

Numbers count within a ``boot``, the gateway's name for one run of itself; a new boot begins at 1. The first numbers
ever heard of a gateway only set the mark. Noting a number again changes nothing, so that a log may be read again. A
loss may be told that later proves none (a gap closes when its numbers arrive); never the other way round.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

MAX_GAPS = 64
"""Open gaps remembered per gateway; older ones stay on record as missing."""
MAX_PIECES = 64
MAX_BOOTS = 4


class Arrival(StrEnum):
    """What a number is to those before it."""

    NEXT = "next"
    SKIPPING = "skipping"
    LATE = "late"
    REPEATED = "repeated"


@dataclass
class Gap:
    """Numbers ``first`` … ``last`` of a boot were skipped, noticed at ``noticed_us``; ``missing``: what still is, as
    ascending stretches. Empty: closed, at ``closed_us``."""

    boot: str
    first: int
    last: int
    noticed_us: int
    missing: list[tuple[int, int]] = field(default_factory=list)
    closed_us: int = 0

    @property
    def numbers(self) -> int:
        """How many numbers are still missing."""
        return sum(last - first + 1 for first, last in self.missing)


@dataclass(frozen=True)
class Head:
    """The present boot of a gateway and the highest number heard in it."""

    boot: str
    highest: int


@dataclass(frozen=True)
class News:
    """What changed since it was last asked: the head of each gateway, and gaps opened, shrunk or closed."""

    heads: dict[str, Head] = field(default_factory=dict)
    gaps: dict[str, list[Gap]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.heads or self.gaps)


@dataclass
class _Run:
    highest: int
    over: bool = False
    """A later boot was heard: this one only fills its gaps."""


class Sequences:
    """Numbers of all gateways of one reader of the log, in the order of the log. No clock, no I/O."""

    def __init__(self) -> None:
        self._runs: dict[str, dict[str, _Run]] = {}
        self._gaps: dict[str, list[Gap]] = {}
        self._changed: dict[str, dict[tuple[str, int], Gap]] = {}
        self._heads: dict[str, Head] = {}
        self.repeated = 0

    def restore(self, gateway: str, head: Head | None, open_gaps: Iterable[Gap]) -> None:
        """Take up what is on record of a gateway; what was known of it before is forgotten."""
        runs: dict[str, _Run] = {}
        gaps = sorted(open_gaps, key=lambda gap: gap.noticed_us)[-MAX_GAPS:]
        for gap in gaps:
            runs[gap.boot] = _Run(max(gap.last, runs[gap.boot].highest if gap.boot in runs else 0), over=True)
        if head is not None:
            runs.pop(head.boot, None)
            runs[head.boot] = _Run(head.highest)
        self._runs[gateway], self._gaps[gateway] = runs, gaps

    def note(self, gateway: str, boot: str, number: int, at_us: int) -> Arrival:
        """A packet with this number is in the log, received at ``at_us``."""
        runs = self._runs.setdefault(gateway, {})
        run = runs.get(boot)
        if run is None:
            expected = 1 if runs and boot else number
            for other in runs.values():
                other.over = True
            while len(runs) >= MAX_BOOTS:
                del runs[next(iter(runs))]
            run = runs[boot] = _Run(expected - 1)
        if number <= run.highest:
            return self._filled(gateway, boot, number, at_us)
        if run.over:
            # the tail of an earlier boot: nothing is known of what lies before it
            run.highest = number
            return Arrival.LATE
        skipped = number > run.highest + 1
        if skipped:
            self._open(gateway, Gap(boot, run.highest + 1, number - 1, at_us, [(run.highest + 1, number - 1)]))
        run.highest = number
        self._heads[gateway] = Head(boot, number)
        return Arrival.SKIPPING if skipped else Arrival.NEXT

    def missing(self, gateway: str) -> list[Gap]:
        """The open gaps of a gateway, oldest first."""
        return list(self._gaps.get(gateway, ()))

    def news(self) -> News:
        """What changed since the last call. Written down twice it is the same."""
        news = News(self._heads, {gateway: list(gaps.values()) for gateway, gaps in self._changed.items()})
        self._heads, self._changed = {}, {}
        return news

    def _open(self, gateway: str, gap: Gap) -> None:
        gaps = self._gaps.setdefault(gateway, [])
        gaps.append(gap)
        del gaps[:-MAX_GAPS]
        self._note_change(gateway, gap)

    def _filled(self, gateway: str, boot: str, number: int, at_us: int) -> Arrival:
        for gap in self._gaps.get(gateway, ()):
            if gap.boot == boot and gap.first <= number <= gap.last and _take_out(gap, number):
                if not gap.missing:
                    gap.closed_us = at_us
                    self._gaps[gateway].remove(gap)
                self._note_change(gateway, gap)
                return Arrival.LATE
        self.repeated += 1
        return Arrival.REPEATED

    def _note_change(self, gateway: str, gap: Gap) -> None:
        self._changed.setdefault(gateway, {})[gap.boot, gap.first] = gap


def _take_out(gap: Gap, number: int) -> bool:
    """Whether the number was missing; then it no longer is, unless the gap is in too many pieces already."""
    for place, (first, last) in enumerate(gap.missing):
        if first <= number <= last:
            pieces = [(a, b) for a, b in ((first, number - 1), (number + 1, last)) if a <= b]
            if len(gap.missing) - 1 + len(pieces) <= MAX_PIECES:
                gap.missing[place : place + 1] = pieces
            return True
    return False
