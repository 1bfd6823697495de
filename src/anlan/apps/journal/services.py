"""Adds to the journal and proves it unbroken. Call `record` inside the transaction of the act that it records."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F, QuerySet

from anlan.apps.journal.fingerprint import fingerprint, plain
from anlan.apps.journal.models import Chain, Entry, Repeat
from anlan.apps.journal.proof import broken
from anlan.apps.journal.state import state_of
from anlan.database import bulk

__all__ = [
    "MACHINE",
    "Act",
    "Head",
    "Linked",
    "broken",
    "heads",
    "hold",
    "is_actor",
    "link",
    "plain",
    "record",
    "record_all",
    "record_at_most_once_a_minute",
    "settle_repeats",
    "state_of",
    "write",
]

MACHINE = "system"
"""Actor of what the system did by itself."""
_ACTORS = re.compile(rf"{MACHINE}|(person|user|operator|channel|sender):\S.*", re.DOTALL)


def is_actor(text: str) -> bool:
    """Whether a text is the id of an actor: the one spelling of `anlan.apps.org.actor`, in which a name is none."""
    return _ACTORS.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Act:
    """One act to be journaled by `record_all`; the fields are those of `record`."""

    chain: str
    act: str
    at: datetime
    actor: str = MACHINE
    subject: str = ""
    before: Any = None
    after: Any = None


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends: the key of its row, its length, its last fingerprint.

    Whoever decides about an enterprise journals it, so a chain that still ends here has seen no decision since.
    """

    pk: int
    length: int = 0
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Linked:
    """Entries with their places in their chains, ready to be written, and where the chains end with them."""

    entries: Sequence[Entry]
    heads: Mapping[str, Head]


def record(
    chain: str,
    act: str,
    *,
    at: datetime,
    actor: str = MACHINE,
    subject: str = "",
    before: Any = None,
    after: Any = None,
) -> None:
    """Append one act to ``chain`` (``enterprise:<code>`` or ``agency:<code>``).

    Concurrent writers queue on the chain's row, so numbers have no holes. Two calls make two entries: the caller's
    own unique rows keep a repeated act from being recorded twice.
    """
    record_all([Act(chain, act, at, actor, subject, before, after)])


def record_all(acts: Sequence[Act]) -> None:
    """Append many acts with a handful of statements, each chain in the order given. As `record` in all else."""
    if not acts:
        return
    with transaction.atomic(savepoint=False):
        write(link(acts, hold({act.chain for act in acts})))


def hold(chains: Collection[str], *, wait: bool = True) -> dict[str, Head]:
    """Lock chains until the transaction ends, in the order of their keys; returns those that are now held.

    A chain is also the lock of everything that is decided about its enterprise or agency: whoever decides holds it
    first, so two deciders queue instead of meeting half-way. Without ``wait`` a chain that somebody else holds is left
    out (on SQLite the write transaction itself is the lock, and all are held).
    """
    wanted = sorted(set(chains))
    skip = not wait and connection.features.has_select_for_update_skip_locked
    rows = Chain.objects.select_for_update(skip_locked=skip).filter(key__in=wanted).order_by("key")
    held = _heads(rows)
    if len(held) < len(wanted):
        known = set(Chain.objects.filter(key__in=wanted).values_list("key", flat=True))
        fresh = [Chain(key=key) for key in wanted if key not in known]
        if fresh:
            Chain.objects.bulk_create(fresh, ignore_conflicts=True)
            held = _heads(rows)
    return held


def heads(chains: Collection[str]) -> dict[str, Head]:
    """Where chains end now, without a lock; a chain that does not exist yet is left out.

    For who prepares a decision before taking the lock: when `hold` returns the same, nothing was decided in between.
    """
    return _heads(Chain.objects.filter(key__in=set(chains)))


def link(acts: Sequence[Act], heads: Mapping[str, Head]) -> Linked:
    """Give acts their places behind these heads. Writes nothing; a chain without a head raises `KeyError`, and an actor
    that is no id `ValueError`: the chain names one person one way."""
    ends: dict[str, Head] = {}
    entries = []
    for act in acts:
        if act.actor != MACHINE and not is_actor(act.actor):
            raise ValueError(f"{act.actor!r} names no actor, in {act.act} about {act.subject}")
        head = ends.get(act.chain) or heads[act.chain]
        entry = bulk.fresh(
            Entry,
            chain_id=head.pk,
            seq=head.length + 1,
            at=act.at,
            actor=act.actor,
            act=act.act,
            subject=act.subject,
            before=plain(act.before),
            after=plain(act.after),
            previous=head.fingerprint,
        )
        entry.hash = fingerprint(entry, act.chain)
        ends[act.chain] = Head(head.pk, entry.seq, entry.hash)
        entries.append(entry)
    return Linked(entries, ends)


def write(linked: Linked) -> None:
    """Write what was linked to the heads that are still held; a head that has moved raises IntegrityError."""
    bulk.insert(linked.entries)
    bulk.update(Chain, ["length", "head"], [(head.pk, head.length, head.fingerprint) for head in linked.heads.values()])


def _heads(rows: QuerySet[Chain]) -> dict[str, Head]:
    return {key: Head(pk, length, head) for key, pk, length, head in rows.values_list("key", "pk", "length", "head")}


def record_at_most_once_a_minute(act: Act, address: str) -> None:
    """Append an act that anybody can repeat at will; what repeats within its minute is counted and journaled as one.

    The same is the same chain, act, actor and ``address`` (where it was tried). The first of a minute is an entry at
    once, further ones are counted in a row, and `settle_repeats` journals the count; a kill loses nothing.
    """
    minute = act.at.replace(second=0, microsecond=0)
    same = {"chain": act.chain, "act": act.act, "actor": act.actor, "address": address[:200], "minute": minute}
    counted = Repeat.objects.filter(**same).update(times=F("times") + 1, last_at=act.at)
    if counted:
        return
    with transaction.atomic():
        hold([act.chain])  # two firsts at the same instant queue here
        _, is_first = Repeat.objects.get_or_create(**same, defaults={"subject": act.subject, "last_at": act.at})
        if is_first:
            record_all([act])
        else:
            Repeat.objects.filter(**same).update(times=F("times") + 1, last_at=act.at)
    settle_repeats(act.at)


def settle_repeats(now: datetime, limit: int = 200) -> int:
    """Journal the counts of minutes that are over, each in a transaction of its own; returns how many rows went."""
    over = Repeat.objects.filter(minute__lte=now - timedelta(minutes=1)).order_by("minute", "pk")
    settled = 0
    for row in over[:limit]:
        with transaction.atomic():
            hold([row.chain])
            taken, _ = Repeat.objects.filter(pk=row.pk, times=row.times).delete()
            if taken and row.times:
                after = {"address": row.address, "minute": row.minute, "repeats": row.times}
                record_all([Act(row.chain, f"{row.act}_repeated", row.last_at, row.actor, row.subject, after=after)])
        settled += bool(taken)
    return settled
