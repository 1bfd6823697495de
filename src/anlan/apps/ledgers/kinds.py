"""What a ledger (台账) is: declared once, by one file below `anlan.apps.ledgers.declared`.

From the declaration come its form, list, workbook, interface, record and print page, its due days and its findings.
All ledgers live in one table; a new one needs no model, no page and no migration.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from anlan.apps.findings.kinds import FINDINGS
from anlan.apps.obligations.kinds import OBLIGATIONS
from anlan.apps.org.stand import STAFF
from anlan.apps.registry.models import Enterprise
from anlan.components.wording import Words
from anlan.declared import Kind, Kinds
from anlan.rules.recurrence import Recurrence, Turn
from anlan.schema import Schema

Values = Mapping[str, Any]
LEDGERS = Kinds("ledgers")
_TAKEN = {"text", "seen", "files", "enterprise", "state", "changed", "made"}
"""What forms and lists of all ledgers call their own."""
LOOKS_BACK = (1, 40, 400, 4000)
"""Days before a day among which the turn that it lies in began: the nearest first."""


@dataclass(frozen=True)
class Step:
    """One act that moves an entry on: ``frm`` one of its states (none: any that is not final) ``to`` another."""

    title: Words
    done: Words
    """Said when it is done."""
    to: str
    frm: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    """Fields that it asks for anew; they are judged like all others."""
    words: Words = ""
    """What its few words are about; empty: it asks for none. Blank ones are refused."""
    roles: frozenset[str] = STAFF
    """Who may, of the enterprise or of an agency on its line."""


@dataclass(frozen=True)
class Due:
    """An entry falls due: at the end of the day that a field says."""

    field: str
    kind: Kind
    """Of the due thing (`OBLIGATIONS`)."""
    finding: Kind
    """Found when the day has passed (`FINDINGS`), closed when a later day is set."""
    ahead: int = 30
    """Days before, from which on it is asked for."""


@dataclass(frozen=True)
class Every:
    """An entry is owed again and again: one in every turn, by each enterprise to which it ``applies``."""

    recurrence: Recurrence
    on: str
    """The field with the day that says which turn an entry is of."""
    kind: Kind
    """Of the due thing (`OBLIGATIONS`)."""
    finding: Kind
    """Found when a turn has passed without an entry (`FINDINGS`), closed when it is entered after all."""
    applies: Callable[[Enterprise], bool]

    def turn_of(self, day: date) -> Turn | None:
        """The turn that a day lies in; None where there is none."""
        for back in LOOKS_BACK:
            if begun := list(self.recurrence.turns(day - timedelta(days=back), day)):
                return begun[-1] if day <= begun[-1].last else None
        return None


@dataclass(frozen=True)
class Ledger:
    """One declared ledger. ``states``: key and words, the first is that of a new entry."""

    key: str
    title: Words
    about: Any
    """One sentence: what it holds and who keeps it."""
    schema: Schema
    called: Callable[[Values], str]
    """What an entry is called, from its values."""
    states: tuple[tuple[str, Any], ...]
    final: tuple[str, ...] = ()
    """States that nothing leads on from and in which nothing falls due."""
    steps: Mapping[str, Step] = field(default_factory=dict)
    due: Due | None = None
    every: Every | None = None
    article: str = ""
    keepers: frozenset[str] = STAFF
    """Roles that add and change entries."""

    def __post_init__(self) -> None:
        if taken := _TAKEN & set(self.schema.by_key):
            raise ValueError(f"{self.key}: every form or list has something called {sorted(taken)} already")
        known = {key for key, _ in self.states}
        named = {*self.final, *(step.to for step in self.steps.values())}
        named |= {state for step in self.steps.values() for state in step.frm}
        if named - known:
            raise ValueError(f"{self.key}: no state is called {sorted(named - known)}")
        asked = {name for step in self.steps.values() for name in step.fields}
        days = {each for each in (self.due and self.due.field, self.every and self.every.on) if each}
        asked |= days
        if asked - set(self.schema.by_key):
            raise ValueError(f"{self.key}: no field is called {sorted(asked - set(self.schema.by_key))}")
        if no_days := [each for each in days if self.schema[each].kind != "day"]:
            raise ValueError(f"{self.key}: what is due is a day, {no_days} is none")

    def state_words(self, state: str) -> str:
        """The words of a state; its key for one that an earlier release knew."""
        return str(dict(self.states).get(state, state))

    def day_of(self, values: Values) -> date | None:
        """The day that says which turn an entry is of; None where none is owed."""
        found = values.get(self.every.on) if self.every is not None else None
        return found if isinstance(found, date) else None

    def due_on(self, values: Values, state: str) -> date | None:
        """The day at whose end an entry is due; None while nothing is."""
        if self.due is None or state in self.final:
            return None
        found = values.get(self.due.field)
        return found if isinstance(found, date) else None


_KNOWN: dict[str, Ledger] = {}


def declare(ledger: Ledger) -> Ledger:
    """Makes a ledger known. Raises ValueError for a key that is taken."""
    LEDGERS.declare(ledger.key, ledger.title, article=ledger.article)
    _KNOWN[ledger.key] = ledger
    return ledger


def due(key: str, words: Words, found: Any, *, field: str, ahead: int = 30, article: str = "") -> Due:
    """Declares the due thing ``key`` in ``words`` and the finding for when it is over (``found``), under one key."""
    kind = OBLIGATIONS.declare(key, words, article=article)
    return Due(field, kind, FINDINGS.declare(key, found, article=article), ahead)


def every(
    key: str, recurrence: Recurrence, words: Words, found: Any, *, on: str, applies: Callable[[Enterprise], bool],
    article: str = "",
) -> Every:  # fmt: skip
    """Declares that an entry is owed in every turn (``words``), and the finding for a turn without one (``found``)."""
    kind = OBLIGATIONS.declare(key, words, article=article)
    return Every(recurrence, on, kind, FINDINGS.declare(key, found, article=article), applies)


def ledgers() -> list[Ledger]:
    """All of them, in the order of their files."""
    return list(_KNOWN.values())


def ledger_of(key: str) -> Ledger:
    """The ledger of a key. Raises KeyError for one that nobody has declared."""
    return _KNOWN[key]
