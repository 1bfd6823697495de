"""The auditor's process: audit, leave what was found where people see it, give the signal when all is well.

It decides nothing and repairs nothing; it seals records, anchors the journal and journals what was only counted. What
it found stands in its sign of life (operations page, ``/alive``), in the log, and in the journal at beginning and end.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, transaction

from anlan import config as settings
from anlan.metrics import BY_NAME
from anlan.now import Clock, SystemClock
from anlan.process import django, metrics
from anlan.process.life import Leaving, begin
from anlan.process.own_clock import SET_SHOWN_FOR, ClockWatch, clock_was_set
from anlan.process.own_faults import OwnFaults
from anlan.process.places import anchor_folder, announce
from anlan.process.single_instance import sign_name
from anlan.process.worker import give_up_broken, is_shared, let_go_when_frozen, say_failed
from anlan.roles.auditor import sqlite_analyze
from anlan.roles.auditor.backup_age import age
from anlan.roles.auditor.bell import Bell, Unwell, destinations
from anlan.roles.auditor.signal import Signal
from anlan.roles.auditor.wal import keep_short

if TYPE_CHECKING:
    from anlan.roles.auditor.audit import Fault

log = logging.getLogger(__name__)

EVERY_S = 5.0
THOROUGH_S = 30.0
"""Comparing every open warning with its next step reads all of them: done less often than the rest."""
DEAF_AFTER = timedelta(seconds=30)
"""A database that does not answer for so long is told of; it may only have been started again."""
STARTING = timedelta(seconds=30)
"""So long after its own start the auditor does not count missing signs of life: everything may be starting."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What one audit found."""

    faults: tuple[Fault, ...]
    figures: dict[str, Any]
    notes: tuple[Fault, ...] = ()
    """What operators are told and yet does not hold back the signal: the platform does its work all the same."""

    @property
    def well(self) -> bool:
        return not self.faults

    @property
    def kinds(self) -> set[str]:
        return {fault.kind for fault in self.faults}


class Auditor:
    """One auditor. ``look`` audits once; what it keeps between two looks is only where its patrol stands."""

    def __init__(self, config: settings.Config, clock: Clock, name: str = "auditor") -> None:
        """``name``: what it signs under; auditors of several hosts each have their own, and their own faults."""
        from anlan.apps.delivery import services as delivery
        from anlan.roles.auditor.acts.walk import ActPatrol
        from anlan.roles.auditor.anchoring import AnchorLines
        from anlan.roles.auditor.audit import Part
        from anlan.roles.auditor.guards import Movement
        from anlan.roles.auditor.history_seal import HistoryPatrol
        from anlan.roles.auditor.patrol import Patrol, SealPatrol
        from anlan.roles.auditor.sealing import Sealer

        self._config, self._clock, self._name = config, clock, name
        self._started_at = clock.now()
        self._signal = Signal(config)
        self._bell = Bell(config, destinations(config, delivery.outside()), delivery.send_ops)
        self._remembers = False
        self._deaf_since: datetime | None = None
        self._patrol, self._seals, self._acts = Patrol(), SealPatrol(), ActPatrol()
        self._history = HistoryPatrol()
        self._sealer, self._next_sealing = Sealer(), float("-inf")
        self._anchored = ""
        self._lines = AnchorLines(config)
        self._found: Findings | None = None
        self._stopped: list[str] = []
        self._backup, self._storage = Part(), Part()
        self._readings: list[Any] = []
        self._movement, self._watch = Movement(), ClockWatch()
        self._own = OwnFaults()
        self._next_thorough = self._next_planning = float("-inf")

    def figures(self) -> dict[str, Any]:
        """What the last audit found, for `anlan.process.metrics`."""
        found = self._found
        if found is None:
            return {"auditor_passed": 0}
        named = {f"auditor_{name}": value for name, value in found.figures.items() if name != "waiting"}
        known = {name: value for name, value in named.items() if name in BY_NAME}
        waiting = {"auditor_log_waiting": found.figures["waiting"]} if "waiting" in found.figures else {}
        return {"auditor_passed": int(found.well), "auditor_faults": len(found.faults)} | known | waiting

    def look(self) -> Findings | None:
        """One audit with its consequences. None: the database did not answer, and there is no signal."""
        from anlan.apps.journal import services as journal

        now = self._clock.now()
        if by := self._watch.moved(now, self._clock.monotonic()):
            self._own.happened("clock_set", clock_was_set(by, now), now, SET_SHOWN_FOR)
        try:
            journal.settle_repeats(now)
            self._seal(now)
            found = self._audit(now)
            self._keep(found, now)
        except DatabaseError as error:
            self._found = None
            say_failed(log, "the database did not answer the auditor", error)
            give_up_broken()
            self._ring_without_database(now)
            return None
        self._found, self._deaf_since = found, None
        if found.well:
            self._signal.passed(now)
        for fault in found.faults:
            log.error("audit failed: %s: %s", fault.kind, fault.full)
        return found

    def _ring_without_database(self, now: datetime) -> None:
        """The database does not answer: what can be seen without it is told all the same."""
        from anlan.roles.auditor import audit

        self._deaf_since = self._deaf_since or now
        if now - self._deaf_since < DEAF_AFTER:
            return
        told = [Unwell("database_silent", "数据库不应答或写不进", self._deaf_since)]
        told += [Unwell(fault.kind, fault.text, self._deaf_since) for fault in audit.disk(self._config).faults]
        self._bell.ring(told, now)

    def _audit(self, now: datetime) -> Findings:
        from anlan.apps.warnings.selectors.audit import without_next_step
        from anlan.roles.auditor import audit, storage

        starting = timedelta(0) <= now - self._started_at < STARTING
        self._patrol.step()
        self._seals.step()
        self._acts.step(now)
        self._history.step(now)
        if self._clock.monotonic() >= self._next_planning and sqlite_analyze.gather():
            self._next_planning = self._clock.monotonic() + sqlite_analyze.EVERY_S
        if self._stopped or self._clock.monotonic() >= self._next_thorough:
            self._stopped = without_next_step()
            self._next_thorough = self._clock.monotonic() + THOROUGH_S
            self._backup = age(self._config, now)
            self._storage, self._readings = storage.look(self._config, now)
        parts = [
            audit.clocks(now, starting=starting, stopped=self._stopped),
            audit.data(now, self._config.audit_fresh_seconds, self._movement),
            audit.disk(self._config),
            audit.processes(self._config),
        ]
        own = [audit.Fault(fault.kind, fault.text, since=fault.since) for fault in self._own.told(now)]
        faults = [fault for part in parts for fault in part.faults if not (starting and fault.kind in audit.SETTLING)]
        faults += own + self._anchor(now) + self._lines.round(now, self._clock.monotonic())
        chains, seals = list(self._patrol.faults.values()), list(self._seals.faults.values())
        if chains:
            faults.append(audit.Fault("journal", f"{len(chains)} 条记录链被改动", chains[0][0]))
        if seals:
            faults.append(audit.Fault("records", f"{len(seals)} 处封存的记录被改动", seals[0]))
        if gone := [words for found in self._history.faults.values() for words in found]:
            faults.append(
                audit.Fault(
                    "history_gone", f"{len(gone)} 处历史少了样本：用 anlan check records 看是哪些，先保全备份", gone[0]
                )
            )
        if acts := [words for found in self._acts.faults.values() for words in found]:
            faults.append(
                audit.Fault(
                    "acts",
                    f"{len(acts)} 处与经过的记录不符，有人绕过程序改过库：用 anlan check records 看是哪些，先保全备份",
                    acts[0],
                )
            )
        figures: dict[str, Any] = {"journal_rounds": self._patrol.rounds, "wal_bytes": keep_short()}
        if self._lines.newest:
            figures["anchor"] = self._lines.newest
        for part in (*parts, self._backup, self._storage):
            figures |= part.figures
        notes = [*self._backup.faults, *(note for part in parts for note in part.notes)]
        return Findings(tuple(faults), figures, tuple(notes))

    def _seal(self, now: datetime) -> None:
        from anlan.roles.auditor.sealing import EVERY_S as ROUND_S

        if self._clock.monotonic() >= self._next_sealing:
            self._sealer.round(now)
            self._next_sealing = self._clock.monotonic() + ROUND_S

    def _anchor(self, now: datetime) -> list[Fault]:
        """The anchor of the day, at the first audit of a civil day; a folder that cannot be written is a fault."""
        from anlan.apps.journal import anchors
        from anlan.roles.auditor.audit import Fault
        from anlan.rules.calendar import civil

        day = f"{civil(now):%Y-%m-%d}"
        if day == self._anchored:
            return []
        try:
            anchors.anchor(anchor_folder(self._config), day, now)
        except (OSError, ValueError) as error:  # ValueError: the file before cannot be read
            say_failed(log, "the journal could not be anchored", error)
            return [Fault("anchor", f"记录链的锚定文件写不出：{error}")]
        self._anchored = day
        return []

    def _before(self) -> dict[str, Any]:
        """What this auditor left last time, under its own name or, before auditors had one, under that of all."""
        from anlan.apps.obligations import services as obligations

        signs = {sign.name: sign.detail for sign in obligations.signs_of("auditor")}
        return signs.get(self._name) or signs.get("auditor") or {}

    def _keep(self, found: Findings, now: datetime) -> None:
        """Leave the sign of life with the faults and since when; journal those that began and those that ended."""
        from anlan.apps.journal import services as journal
        from anlan.apps.obligations import services as obligations

        with transaction.atomic():
            before = self._before()
            known = {each["kind"]: each for each in before.get("faults", [])}
            if not self._remembers:
                self._bell.remember(before.get("bell", {}))
                self._movement.remember(before.get("movement", {}))
                self._own.remember(before)
                self._remembers = True
            faults = {
                fault.kind: {
                    "kind": fault.kind,
                    "text": fault.text,
                    "detail": fault.detail,
                    "since": _since(fault, known.get(fault.kind), now).isoformat(),
                }
                for fault in found.faults
            }
            began = [row for kind, row in faults.items() if kind not in known]
            ended = [row for kind, row in known.items() if kind not in faults]
            acts = [journal.Act("system", "fault_found", now, after=row) for row in began]
            acts += [journal.Act("system", "fault_gone", now, before=row) for row in ended]
            journal.record_all(acts)
            obligations.forget("auditor", now)
            obligations.tick(
                self._name,
                now,
                passed_at=now.isoformat() if found.well else before.get("passed_at"),
                faults=list(faults.values()),
                notes=[{"kind": note.kind, "text": str(note.text), "detail": str(note.detail)} for note in found.notes],
                figures=found.figures,
                stored=self._readings,
                signal_error=self._signal.error,
                bell=self._bell.state(),
                movement=self._movement.state(),
                own=self._own.detail(now),
            )
        unwell = [Unwell(f.kind, str(f.text), datetime.fromisoformat(faults[f.kind]["since"])) for f in found.faults]
        self._bell.ring(unwell + [Unwell(n.kind, str(n.text), n.since or now) for n in found.notes], now)


def _since(fault: Fault, before: Mapping[str, Any] | None, now: datetime) -> datetime:
    """Since when a fault is: when it truly began, else when it was found first; never in the future, where our own
    clock may have stood."""
    found = datetime.fromisoformat(before["since"]) if before else now
    return min(fault.since or found, now)


def work(config: settings.Config, leaving: Leaving, clock: Clock) -> None:
    """Audit until asked to leave."""
    auditor = Auditor(config, clock, sign_name(config, "auditor") if is_shared() else "auditor")
    announced = False
    while True:
        auditor.look()
        if not announced:
            announce(config, "auditor", metrics=metrics.serve(config, "auditor", auditor.figures))
            announced = True
        if leaving.wait(EVERY_S):
            return


def main(arguments: list[str]) -> int:
    """Run until SIGTERM. Exit code 2 when a setting of the signal is wrong."""
    leaving = begin("auditor")
    django.start()
    let_go_when_frozen()
    try:
        work(settings.load(), leaving, SystemClock())
    except settings.ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0
