"""Proves chains unbroken, also while they grow: in one go for a command, in pieces for the auditor (SEC-02).

It only reads. An entry that is added while a chain is read belongs to the next proof and is no fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from anlan.apps.journal.fingerprint import fingerprint
from anlan.apps.journal.models import Chain

PIECE = 2000
"""Entries of one piece: a fraction of a second."""


@dataclass(frozen=True, slots=True)
class Place:
    """An entry up to which a chain has been proved: its number and fingerprint. The default is the beginning."""

    seq: int = 0
    hash: str = ""


def broken(chain_key: str | None = None) -> Iterator[str]:
    """One Chinese line for every place where a chain does not prove itself; nothing when all is whole."""
    key = chain_key or next_key("")
    while key is not None:
        place: Place | None = Place()
        while place is not None:
            place, faults = walk(key, place)
            yield from faults
        key = None if chain_key else next_key(key)


def next_key(after: str) -> str | None:
    """The chain that follows ``after`` in the order of keys; None behind the last."""
    return Chain.objects.filter(key__gt=after).order_by("key").values_list("key", flat=True).first()


def walk(key: str, after: Place, limit: int = PIECE) -> tuple[Place | None, list[str]]:
    """Prove at most ``limit`` entries behind ``after``; returns where to go on (None: at the end) and the faults.

    At the end the head is compared, too. An unknown key is no fault: it has nothing to prove.
    """
    chain = Chain.objects.filter(key=key).first()
    if chain is None:
        return None, []
    faults, expected, previous = [], after.seq + 1, after.hash
    rows = list(chain.entries.filter(seq__gt=after.seq, seq__lte=chain.length).order_by("seq")[:limit])
    for entry in rows:
        if entry.seq != expected:
            faults.append(f"{key}：第 {expected} 条缺失")
        if entry.previous != previous or entry.hash != fingerprint(entry, key):
            faults.append(f"{key}：第 {entry.seq} 条与其指纹不符")
        expected, previous = entry.seq + 1, entry.hash
    if len(rows) == limit:
        return Place(expected - 1, previous), faults
    beyond = chain.entries.filter(seq__gt=chain.length).count()
    grown = Chain.objects.filter(pk=chain.pk).values_list("length", flat=True).first() or 0
    there = expected - 1 + max(0, beyond - max(0, grown - chain.length))
    if chain.length != there or chain.head != previous:
        faults.append(f"{key}：链尾记录 {chain.length} 条，实有 {there} 条")
    return None, faults
