"""The loop of a case: what people ask for, decide and end, step by step, each step one transaction and on record.

A case is a row with a ``state`` that belongs to an enterprise. Whoever moves it on holds the enterprise's chain, sees
it as it is then and not as a page showed it, and leaves an entry that keeps the whole of it. A case owns no rule: when
a step is due, and who may take it, is asked of the rules and of ``entitled`` before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from django.db import models, transaction

from anlan.apps.journal import services as journal
from anlan.apps.org.actor import SYSTEM, Actor
from anlan.refused import Refused

NAME = 60
"""Letters of a name that a case keeps beside the id."""


class Case(models.Model):
    """Mixin of such rows."""

    CASE: ClassVar[str]
    """Its word in subjects and acts of the journal: ``filing`` makes ``filing:7`` and ``filing.confirmed``."""
    CALLED: ClassVar[str]
    """What it is called to a person who comes too late: 这份报备."""
    JOINED: ClassVar[tuple[str, ...]] = ("enterprise",)
    """What is read together with it."""
    KEPT: ClassVar[tuple[str, ...]]
    """The columns that each of its acts keeps in the journal."""
    MOVED: ClassVar[tuple[str, ...] | None] = None
    """The columns that a step may change, where the machine writes others meanwhile; None: all."""

    class Meta:
        abstract = True

    @property
    def about(self) -> str:
        """Its subject in the journal and of its due things."""
        return f"{self.CASE}:{self.pk}"

    @property
    def chain(self) -> str:
        """The chain of its enterprise, which is also the lock of everything decided about it."""
        row: Any = self
        return f"enterprise:{row.enterprise.code}"

    def decide(self, by: Actor, at: datetime, note: str) -> None:
        """Notes who decided what was asked for, when, and with which words; saved by `keep`."""
        row: Any = self
        row.decided_at, row.decided_by, row.decided_by_id = at, by.name[:NAME], by.id
        row.note = note.strip()[:200]

    def finish(self, by: Actor, at: datetime) -> None:
        """Notes who ended it, and when; saved by `keep`."""
        row: Any = self
        row.ended_at, row.ended_by, row.ended_by_id = at, by.name[:NAME], by.id

    def keep(self, act: str, at: datetime, by: Actor = SYSTEM, after: Mapping[str, Any] | None = None) -> None:
        """Saves the case as it now is, and records the step (`record`)."""
        self.save(update_fields=None if self._state.adding else self.MOVED)
        self.record(act, at, by, after)

    def record(self, act: str, at: datetime, by: Actor = SYSTEM, after: Mapping[str, Any] | None = None) -> None:
        """Journals the step ``act`` with ``after`` and all of `KEPT`, of a case that is saved."""
        told = {**(after or {}), "is": journal.state_of(self, self.KEPT)}
        journal.record(self.chain, f"{self.CASE}.{act}", at=at, actor=by.id, subject=self.about, after=told)


C = TypeVar("C", bound=Case)


@contextmanager
def deciding(case: C, *states: str) -> Iterator[C]:
    """One step of a case, as one transaction under the lock of its enterprise: hands over the row as it is now.

    Raises `Refused` when it is in none of ``states``. The caller changes it and says `Case.keep`; due things, messages
    and live hints that belong to the step are written inside. A repeat finds another state and is refused; after a
    crash either all of it stands or nothing.
    """
    with transaction.atomic():
        journal.hold([case.chain])
        rows: Any = type(case)._base_manager.select_related(*case.JOINED)
        row: C = rows.get(pk=case.pk)
        now: Any = row
        if now.state not in states:
            raise Refused(f"{case.CALLED}现在的状态是“{now.get_state_display()}”，不能这样处理")
        yield row
