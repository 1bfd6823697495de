"""The engine's side of the database. Every function here runs in the engine's one database thread.

A commit holds events, the state of the gateways that caused them, and positions together: whatever is killed in
between, the log is read again from the last position, and a record whose effect is in a state is not applied twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from anlan.apps.alarms.models import Alarm, AlarmState, EnginePosition, EngineState
from anlan.apps.alarms.services import apply_edge_alarms, apply_events, record_peaks
from anlan.apps.alarms.services.alarms import instant
from anlan.apps.alarms.services.hooks import tell
from anlan.apps.gateways.services import (
    PacketRefused,
    Sign,
    check_coverage,
    known_sequences,
    quarantine,
    record_sequences,
    record_signs,
    sweep_links,
)
from anlan.apps.gateways.services.cameras import sweep_cameras
from anlan.apps.gateways.services.links import MOST_AT_ONCE
from anlan.apps.history import services as history
from anlan.apps.obligations import services as obligations
from anlan.apps.registry.selectors.equipment import next_enterprise
from anlan.database import bulk
from anlan.database.chunks import chunks
from anlan.database.leases import Leases, Read, advance, mark, read_of
from anlan.process.hearing import ALWAYS, DEAF
from anlan.process.own_faults import OwnFaults
from anlan.stream.alarm import AlarmEvent, Peak
from anlan.stream.edge_alarm import EdgeAlarm
from anlan.stream.log import LogState
from anlan.stream.partition import partition_of
from anlan.stream.sequence import Gap, Head, News

logger = logging.getLogger(__name__)
Guard = Callable[[Collection[int] | None], None]


@dataclass
class Checkpoint:
    """What one transaction writes. ``states``: gateway → (last record's sequence, kernel state).
    ``peaks``: how far open alarms went without an event; the states hold them for said.

    ``positions``: partition → number up to which everything is done with, once this is in the database.
    ``partitions``: those that events and states speak of; they must still be ours. ``newest``: the newest message of
    which anything is in it, and when the log took it.
    """

    events: list[AlarmEvent] = field(default_factory=list)
    states: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    positions: dict[int, int] = field(default_factory=dict)
    signs: list[Sign] = field(default_factory=list)
    refused: list[PacketRefused] = field(default_factory=list)
    partitions: set[int] = field(default_factory=set)
    edge_alarms: list[EdgeAlarm] = field(default_factory=list)
    sequences: News = field(default_factory=News)
    peaks: list[Peak] = field(default_factory=list)
    newest: tuple[int, int] = (0, 0)

    def joined(self, other: Checkpoint) -> Checkpoint:
        """Both in one transaction; they must speak of the same moment."""
        return Checkpoint(
            [*self.events, *other.events],
            self.states | other.states,
            self.positions | other.positions,
            [*self.signs, *other.signs],
            [*self.refused, *other.refused],
            self.partitions | other.partitions,
            [*self.edge_alarms, *other.edge_alarms],
            other.sequences or self.sequences,
            [*self.peaks, *other.peaks],
            max(self.newest, other.newest),
        )

    def __bool__(self) -> bool:
        told = self.events or self.edge_alarms or self.signs or self.refused or self.sequences
        return bool(told or self.states or self.positions)


def _touched(checkpoint: Checkpoint) -> set[int]:
    return checkpoint.partitions | {partition_of(event.enterprise) for event in checkpoint.events}


@dataclass(frozen=True)
class Remembered:
    """Where the engine stopped: positions by partition, states and running numbers by gateway.

    ``missed``: first and last number that the log gave up before the engine had read them. ``again_until``: messages up
    to this number may have been read before.
    """

    positions: Mapping[int, int]
    states: Mapping[str, tuple[int, bytes]]
    sequences: Mapping[str, tuple[Head | None, list[Gap]]] = field(default_factory=dict)
    missed: tuple[int, int] | None = None
    again_until: int = 0


@transaction.atomic
def remember(
    leases: Leases,
    held: Mapping[int, int],
    partitions: Collection[int],
    gateways: Iterable[str],
    log: LogState,
    cut: Collection[int] = (),
) -> Remembered:
    """Read the checkpoint of partitions that this engine takes up, with the states of ``gateways`` in them.

    In another log than before, or one that lacks what was read (``cut``: those partitions), the numbers that it may
    give out again mean nothing, while the states stay: what is read once more is older than they are and changes
    nothing. Raises `Fenced` when the partitions have another owner by now.
    """
    missed = leases.missed(log.identity, log.first_seq)
    newest = max((seq for seq, _ in leases.places(partitions, log.identity).values()), default=0)
    positions, strange = leases.take_up(held, partitions, log.identity, log.first_seq, cut, log.last_seq)
    states: dict[str, tuple[int, bytes]] = {}
    sequences: dict[str, tuple[Head | None, list[Gap]]] = {}
    for codes in chunks(gateways):
        sequences |= known_sequences(codes)
        rows = EngineState.objects.filter(gateway__in=codes)
        if strange:
            rows.filter(seq__gte=log.first_seq).update(seq=0)
        rows.filter(seq__gt=log.last_seq).update(seq=0)  # of no message of this log
        states.update({row.gateway: (row.seq, bytes(row.body)) for row in rows})
    return Remembered(positions, states, sequences, missed, log.last_seq if strange else newest)


def places(leases: Leases, partitions: Collection[int], log: str) -> dict[int, tuple[int, int]]:
    """The newest message of the log that left anything in the database, by partition; see `Leases.places`."""
    return leases.places(partitions, log)


def read_by_both(log: str) -> list[Mapping[int, Read]]:
    """How far each of the two readers of the log has its partitions in its database; empty when not both know."""
    engines, historians = read_of(EnginePosition, log), history.read_of(log)
    return [] if engines is None or historians is None else [engines, historians]


def commit(
    checkpoint: Checkpoint, now: datetime, guard: Guard, *, react: bool = True, listening_us: int = ALWAYS
) -> int:
    """Write a checkpoint whole or not at all; returns the number of new events. Repeating it changes nothing.

    ``guard(partitions)`` raises `Fenced` when one of them (None: any that is held) has another owner; nothing is
    written then. Before ``listening_us`` nobody could have been heard (see `hearing`).
    """
    with transaction.atomic():
        guard(None if checkpoint.positions else _touched(checkpoint))
        if checkpoint.signs:  # first: it may hold chains, and raising a warning takes more than a chain
            record_signs(checkpoint.signs, now, _instant(listening_us))
        # most checkpoints hold little: whatever is called here asks the database, be it for nothing
        new = apply_events(checkpoint.events, now, react=react) if checkpoint.events else 0
        if checkpoint.peaks:
            record_peaks(checkpoint.peaks)
        if checkpoint.edge_alarms:
            new += apply_edge_alarms(checkpoint.edge_alarms, now, react=react)
        if checkpoint.sequences:
            record_sequences(checkpoint.sequences)
        bulk.upsert(
            [bulk.fresh(EngineState, gateway=g, seq=seq, body=body) for g, (seq, body) in checkpoint.states.items()],
            "gateway",
            ["seq", "body"],
        )
        advance(EnginePosition, checkpoint.positions)
        mark(EnginePosition, _touched(checkpoint) | checkpoint.positions.keys(), checkpoint.newest)
        if checkpoint.refused:
            quarantine(checkpoint.refused)
    return new


def sign(name: str, now: datetime, own: OwnFaults) -> None:
    """Leave a sign of life with what the engine finds wrong with its own work: what came has been applied and
    committed, and the database takes writes."""
    obligations.tick(name, now, own=own.detail(now))


def sweep(now: datetime, partitions: Collection[int], heard: Collection[str], listening_us: int = ALWAYS) -> bool:
    """Find gateways of these partitions that fell silent, but for those just ``heard``; whether there may be more.

    Before ``listening_us`` nobody could have been heard (see `hearing`).
    """
    if listening_us >= DEAF:
        return False
    return sweep_links(now, partitions, heard, _instant(listening_us)) >= MOST_AT_ONCE


def _instant(listening_us: int) -> datetime | None:
    """Since when anybody can be heard; None where that is long since, or not known."""
    return instant(listening_us) if ALWAYS < listening_us < DEAF else None


def check_next_enterprise(after: int, now: datetime, partitions: Collection[int]) -> int:
    """Look for cameras that fell silent, and at the next enterprise: what is declared beside what is connected. Returns
    its id, 0 at the end of the round."""
    sweep_cameras(now, partitions)
    enterprise = next_enterprise(after, partitions)
    if enterprise is None:
        return 0
    check_coverage(enterprise, now)
    return int(enterprise.pk)


def burning_sources(partitions: Collection[int]) -> list[int]:
    """Hazard sources with alarms that are not back in range."""
    rows = Alarm.objects.by_the_machine().filter(state=AlarmState.ACTIVE, source__isnull=False)
    found = rows.values_list("source_id", "enterprise__code").distinct().order_by()
    return sorted(source for source, enterprise in found if partition_of(enterprise) in partitions)


def react_again(source_ids: Iterable[int], now: datetime) -> list[int]:
    """Let grading look at sources anew, each in its own transaction; returns those where it failed."""
    failed = []
    for source_id in source_ids:
        try:
            with transaction.atomic():
                tell([source_id], now)
        except Exception:
            logger.exception("hazard source %d could not be graded, it will be tried again", source_id)
            failed.append(source_id)
    return failed
