"""The engine's side of the database. Every function here runs in the engine's one database thread.

A commit holds events, the state of the gateways that caused them, and positions together: whatever is killed in
between, the log is read again from the last position, and a record whose effect is in a state is not applied twice.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from anlan.apps.monitoring.models import Alarm, AlarmState, EnginePosition, EngineState
from anlan.apps.monitoring.services import (
    Refused,
    Sign,
    apply_events,
    check_coverage,
    quarantine,
    record_signs,
    sweep_links,
)
from anlan.apps.monitoring.services.reactions import tell
from anlan.apps.obligations import services as obligations
from anlan.apps.registry.models import Enterprise
from anlan.stream.alarm import AlarmEvent
from anlan.stream.partition import PARTITIONS

logger = logging.getLogger(__name__)


@dataclass
class Checkpoint:
    """What one transaction writes. ``states``: gateway → (last record's sequence, kernel state).

    ``through``: with it in the database, every message up to this sequence is done with; 0: none.
    """

    events: list[AlarmEvent] = field(default_factory=list)
    states: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    positions: dict[int, int] = field(default_factory=dict)
    signs: list[Sign] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    through: int = 0

    def joined(self, other: Checkpoint) -> Checkpoint:
        """Both in one transaction; they must speak of the same moment."""
        return Checkpoint(
            [*self.events, *other.events],
            self.states | other.states,
            self.positions | other.positions,
            [*self.signs, *other.signs],
            [*self.refused, *other.refused],
            max(self.through, other.through),
        )

    def __bool__(self) -> bool:
        return bool(self.events or self.states or self.positions or self.signs or self.refused)


@dataclass(frozen=True)
class Remembered:
    """Where the engine stopped: positions by partition, states by gateway."""

    positions: Mapping[int, int]
    states: Mapping[str, tuple[int, bytes]]


@transaction.atomic
def remember(log: str) -> Remembered:
    """Read the checkpoint. In another log than before all sequences begin anew, while the states stay."""
    rows = {row.partition: row for row in EnginePosition.objects.all()}
    if len(rows) < PARTITIONS or any(row.log != log for row in rows.values()):
        if rows:
            logger.error("the log is not the one read before; its records are read from the first one on")
        EnginePosition.objects.all().delete()
        EnginePosition.objects.bulk_create([EnginePosition(partition=n, log=log) for n in range(PARTITIONS)])
        EngineState.objects.update(seq=0)
        rows = {}
    return Remembered(
        {partition: row.seq for partition, row in rows.items()},
        {state.gateway: (state.seq, bytes(state.body)) for state in EngineState.objects.all()},
    )


def commit(checkpoint: Checkpoint, now: datetime, *, react: bool = True) -> int:
    """Write a checkpoint whole or not at all; returns the number of new events. Repeating it changes nothing."""
    with transaction.atomic():
        if checkpoint.signs:  # first: it may hold chains, and raising a warning takes more than a chain
            record_signs(checkpoint.signs)
        new = apply_events(checkpoint.events, now, react=react)
        EngineState.objects.bulk_create(
            [EngineState(gateway=g, seq=seq, body=body) for g, (seq, body) in checkpoint.states.items()],
            batch_size=200,
            update_conflicts=True,
            unique_fields=["gateway"],
            update_fields=["seq", "body"],
        )
        for partition, seq in checkpoint.positions.items():
            EnginePosition.objects.filter(partition=partition, seq__lt=seq).update(seq=seq)
        if checkpoint.refused:
            quarantine(checkpoint.refused)
    return new


def sign(now: datetime) -> None:
    """Leave a sign of life: what came has been applied and committed, and the database takes writes."""
    obligations.tick("engine", now)


def sweep(now: datetime) -> int:
    """Find gateways that fell silent."""
    return sweep_links(now)


def check_next_coverage(after: int, now: datetime) -> int:
    """Compare the next enterprise's declaration with what is connected; returns its id, 0 at the end of the round."""
    enterprise = Enterprise.objects.by_the_machine().filter(pk__gt=after, is_active=True).order_by("pk").first()
    if enterprise is None:
        return 0
    check_coverage(enterprise, now)
    return enterprise.pk


def burning_sources() -> list[int]:
    """Hazard sources with alarms that are not back in range."""
    rows = Alarm.objects.by_the_machine().filter(state=AlarmState.ACTIVE, source__isnull=False)
    return sorted(set(rows.values_list("source_id", flat=True)))


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
