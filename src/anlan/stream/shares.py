"""How the processes of one role share the 64 partitions. Pure: what stands in the lease rows in, what to change out.

Everybody plans for himself from the same rows, so all come to the same shares. Two who look at different moments may
both want a partition; the conditional update of its row decides, and an epoch that grew fences the loser. Nothing here
may take a partition from an owner who is alive: he gives it back himself, with everything he knows in the database.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lease:
    """One row: who owns a partition (empty: nobody), and how often the owner has changed."""

    partition: int
    owner: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What one process should do now. ``lost``: held partitions whose row speaks of another owner or epoch.

    ``disown``: rows under my name from an earlier life that are more than my share; nothing is known of them here.
    """

    take: tuple[Lease, ...]
    disown: tuple[Lease, ...]
    give: frozenset[int]
    lost: frozenset[int]


def quota_of(me: str, living: Collection[str], partitions: int) -> int:
    """How many of ``partitions`` are mine: equal shares, the first by name take what is left over."""
    names = sorted({*living, me})
    each, over = divmod(partitions, len(names))
    return each + (names.index(me) < over)


def plan(me: str, held: Mapping[int, int], rows: Iterable[Lease], living: Collection[str]) -> Plan:
    """``held``: partition → epoch of what this process works on; ``living``: owners whose lease has not run out.

    Free is what nobody living owns, and what stands under my own name from an earlier life. Of the free I take the
    first that fill my share, my own before others', each process beginning at another place of the list; what I hold
    beyond my share I give back, the last first.
    """
    known = {row.partition: row for row in rows}
    lost = {p for p, epoch in held.items() if p not in known or (known[p].owner, known[p].epoch) != (me, epoch)}
    mine = set(held) - lost
    quota = quota_of(me, living, len(known))
    free = [row for row in known.values() if row.partition not in mine and (row.owner == me or row.owner not in living)]
    room = max(0, quota - len(mine))
    own = sorted((row for row in free if row.owner == me), key=lambda row: row.partition)
    others = sorted((row for row in free if row.owner != me), key=lambda row: row.partition)
    if others:
        names = sorted({*living, me})
        start = names.index(me) * len(others) // len(names)
        others = others[start:] + others[:start]
    surplus = sorted(mine, reverse=True)[: max(0, len(mine) - quota)]
    return Plan(tuple([*own, *others][:room]), tuple(own[room:]), frozenset(surplus), frozenset(lost))
