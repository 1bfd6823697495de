"""Leases on the 64 partitions: who works on which, kept in the database that the work itself is committed to.

A partition's row holds its owner, an epoch that grows with every change of owner, and how far the log has been read.
That the owner lives stands in one row of his own, which runs out by the database's clock: renewing it never waits for
a commit. Every commit checks the epochs in its own transaction (`Leases.guard`), so an owner that was frozen and
replaced changes nothing any more. Nothing here may decide who should own what (`anlan.stream.shares` does).
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connections, models, transaction

from anlan import now as clock
from anlan.stream.partition import PARTITIONS
from anlan.stream.shares import Lease, plan

TTL_S = 5.0
"""An owner whose last renewal is older has lost his partitions to whoever takes them (本地设定)."""

LATE_S = 2.0
"""An owner who has not renewed for so long may soon be replaced: whoever would take over gets ready (本地设定)."""

UNOWNED_S = 30.0
"""A partition without a living owner for so long is a fault: another takes it within seconds."""

logger = logging.getLogger(__name__)


def database_now(using: str) -> datetime:
    """A database's own clock; on SQLite, which belongs to one machine, that machine's."""
    if connections[using].vendor == "sqlite":
        return clock.now()
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        present: datetime = cursor.fetchone()[0]
        return present


class PartitionRow(models.Model):
    """How far one role has read a partition of the log (all up to ``seq`` is in the database), and who reads it."""

    partition = models.PositiveSmallIntegerField(unique=True)
    seq = models.PositiveBigIntegerField(default=0)
    log = models.CharField(max_length=60, default="")
    """Which log the sequence belongs to: in another one it means nothing."""
    newest_seq = models.PositiveBigIntegerField(default=0, db_default=0)
    """The newest message of which anything is in the database, be it beyond ``seq``; 0: not known."""
    newest_us = models.BigIntegerField(default=0, db_default=0)
    """When the log took it, by which it is told from another message of its number."""
    owner = models.CharField(max_length=120, default="", db_default="")
    epoch = models.PositiveBigIntegerField(default=0, db_default=0)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.partition}@{self.seq}"


class WorkerRow(models.Model):
    """One process of a role; it lives until ``expires_at`` by the clock of this database."""

    name = models.CharField(max_length=120, unique=True)
    expires_at = models.DateTimeField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class Fenced(Exception):
    """Partitions of this commit have another owner by now: nothing of it was written, and memory of them is void."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one look at the leases changed: ``gained`` partition → epoch, ``lost``, and ``surplus`` to be given back.

    ``coming``: what I should get when the owners who are late with renewing do not come back.
    """

    gained: Mapping[int, int]
    lost: frozenset[int]
    surplus: frozenset[int]
    workers: int
    coming: frozenset[int] = frozenset()


class Leases:
    """The leases of one role as process ``name`` sees them. Usable from several threads; it remembers nothing."""

    def __init__(self, rows: type[PartitionRow], workers: type[WorkerRow], name: str, using: str = "default") -> None:
        self.name, self.using = name, using
        self._rows: Any = rows._base_manager.using(using)
        self._workers: Any = workers._base_manager.using(using)

    @property
    def shared(self) -> bool:
        """Whether other processes may work beside this one: never on SQLite, which belongs to one machine."""
        return bool(connections[self.using].vendor != "sqlite")

    def database_now(self) -> datetime:
        """The clock that all owners agree on."""
        return database_now(self.using)

    def prepare(self) -> None:
        """Make the rows that are missing. Repeating it, also from several processes, changes nothing."""
        there = set(self._rows.values_list("partition", flat=True))
        missing = [self._rows.model(partition=number) for number in range(PARTITIONS) if number not in there]
        if missing:
            self._rows.bulk_create(missing, ignore_conflicts=True)
        self._workers.filter(expires_at__lt=self.database_now() - timedelta(days=1)).delete()

    def turn(self, held: Mapping[int, int], now: datetime) -> Turn:
        """Renew, look at all rows, take what is free of my share. ``now``: `database_now`, read just before.

        A ``now`` that is older than the truth only makes a lease of mine shorter and another's longer. A lease that
        ends later than any can was written while the database's clock stood ahead, and proves no life. On a database
        that only one process uses everything is taken, whoever had it before.
        """
        expires = now + timedelta(seconds=TTL_S)
        with transaction.atomic(using=self.using):
            self._workers.update_or_create(name=self.name, defaults={"expires_at": expires})
            credible = (now, now + timedelta(seconds=2 * TTL_S))
            renewed = dict(self._workers.filter(expires_at__range=credible).values_list("name", "expires_at"))
            if not self.shared:
                renewed = {self.name: expires}
            living = set(renewed)
            prompt = {name for name, until in renewed.items() if until > expires - timedelta(seconds=LATE_S)}
            rows = [Lease(*row) for row in self._rows.values_list("partition", "owner", "epoch")]
            found = plan(self.name, held, rows, living)
            coming = {lease.partition for lease in plan(self.name, held, rows, prompt).take} if prompt < living else ()
            gained = self._own(self._free(found.take), self.name)
            self._own(self._free(found.disown), "")
        return Turn(gained, found.lost, found.give, len(living), frozenset(coming) - gained.keys())

    def _free(self, leases: Iterable[Lease]) -> list[Lease]:
        """Those whose rows nobody has locked: a commit that still runs is waited for at the next turn, not in this."""
        wanted = {lease.partition: lease for lease in leases}
        if not wanted:
            return []
        rows = self._rows.filter(partition__in=list(wanted))
        if self.shared:
            rows = rows.select_for_update(skip_locked=True, no_key=True)
        return [wanted[partition] for partition in rows.values_list("partition", flat=True)]

    def _own(self, leases: Iterable[Lease], owner: str) -> dict[int, int]:
        """Give those that still are as they were read to ``owner``; returns their new epochs by partition."""
        alike: dict[tuple[str, int], list[int]] = {}
        for lease in leases:
            alike.setdefault((lease.owner, lease.epoch), []).append(lease.partition)
        given: dict[int, int] = {}
        for (former, epoch), partitions in alike.items():
            same = self._rows.filter(partition__in=partitions, owner=former, epoch=epoch)
            if same.update(owner=owner, epoch=epoch + 1) != len(partitions):
                changed = self._rows.filter(partition__in=partitions, owner=owner, epoch=epoch + 1)
                partitions = list(changed.values_list("partition", flat=True))
            given |= dict.fromkeys(partitions, epoch + 1)
        return given

    def guard(self, held: Mapping[int, int], partitions: Collection[int] | None = None) -> None:
        """Within the caller's transaction: make sure that the partitions (None: all held) are still ours until it ends.

        Raises `Fenced` when one is not.
        """
        wanted = {p: held.get(p) for p in (held if partitions is None else partitions)}
        if not wanted:
            return
        rows = of_partitions(self._rows, wanted).filter(owner=self.name)
        if self.shared:
            rows = rows.select_for_update(no_key=True)
        there = dict(rows.values_list("partition", "epoch"))
        if there != wanted:
            gone = sorted(p for p, epoch in wanted.items() if there.get(p) != epoch)
            raise Fenced(f"partitions {gone} have another owner")

    def places(self, partitions: Collection[int], log: str) -> dict[int, tuple[int, int]]:
        """By partition the newest message of ``log`` that left anything in the database: (number, when the log took it;
        0: not known). Whether that very message is in the log is to be found out before `take_up`."""
        rows = of_partitions(self._rows, partitions).filter(log=log)
        return {read.partition: read.newest for read in _read(rows)}

    def missed(self, log: str, first_seq: int) -> tuple[int, int] | None:
        """Numbers of ``log``, first and last, that it no longer holds and nobody of this role has read; None: none.

        The log gives up only what has been read, so the database is an older one, or the log was emptied. Ask before
        `take_up`.
        """
        read = self._rows.filter(log=log).aggregate(seq=models.Max("seq"), newest=models.Max("newest_seq"))
        if not read["newest"]:  # nothing of this very log was read yet
            return None
        behind = max(read["seq"], read["newest"])
        return (behind + 1, first_seq - 1) if behind + 1 < first_seq else None

    def take_up(
        self,
        held: Mapping[int, int],
        partitions: Collection[int],
        log: str,
        first_seq: int,
        cut: Collection[int] = (),
        last_seq: int = 0,
    ) -> tuple[dict[int, int], set[int]]:
        """Where to go on with partitions just gained, and those of them whose numbers mean nothing any more.

        ``first_seq``: the oldest number of the log ``log``. In another log than before, numbers that it may give out
        again mean nothing; a log that begins beyond them leaves them as they are. ``cut``: partitions whose `places`
        this log lacks; they are read from its beginning. ``last_seq``: the newest number of the log, for a role that
        has to know, also after a kill on the way, that what is read up to there may have been read before. Call it in
        the transaction that also reads what goes with the positions.
        """
        self.guard(held, partitions)
        rows = of_partitions(self._rows, partitions)
        strange = set(rows.exclude(log=log).exclude(log="").values_list("partition", flat=True))
        if strange:
            logger.error("the log is not the one read before; what it holds is read from number %d on", first_seq)
        if cut:
            logger.error("the log lacks what was read from it; what it holds is read from number %d on", first_seq)
        strange |= set(cut)
        if strange:
            of_partitions(rows, strange).filter(seq__gte=first_seq).update(seq=0)
            of_partitions(rows, strange).update(newest_seq=last_seq, newest_us=0)
        rows.exclude(log=log).update(log=log)
        return dict(rows.values_list("partition", "seq")), strange

    def release(self, held: Mapping[int, int], partitions: Iterable[int]) -> None:
        """Give partitions back; whoever is below his share takes them at his next look. Lost ones are left alone."""
        self._own([Lease(each, self.name, held[each]) for each in partitions if each in held], "")

    def leave(self, held: Mapping[int, int]) -> None:
        """Give everything back, at the end of the process."""
        with transaction.atomic(using=self.using):
            self.release(held, list(held))
            self._workers.filter(name=self.name).delete()


def of_partitions(rows: Any, partitions: Collection[int]) -> Any:
    """The rows of these partitions. One process alone has all of them: then none needs to be named."""
    return rows.all() if len(set(partitions)) == PARTITIONS else rows.filter(partition__in=list(partitions))


def mark(
    rows: type[PartitionRow], partitions: Collection[int], newest: tuple[int, int], using: str = "default"
) -> None:
    """Within a guarded transaction: nothing in the database of these partitions is of a message beyond ``newest``, as
    (number, when the log took it)."""
    seq, taken_us = newest
    if taken_us:
        known = of_partitions(rows._base_manager.using(using), partitions).filter(newest_seq__lt=seq)
        known.update(newest_seq=seq, newest_us=taken_us)


def advance(rows: type[PartitionRow], positions: Mapping[int, int], using: str = "default") -> None:
    """Within a guarded transaction: everything of these partitions up to these numbers is in the database."""
    together: dict[int, list[int]] = {}
    for partition, seq in positions.items():
        together.setdefault(seq, []).append(partition)
    for seq, partitions in together.items():
        of_partitions(rows._base_manager.using(using), partitions).filter(seq__lt=seq).update(seq=seq)


@dataclass(frozen=True, slots=True)
class Read:
    """How far a role has read a partition: all up to ``seq`` is in its database. ``newest``: the newest message that
    left anything there, as (number, when the log took it; 0: not known)."""

    partition: int
    seq: int
    newest: tuple[int, int]


def _read(rows: Any) -> list[Read]:
    found = rows.values_list("partition", "seq", "newest_seq", "newest_us")
    return [Read(p, seq, (newest, at_us) if newest >= seq else (seq, 0)) for p, seq, newest, at_us in found]


def read_of(rows: type[PartitionRow], log: str, using: str = "default") -> dict[int, Read] | None:
    """How far each partition of ``log`` is done with; None while not all of them have been taken up. Only reads.

    Numbers alone prove nothing: a log that was put back, or lost its tail, gives them out again. Whoever removes what
    is done with asks the log first whether it has each ``newest`` (`Log.lacks`).
    """
    found = {read.partition: read for read in _read(rows._base_manager.using(using).filter(log=log))}
    return found if len(found) == PARTITIONS else None


def elsewhere(rows: type[PartitionRow], workers: type[WorkerRow], log: str, using: str = "default") -> set[int]:
    """Partitions that somebody who lives reads from another log than ``log``; on a database of one machine none."""
    if connections[using].vendor == "sqlite":
        return set()
    present = database_now(using)
    living = workers._base_manager.using(using).filter(
        expires_at__gt=present, expires_at__lte=present + timedelta(seconds=2 * TTL_S)
    )
    read = rows._base_manager.using(using).exclude(log="").exclude(log=log)
    return set(read.filter(owner__in=living.values("name")).values_list("partition", flat=True))


def reach(rows: type[PartitionRow], workers: type[WorkerRow], using: str = "default") -> tuple[int, int] | None:
    """The furthest position of all partitions, and how many nobody has worked on for `UNOWNED_S`; None before anybody.

    One that was given back counts only when nobody lives who could take it.
    """
    known = list(rows._base_manager.using(using).values_list("seq", "owner"))
    if not known:
        return None
    present = database_now(using)
    credible = (present - timedelta(seconds=UNOWNED_S), present + timedelta(seconds=2 * TTL_S))
    lately = set(workers._base_manager.using(using).filter(expires_at__range=credible).values_list("name", flat=True))
    if connections[using].vendor == "sqlite":  # nobody renews where nobody else could take
        lately = {owner for _, owner in known}
    unowned = sum(owner not in lately if owner else not lately for _, owner in known)
    return max(seq for seq, _ in known), unowned
