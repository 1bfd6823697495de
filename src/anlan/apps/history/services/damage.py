"""What is done about a row that cannot be read: it is kept, flagged, and left out; the rest stays readable.

Looking (`damaged`, `withheld`) changes nothing. Only `repair` writes, and the compactor, which must leave out what it
cannot merge. A block is judged by itself alone: what else is written about it in the row is no reason to hide it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, F, OuterRef

from anlan import now as clock
from anlan.apps.history.models import Block, Grain, Removal, Rollup, packed
from anlan.apps.history.selectors.stored import HOUR_US, LENGTH_US
from anlan.apps.registry.selectors.equipment import owners
from anlan.stream.blocks import BlockError, check, header
from anlan.stream.rollup import MINUTE_US, join, read_table, roll_up

logger = logging.getLogger(__name__)
HISTORY = "history"
_AT_ONCE = 100


@dataclass(frozen=True)
class Fault:
    """One row that is not as it should be; ``start_us`` of the row.

    ``kind``: ``block`` damaged, ``rollup`` damaged or missing, ``count``: the row counts other samples than its sound
    block, ``owner``: the row names another enterprise than its gateway's, ``withheld``: the row is flagged and its
    block is sound, ``lone``: a damaged roll-up (``pk`` is its own) that
    no sound block can make anew.
    """

    kind: str
    pk: int
    gateway: str
    start_us: int
    reason: str
    enterprise: str = ""
    """The gateway's by the registry; the row's own where the registry does not know the gateway."""


def fault_of(block: Block) -> str:
    """Why the block cannot be trusted, empty when it can: every byte is read and every figure compared."""
    try:
        head = check(packed(block.body))
    except BlockError as error:
        return str(error)
    if block.grain not in LENGTH_US:
        return f"a row of the grain {block.grain} is none"
    if head.gateway != block.gateway:
        return f"the block is of gateway {head.gateway}"
    end = block.start_us + LENGTH_US[block.grain]
    if head.frames and not block.start_us <= head.first_us <= head.last_us < end:
        return "frames lie outside the stretch of the row"
    return ""


def damaged() -> Iterator[Fault]:
    """Every row of history that is not as it should be and not flagged, in the order of the rows; reads all of history.

    A roll-up is compared with the block that it was made from, the enterprise with the registry. Nothing is changed.
    """
    last, owner_of = 0, owners()
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
            owner = owner_of.get(row.gateway, row.enterprise)
            if row.enterprise != owner:
                words = f"the row names enterprise {row.enterprise}, its gateway is of {owner}"
                yield _fault("owner", row, words, owner)
            if reason := fault_of(row):
                yield _fault("block", row, reason, owner)
                continue
            if (counted := header(packed(row.body)).samples) != row.samples:
                yield _fault("count", row, f"the row counts {row.samples} samples, the block {counted}", owner)
            if row.grain == Grain.HOUR:
                each = rolled.get((row.gateway, row.start_us))
                if each is None and row.start_us < gone.get(owner, 0):
                    continue  # removed after its time of keeping
                if reason := _fault_of_rollup(row, each):
                    yield _fault("rollup", row, reason, owner)
    yield from _lone()


def _lone() -> Iterator[Fault]:
    """Roll-ups whose samples were removed or are damaged: they stand for themselves, and nothing can replace them."""
    last = 0
    whole = Block.objects.filter(grain=Grain.HOUR, damaged_us=None)
    beside = whole.filter(gateway=OuterRef("gateway"), start_us=OuterRef("start_us"))
    alone = Rollup.objects.filter(~Exists(beside))
    while rows := list(alone.filter(pk__gt=last).order_by("pk")[:_AT_ONCE]):
        last = rows[-1].pk
        for row in rows:
            if reason := _fault_of_lone(row):
                yield Fault("lone", row.pk, row.gateway, row.start_us, reason)


def _fault_of_lone(rollup: Rollup) -> str:
    try:
        table = read_table(packed(rollup.body))
    except BlockError as error:
        return str(error)
    last_us = table.first_us + max(table.count.shape[-1] - 1, 0) * MINUTE_US
    if table.count.size and not rollup.start_us <= table.first_us <= last_us < rollup.start_us + HOUR_US:
        return "minutes lie outside the hour of the row"
    return ""


def withheld() -> Iterator[Fault]:
    """Every flagged row whose block is sound, as earlier versions flagged rows for their count. Nothing is changed."""
    last, owner_of = 0, owners()
    while rows := list(Block.objects.filter(pk__gt=last, damaged_us__isnull=False).order_by("pk")[:_AT_ONCE]):
        last = rows[-1].pk
        for row in rows:
            if not fault_of(row):
                yield _fault("withheld", row, "the block is sound", owner_of.get(row.gateway, row.enterprise))


def _fault(kind: str, row: Block, reason: str, owner: str) -> Fault:
    return Fault(kind, row.pk, row.gateway, row.start_us, reason, owner)


def _fault_of_rollup(block: Block, rollup: Rollup | None) -> str:
    if rollup is None:
        return "the roll-up is missing"
    try:
        told = join([read_table(packed(rollup.body))])
    except BlockError as error:
        return str(error)
    right = join([read_table(roll_up(packed(block.body)))])
    alike = told.keys() == right.keys() and all(
        (getattr(told[code], name) == getattr(right[code], name)).all()
        if len(told[code].start_us) == len(right[code].start_us)
        else False
        for code in right
        for name in ("start_us", "lowest", "highest", "mean", "last", "count")
    )
    return "" if alike else "the roll-up does not agree with its block"


@transaction.atomic(using=HISTORY)
def repair(fault: Fault) -> None:
    """Flag a damaged block, make a roll-up anew from its block, set a count or an enterprise right, or bring back what
    was withheld.

    What has changed since the fault was found is looked at again. Repeating it changes nothing. A flagged block's
    bytes stay as they are; its ``part`` leaves the way free for a healthy row of the same stretch. Nothing can be done
    about a lone roll-up. Raises ValueError for a kind of fault that it does not know.
    """
    if fault.kind == "lone":
        return
    row = Block.objects.select_for_update().filter(pk=fault.pk).first()
    if row is None:
        return  # compacted or removed meanwhile
    sound = not fault_of(row)
    match fault.kind:
        case "block" if not sound:
            _flag(row, fault.reason)
        case "count" if sound:
            Block.objects.filter(pk=row.pk).update(samples=header(packed(row.body)).samples)
        case "owner":
            Block.objects.filter(pk=row.pk).update(enterprise=fault.enterprise)
        case "rollup" if sound:
            _roll_again(row)
        case "withheld" if sound:
            _bring_back(row)
        case "block" | "count" | "rollup" | "withheld":
            logger.info("history of %s at %d is another than when it was looked at", row.gateway, row.start_us)
        case _:
            raise ValueError(f"there is no fault of the kind {fault.kind}")


def _flag(row: Block, reason: str) -> None:
    if Block.objects.filter(pk=row.pk, damaged_us=None).update(damaged_us=clock.now_us(), part=-F("pk")):
        logger.error("history of %s at %d is damaged, kept and left out: %s", row.gateway, row.start_us, reason)


def _roll_again(row: Block) -> None:
    body = roll_up(packed(row.body))
    Rollup.objects.update_or_create(gateway=row.gateway, start_us=row.start_us, defaults={"body": body})
    logger.error("the roll-up of %s at %d was damaged and is made anew", row.gateway, row.start_us)


def _bring_back(row: Block) -> None:
    """A minute's row is left to the compactor; an hour's is merged here with what stands in its place by now."""
    from anlan.apps.history.services.compaction import compact_hour

    samples = header(packed(row.body)).samples
    if not Block.objects.filter(pk=row.pk, damaged_us__isnull=False).update(damaged_us=None, samples=samples):
        return
    logger.warning("history of %s at %d is sound and read again", row.gateway, row.start_us)
    if row.grain == Grain.HOUR and not compact_hour(row.gateway, row.start_us):
        _roll_again(row)


def flag_damaged(rows: Iterable[Block]) -> list[Block]:
    """Flag those of ``rows`` that cannot be read; returns the others."""
    healthy = []
    for row in rows:
        if reason := fault_of(row):
            _flag(row, reason)
        else:
            healthy.append(row)
    return healthy
