"""What is done about a row that cannot be read: it is kept, flagged, and left out; the rest stays readable."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F

from anlan import now as clock
from anlan.apps.history.models import Block, Grain, Removal, Rollup
from anlan.apps.history.selectors.stored import LENGTH_US
from anlan.stream.blocks import BlockError, check
from anlan.stream.rollup import join, read_table, roll_up

logger = logging.getLogger(__name__)
HISTORY = "history"
_AT_ONCE = 100


@dataclass(frozen=True)
class Fault:
    """One row that is not as it was written. ``kind``: ``block`` or ``rollup``; ``start_us`` of the row."""

    kind: str
    pk: int
    gateway: str
    start_us: int
    reason: str


def fault_of(block: Block) -> str:
    """Why the block cannot be trusted, empty when it can: every byte is read and every figure compared."""
    try:
        head = check(bytes(block.body))
    except BlockError as error:
        return str(error)
    if head.gateway != block.gateway:
        return f"the block is of gateway {head.gateway}"
    if head.samples != block.samples:
        return f"the row counts {block.samples} samples, the block {head.samples}"
    end = block.start_us + LENGTH_US[block.grain]
    if head.frames and not block.start_us <= head.first_us <= head.last_us < end:
        return "frames lie outside the stretch of the row"
    return ""


def damaged() -> Iterator[Fault]:
    """Every row of history that is damaged and not yet flagged, in the order of the rows. Reads all of history.

    A roll-up is compared with the block that it was made from.
    """
    last = 0
    gone = dict(Removal.objects.filter(kind="rollup").values_list("enterprise", "until_us"))
    while rows := list(Block.objects.filter(pk__gt=last, damaged_us=None).order_by("pk")[:_AT_ONCE]):
        last = rows[-1].pk
        hours = [row.start_us for row in rows if row.grain == Grain.HOUR]
        gateways = {row.gateway for row in rows if row.grain == Grain.HOUR}
        rolled = {
            (each.gateway, each.start_us): each
            for each in Rollup.objects.filter(gateway__in=gateways, start_us__in=hours)
        }
        for row in rows:
            if reason := fault_of(row):
                yield Fault("block", row.pk, row.gateway, row.start_us, reason)
            elif row.grain == Grain.HOUR:
                each = rolled.get((row.gateway, row.start_us))
                if each is None and row.start_us < gone.get(row.enterprise, 0):
                    continue  # removed after its time of keeping
                if reason := _fault_of_rollup(row, each):
                    yield Fault("rollup", each.pk if each else 0, row.gateway, row.start_us, reason)


def _fault_of_rollup(block: Block, rollup: Rollup | None) -> str:
    if rollup is None:
        return "the roll-up is missing"
    try:
        told = join([read_table(bytes(rollup.body))])
    except BlockError as error:
        return str(error)
    right = join([read_table(roll_up(bytes(block.body)))])
    alike = told.keys() == right.keys() and all(
        (getattr(told[code], name) == getattr(right[code], name)).all()
        if len(told[code].start_us) == len(right[code].start_us)
        else False
        for code in right
        for name in ("start_us", "lowest", "highest", "mean", "last", "count")
    )
    return "" if alike else "the roll-up does not agree with its block"


def quarantine(fault: Fault) -> None:
    """Flag a damaged block, or make a damaged roll-up anew from its block. Repeating it changes nothing.

    The block's bytes stay as they are; its ``part`` leaves the way free for a healthy row of the same stretch.
    """
    with transaction.atomic(using=HISTORY):
        if fault.kind == "rollup":
            _roll_again(fault.gateway, fault.start_us)
            return
        flagged = Block.objects.filter(pk=fault.pk, damaged_us=None).update(damaged_us=clock.now_us(), part=-F("pk"))
    if flagged:
        logger.error(
            "history of %s at %d is damaged, kept and left out: %s", fault.gateway, fault.start_us, fault.reason
        )


def _roll_again(gateway: str, start_us: int) -> None:
    row = Block.objects.filter(gateway=gateway, grain=Grain.HOUR, start_us=start_us, damaged_us=None).first()
    if row is None:
        return
    Rollup.objects.update_or_create(gateway=gateway, start_us=start_us, defaults={"body": roll_up(bytes(row.body))})
    logger.error("the roll-up of %s at %d was damaged and is made anew", gateway, start_us)


def flag_damaged(rows: Iterable[Block]) -> list[Block]:
    """Flag those of ``rows`` that cannot be read; returns the others."""
    healthy = []
    for row in rows:
        if reason := fault_of(row):
            quarantine(Fault("block", row.pk, row.gateway, row.start_us, reason))
        else:
            healthy.append(row)
    return healthy
