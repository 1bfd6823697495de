"""Writes fresh blocks together with the position in the log that they bring history to."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from django.db import transaction

from anlan.apps.history.models import Block, Grain, LateStretch, Position
from anlan.stream.partition import PARTITIONS

logger = logging.getLogger(__name__)
HISTORY = "history"


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
    """What one transaction writes: blocks, the newest sequence inside them by partition, and what of it was late."""

    pieces: list[Piece] = field(default_factory=list)
    positions: dict[int, int] = field(default_factory=dict)
    late: list[Late] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.pieces or self.positions)


@transaction.atomic(using=HISTORY)
def positions_of(log: str) -> dict[int, int]:
    """How far each partition has been written; nothing when this is another log than before."""
    rows = list(Position.objects.all())
    if len(rows) < PARTITIONS or any(row.log != log for row in rows):
        if rows:
            logger.error("the log is not the one read before; its records are read from the first one on")
        Position.objects.all().delete()
        Position.objects.bulk_create([Position(partition=number, log=log) for number in range(PARTITIONS)])
        return {}
    return {row.partition: row.seq for row in rows}


@transaction.atomic(using=HISTORY)
def write(batch: Batch) -> None:
    """Write blocks and positions whole or not at all. A row is replaced only by one that holds all of its frames.

    Repeating a batch finds its rows already there and changes nothing.
    """
    for piece in batch.pieces:
        if piece.replaces is not None and piece.replaces != piece.part:
            Block.objects.filter(
                gateway=piece.gateway, grain=Grain.MINUTE, start_us=piece.start_us, part=piece.replaces
            ).delete()
    Block.objects.bulk_create(
        [
            Block(
                gateway=piece.gateway,
                enterprise=piece.enterprise,
                grain=Grain.MINUTE,
                start_us=piece.start_us,
                part=piece.part,
                samples=piece.samples,
                body=piece.body,
            )
            for piece in batch.pieces
        ],
        batch_size=100,
        update_conflicts=True,
        unique_fields=["gateway", "grain", "start_us", "part"],
        update_fields=["samples", "body"],
    )
    for late in batch.late:
        _note_late(late)
    for partition, seq in batch.positions.items():
        Position.objects.filter(partition=partition, seq__lt=seq).update(seq=seq)


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
