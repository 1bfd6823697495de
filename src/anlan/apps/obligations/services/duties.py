"""Duties (职责): what comes again for everybody to whom it applies, as rows that fall due, each with who owes it.

The app that owns a duty declares it once (`register`). Every day the rows of that day are planned (`plan`): a due thing
in itself, so that days on which no clock ran are planned when one is back, and nothing is planned twice. Whoever does
what they owe fulfils the row with the record that shows it (`services.fulfil`); what nobody did is overdue at its
instant, and stays owed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.translation import gettext_lazy as _

from anlan.apps.obligations.kinds import OBLIGATIONS
from anlan.apps.obligations.models import Obligation, ObligationState
from anlan.apps.obligations.services import firing, planning
from anlan.apps.obligations.services.firing import Firing
from anlan.apps.org.models import Agency, Person
from anlan.apps.registry.models import Enterprise, HazardSource
from anlan.declared import Kind
from anlan.rules.calendar import civil_day, midnight
from anlan.rules.recurrence import Recurrence, Turn

PLANNING = OBLIGATIONS.declare("duties", _("排定当日职责"))


@dataclass(frozen=True)
class Owed:
    """One who owes a duty: the ``subject`` it is about (a subject of the journal), and who answers for it."""

    subject: str
    enterprise: Enterprise | None = None
    agency: Agency | None = None
    person: Person | None = None
    source: HazardSource | None = None
    due_at: datetime | None = None
    """By when, where the place of the one who owes says another instant than the turn."""


Shown = Callable[[Turn], Mapping[str, tuple[str, datetime]]]
"""The records that show already that a turn is done: subject → the record and the instant."""
Overdue = Callable[[Sequence[Obligation]], None]
"""What else happens when rows are overdue, inside the claiming transaction."""


@dataclass(frozen=True)
class Duty:
    """A duty of one kind. ``who(day)`` tells who owes the turn that begins on that day; the predicate stands there."""

    kind: Kind
    every: Recurrence
    who: Callable[[date], Iterable[Owed]]
    overdue: Overdue = lambda rows: None
    shown: Shown = lambda turn: {}


_DUTIES: dict[str, Duty] = {}


def register(duty: Duty) -> None:
    """Has a duty planned day by day and fired by the clocks. The same again takes the place of the one before."""
    _DUTIES[str(duty.kind)] = duty
    firing.register(duty.kind, _fire)
    firing.register(PLANNING, _fire_planning)


def key_of(kind: Kind, subject: str, turn: str) -> str:
    """The key of the row that a duty has for a subject and a turn."""
    return f"{kind}:{subject}:{turn}"


def plan(duty: Duty, day: date, since: datetime | None = None) -> int:
    """Adds the rows of the turns of a duty that begin on a day; returns how many. Those that are there stay as they
    are; what fell due before ``since`` is cancelled from the start. In the caller's transaction."""
    rows = [row for turn in duty.every.turns(day, day) for row in _rows(duty, turn, day)]
    for row in rows:
        if since is not None and row.due_at < since and row.state == ObligationState.PENDING:
            row.state = ObligationState.CANCELLED
    there = set(
        Obligation.objects.by_the_machine().filter(key__in=[row.key for row in rows]).values_list("key", flat=True)
    )
    return len(planning.add([row for row in rows if row.key not in there]))


def _rows(duty: Duty, turn: Turn, day: date) -> Iterator[Obligation]:
    shown = duty.shown(turn)
    for owed in duty.who(day):
        row = Obligation(
            key=key_of(duty.kind, owed.subject, turn.key), kind=duty.kind, subject=owed.subject,
            due_at=owed.due_at or turn.due_at,
            enterprise=owed.enterprise, agency=owed.agency, person=owed.person, source=owed.source,
            article=duty.kind.article[:60], payload={"turn": turn.key},
        )  # fmt: skip
        if owed.subject in shown:
            row.evidence, row.done_at = shown[owed.subject]
            row.state = ObligationState.LATE if row.done_at > row.due_at else ObligationState.DONE
        yield row


def ensure_planned(now: datetime) -> None:
    """Sees to it that planning goes on: called by each clock when it starts. Again: nothing.

    What fell due before planning began for the first time is owed by nobody: no installation makes up for the morning
    before it was there.
    """
    if not _DUTIES:
        return
    planned = Obligation.objects.by_the_machine().filter(kind=PLANNING)
    if not planned.filter(state=ObligationState.PENDING).exists():
        _plan_from(civil_day(now), None if planned.exists() else now)


def _plan_from(day: date, since: datetime | None = None) -> None:
    payload = {"day": day.isoformat()} | ({"since": since.isoformat()} if since is not None else {})
    due_at = midnight(day) if since is None else max(midnight(day), since)
    fields = {"kind": PLANNING, "subject": "installation", "due_at": due_at, "payload": payload}
    row, made = Obligation.objects.by_the_machine().get_or_create(key=f"{PLANNING}:{day}", defaults=fields)
    if not made and row.state != ObligationState.PENDING:  # today's is done: the next is tomorrow's
        _plan_from(day + timedelta(days=1), since)


def _fire_planning(rows: Sequence[Obligation], now: Firing) -> None:
    """Plans the day, and after an outage every day since."""
    today = civil_day(now.now)
    for row in rows:
        day = date.fromisoformat(row.payload["day"])
        since = datetime.fromisoformat(row.payload["since"]) if "since" in row.payload else None
        while day <= today:
            for duty in _DUTIES.values():
                plan(duty, day, since)
            day += timedelta(days=1)
        _plan_from(day)


def _fire(rows: Sequence[Obligation], now: Firing) -> None:
    """What nobody has done by its instant is overdue, however late a clock looks."""
    for row in rows:
        row.state = ObligationState.OVERDUE
    by_kind: dict[str, list[Obligation]] = {}
    for row in rows:
        by_kind.setdefault(row.kind, []).append(row)
    for kind, mine in by_kind.items():
        _DUTIES[kind].overdue(mine)
