"""Writes fresh blocks together with the position in the log that they bring history to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from django.db import connections, transaction
from django.db.models import F, Max

from anlan.apps.history.models import Block, Grain, HistorianWorker, LateStretch, Position
from anlan.database import leases

HISTORY = "history"
_TABLE = Block._meta.db_table
# plain statements: at national scale a flush writes thousands of rows, and making objects of them costs more than they
_DELETE = f"DELETE FROM {_TABLE} WHERE gateway = %s AND grain = 'minute' AND start_us = %s AND part = %s"
_INSERT = (
    f"INSERT INTO {_TABLE} (gateway, enterprise, grain, start_us, part, samples, body) "
    "VALUES (%s, %s, 'minute', %s, %s, %s, %s) "
    "ON CONFLICT (gateway, grain, start_us, part) DO UPDATE SET samples = excluded.samples, body = excluded.body"
)


@dataclass(frozen=True)
class Piece:
    """A minute block. ``replaces``: the ``part`` of the earlier, shorter row of the same frames, None without one."""

    gateway: str
    enterprise: str
    start_us: int
    part: int
    samples: int
    body: bytes
    replaces: int | None = None


@dataclass(frozen=True)
class Late:
    """Samples of one gateway and hour that came after newer ones; sample times of the first and the last, epoch µs."""

    gateway: str
    hour_us: int
    first_us: int
    last_us: int
    received_us: int


@dataclass
class Batch:
    """What one transaction writes: blocks, the newest sequence inside them by partition, and what of it was late.

    ``newest``: the newest message of which anything is in it, and when the log took it.
    """

    pieces: list[Piece] = field(default_factory=list)
    positions: dict[int, int] = field(default_factory=dict)
    late: list[Late] = field(default_factory=list)
    newest: tuple[int, int] = (0, 0)

    def __bool__(self) -> bool:
        return bool(self.pieces or self.positions)


def read_of(log: str) -> dict[int, leases.Read] | None:
    """How far each partition of this log has been written; None while not all have been taken up. Only reads."""
    return leases.read_of(Position, log, HISTORY)


@dataclass(frozen=True)
class TakenUp:
    """Where history goes on by partition, and first and last number that the log gave up before they were stored."""

    positions: dict[int, int]
    missed: tuple[int, int] | None


@transaction.atomic(using=HISTORY)
def take_up(
    known: leases.Leases, held: Mapping[int, int], log: str, first_seq: int, cut: Collection[int] = ()
) -> TakenUp:
    """Where to go on with partitions that a historian has just gained; raises `leases.Fenced` when it has not.

    Where numbers mean nothing any more they will be given out again, to other frames: rows that bear them are kept
    under numbers of their own. What is read once more is stored once more, and shown once.
    """
    missed = known.missed(log, first_seq)
    positions, strange = known.take_up(held, set(held), log, first_seq, cut)
    if strange:
        Block.objects.filter(grain=Grain.MINUTE, part__gte=first_seq).update(part=-F("pk"))
    return TakenUp(positions, missed)


def reach() -> tuple[int, int] | None:
    """How far history is, and how many partitions no historian works on; see `anlan.database.leases.reach`."""
    return leases.reach(Position, HistorianWorker, HISTORY)


def newest_number() -> int:
    """The greatest number of any log that history speaks of."""
    found = Position.objects.aggregate(seq=Max("seq"), newest=Max("newest_seq"))
    return max(int(number or 0) for number in found.values())


@transaction.atomic(using=HISTORY)
def write(batch: Batch, guard: Callable[[], None]) -> None:
    """Write blocks and positions whole or not at all. A row is replaced only by one that holds all of its frames.

    ``guard`` raises `anlan.database.leases.Fenced` when a partition has another owner by now; nothing is written then.
    Repeating a batch finds its rows already there and changes nothing.
    """
    guard()
    with connections[HISTORY].cursor() as cursor:
        replaced = [
            (piece.gateway, piece.start_us, piece.replaces)
            for piece in batch.pieces
            if piece.replaces is not None and piece.replaces != piece.part
        ]
        if replaced:
            cursor.executemany(_DELETE, replaced)
        if batch.pieces:
            cursor.executemany(
                _INSERT,
                [(p.gateway, p.enterprise, p.start_us, p.part, p.samples, p.body) for p in batch.pieces],
            )
    for late in batch.late:
        _note_late(late)
    leases.advance(Position, batch.positions, HISTORY)
    leases.mark(Position, batch.positions.keys(), batch.newest, HISTORY)


def _note_late(late: Late) -> None:
    row, fresh = LateStretch.objects.get_or_create(
        gateway=late.gateway,
        hour_us=late.hour_us,
        defaults={"first_us": late.first_us, "last_us": late.last_us, "received_us": late.received_us},
    )
    if not fresh:
        row.first_us, row.last_us = min(row.first_us, late.first_us), max(row.last_us, late.last_us)
        row.received_us, row.evaluated_us = max(row.received_us, late.received_us), None
        row.save()
