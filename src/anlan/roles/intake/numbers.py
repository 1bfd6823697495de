"""What the answer says about missing numbers: those on record, and holes between the numbers of one request.

The record is the engine's, who sees every packet of a gateway in one order; an intake beside others sees only some.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from anlan.stream.sequence import Gap, Sequences

MOST = 20
"""Stretches that one answer names."""
_REMEMBERED = 1024


class Numbers:
    """Running numbers that this process took, by gateway; enough to tell a hole from a number taken before."""

    def __init__(self) -> None:
        self._own = Sequences()
        self._taken: dict[str, OrderedDict[tuple[str, int], None]] = {}

    def missing(
        self, gateway: str, numbers: Sequence[tuple[str, int]], on_record: Sequence[Gap], at_us: int
    ) -> list[dict[str, Any]]:
        """Note the (boot, number) pairs that were just taken; returns what is missing as far as is known."""
        if not numbers and not on_record:
            return []
        lowest: dict[str, int] = {}
        taken = self._taken.setdefault(gateway, OrderedDict())
        for boot, number in numbers:
            self._own.note(gateway, boot, number, at_us)
            lowest[boot] = min(number, lowest.get(boot, number))
            taken[boot, number] = None
        while len(taken) > _REMEMBERED:
            taken.popitem(last=False)
        self._own.news()
        found = {
            (gap.boot, first, last): None
            for gap in self._own.missing(gateway)
            if gap.boot in lowest and gap.first > lowest[gap.boot]
            for first, last in gap.missing
        }
        for gap in on_record:
            for first, last in gap.missing:
                came = sorted(number for boot, number in taken if boot == gap.boot and first <= number <= last)
                for part in _without(first, last, came):
                    found[gap.boot, *part] = None
        return [{"boot": boot, "first": first, "last": last} for boot, first, last in list(found)[:MOST]]


def _without(first: int, last: int, came: Sequence[int]) -> list[tuple[int, int]]:
    pieces, begin = [], first
    for number in came:
        if begin < number:
            pieces.append((begin, number - 1))
        begin = number + 1
    return [*pieces, (begin, last)] if begin <= last else pieces
