"""Entries of ledgers are added, changed and moved on; what falls due in them is fired by the clock.

Each act is one transaction under the lock of the enterprise: the entry, its step, its due day, its finding, the
journal and the live hint. A repeat of a step that is done finds another state and is refused; after a crash either all
of it stands or nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction

from anlan.apps.delivery.services import hint
from anlan.apps.files.services import Received
from anlan.apps.files.services import attach as attach_file
from anlan.apps.findings.services import closed, found
from anlan.apps.journal import services as journal
from anlan.apps.ledgers.entitled import may_attach, may_keep, may_take
from anlan.apps.ledgers.kinds import Every, Ledger
from anlan.apps.ledgers.models import LedgerEntry, LedgerStep
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Obligation, ObligationState
from anlan.apps.obligations.services import Firing
from anlan.apps.obligations.services.duties import Duty, Owed, key_of
from anlan.apps.org.access import require
from anlan.apps.org.actor import Actor, signed
from anlan.apps.org.case import deciding
from anlan.apps.org.stand import Stand
from anlan.apps.registry.models import Enterprise, HazardSource
from anlan.apps.registry.selectors import equipment, locality
from anlan.refused import Refused
from anlan.rules.calendar import CIVIL_ZONE
from anlan.rules.recurrence import Turn
from anlan.rules.words import says_something

Typed = Mapping[str, Any]
SOURCE = "危险源"
"""The ``ref`` of a field that names a hazard source of the enterprise by its code."""


def add(ledger: Ledger, enterprise: Enterprise, typed: Typed, *, by: Stand, at: datetime) -> LedgerEntry:
    """Adds an entry as it was typed. Raises `Refused` with a reason for every field that is wrong, and PermissionDenied
    (journaled), as all of these, for whoever it is not open to."""
    require(may_keep(by, ledger), enterprise, by=by)
    with transaction.atomic():
        journal.hold([f"enterprise:{enterprise.code}"])
        row = LedgerEntry(
            ledger=ledger.key, enterprise=enterprise, state=ledger.states[0][0], made_at=at, changed_at=at
        )
        changes = _fill(row, ledger, {}, typed)
        _keep(row, "add", by.speaking(*ledger.keepers), at, "", changes)
    return row


def change(entry: LedgerEntry, typed: Typed, *, by: Stand, at: datetime, seen: int | None = None) -> LedgerEntry:
    """Puts what was typed in place of what an entry says. ``seen`` is the ``seq`` that its editor was shown: when
    somebody changed it meanwhile, it is refused, with what they changed. Nothing changed is no step."""
    ledger = entry.kept_in
    require(may_keep(by, ledger), entry, by=by)
    with deciding(entry, *(state for state, _ in ledger.states if state not in ledger.final)) as row:
        _unchanged(row, seen)
        changes = _fill(row, ledger, row.held, typed)
        if changes:
            _keep(row, "change", by.speaking(*ledger.keepers), at, "", changes)
    return row


def take(
    entry: LedgerEntry, verb: str, typed: Typed, *, by: Stand, at: datetime, text: str = "", seen: int | None = None
) -> LedgerEntry:
    """Takes one step that the entry's ledger declares. Raises KeyError for another, `Refused` as `change` does."""
    ledger = entry.kept_in
    step = ledger.steps[verb]
    require(may_take(by, step), entry, by=by)
    if step.words and not says_something(text):
        raise Refused(f"请填写{step.words}", fields={"text": f"请填写{step.words}"})
    states = step.frm or tuple(state for state, _ in ledger.states if state not in ledger.final)
    with deciding(entry, *states) as row:
        _unchanged(row, seen)
        asked = {key: value for key, value in typed.items() if key in step.fields}
        changes = _fill(row, ledger, row.held, ledger.schema.shown(row.held) | asked) if step.fields else []
        row.state = step.to
        _keep(row, verb, by.speaking(*step.roles), at, text.strip()[:500], changes)
    return row


def attach(entry: LedgerEntry, files: Sequence[Received], *, by: Stand, at: datetime) -> LedgerEntry:
    """Attaches papers to an entry, as one step that names them. Raises `Refused` for none, and as `files.attach`."""
    require(may_attach(by, entry), entry, by=by)
    if not files:
        raise Refused("请选择要附上的文件", fields={"files": "请选择要附上的文件"})
    ledger = entry.kept_in
    with deciding(entry, *(state for state, _ in ledger.states if state not in ledger.final)) as row:
        names = [attach_file(row.about, each, by=by, at=at).name for each in files]
        _keep(row, "files", by.speaking(*ledger.keepers), at, "、".join(names)[:500], [])
    return row


def fire_due(rows: Sequence[Obligation], firing: Firing) -> None:
    """The day of an entry has passed: it is overdue and found, until a later day is set. Fired again, it counts up."""
    keys = [row.payload["entry"] for row in rows]
    entries = LedgerEntry.objects.by_the_machine().select_related("enterprise", "source").in_bulk(keys)
    for row in rows:
        entry = entries[row.payload["entry"]]
        if entry.due_on is None or _end_of(entry.due_on) > row.due_at:
            row.state = ObligationState.CANCELLED
            continue
        row.state = ObligationState.OVERDUE
        entry.overdue_at = row.due_at
        _find(entry, row.due_at)
        entry.keep("overdue", row.due_at)
        hint("entry", entry.enterprise.code, kind=entry.ledger)


def duty_of(ledger: Ledger, owed: Every) -> Duty:
    """The duty to keep a ledger, as the clocks plan and fire it."""

    def who(day: date) -> Iterator[Owed]:
        for enterprise in locality.supervised():
            if owed.applies(enterprise):
                yield Owed(subject_of(ledger, enterprise), enterprise)

    def overdue(rows: Sequence[Obligation]) -> None:
        for row in rows:
            enterprise = row.enterprise
            assert enterprise is not None  # `who` names one
            if not (enterprise.is_active and owed.applies(enterprise)):
                row.state = ObligationState.CANCELLED  # it left, or has become another, and owes it no more
                continue
            found(
                owed.finding, enterprise=enterprise,
                subject=f"{row.subject}:{row.payload['turn']}",
                text=f"{ledger.title} {row.payload['turn']} 没有登记", at=row.due_at,
            )  # fmt: skip
            hint("entry", enterprise.code, kind=ledger.key)

    def shown(turn: Turn) -> dict[str, tuple[str, datetime]]:
        told = _of_turn(ledger, turn).select_related("enterprise").order_by("-made_at", "-pk")
        return {subject_of(ledger, row.enterprise): (row.about, row.made_at) for row in told}

    return Duty(owed.kind, owed.recurrence, who, overdue, shown)


def subject_of(ledger: Ledger, enterprise: Enterprise) -> str:
    """What the duty of an enterprise to keep a ledger is about."""
    return f"ledger:{ledger.key}:{enterprise.code}"


def _of_turn(ledger: Ledger, turn: Turn) -> Any:
    return LedgerEntry.objects.by_the_machine().filter(ledger=ledger.key, day__range=(turn.first, turn.last))


def _fulfil(row: LedgerEntry, ledger: Ledger, was: date | None, at: datetime, by: Actor) -> None:
    """The turn that an entry is of is kept, in time or late; the one of its day before (``was``) no more, unless
    another entry shows it."""
    owed = ledger.every
    if owed is None:
        return
    subject = subject_of(ledger, row.enterprise)
    turn = owed.turn_of(row.day) if row.day is not None else None
    key = key_of(owed.kind, subject, turn.key) if turn is not None else ""
    before = owed.turn_of(was) if was is not None else None
    again = obligations.unfulfil(row.about, at=at, besides=key)
    others = _of_turn(ledger, before).filter(enterprise=row.enterprise) if again and before is not None else None
    other = others.order_by("made_at", "pk").first() if others is not None else None
    if other is not None:
        for each in again:
            obligations.fulfil(each.key, at=other.made_at, late=other.made_at > each.due_at, evidence=other.about)
    else:
        duty_of(ledger, owed).overdue([each for each in again if each.state == ObligationState.OVERDUE])
    if turn is None:
        return
    obligations.fulfil(key, at=at, late=at > turn.due_at, evidence=row.about)
    closed(owed.finding, subject=f"{subject}:{turn.key}", enterprise_code=row.enterprise.code, at=at, by=by)


def _unchanged(row: LedgerEntry, seen: int | None) -> None:
    """Refuses when somebody moved the entry on since its editor was shown it, and says what they did."""
    if seen is None or seen == row.seq:
        return
    since = row.steps.filter(seq__gt=seen)
    told = "；".join(f"{step.actor_name} {step.title}" + "".join(f"，{t} 现为“{new}”" for t, _, new in step.told)
                    for step in since)  # fmt: skip
    raise Refused(f"您打开以后它已被改过：{told}。请核对后再提交，您填的内容还在下面", reason="changed_meanwhile")


def _fill(row: LedgerEntry, ledger: Ledger, before: Mapping[str, Any], typed: Typed) -> list[list[str]]:
    """Puts the values into the row; returns what changed, in words."""
    values, wrong = ledger.schema.read(typed)
    source = _source_of(row.enterprise, ledger, values, wrong)
    if wrong:
        raise Refused("；".join(f"{ledger.schema.title(key)}：{why}" for key, why in wrong.items()), fields=wrong)
    changes = []
    for field in ledger.schema.fields:
        old, new = field.in_words(before.get(field.key)), field.in_words(values[field.key])
        if old != new:
            changes.append([str(field.title), "" if field.private else old, "" if field.private else new])
    row.values, row.version = ledger.schema.stored(values), ledger.schema.version
    row.name, row.source = ledger.called(values)[:200], source
    return changes


def _source_of(
    enterprise: Enterprise, ledger: Ledger, values: Mapping[str, Any], wrong: dict[str, str]
) -> HazardSource | None:
    field = next((each for each in ledger.schema.fields if each.ref == SOURCE), None)
    code = values.get(field.key) if field is not None else ""
    if field is None or not code:
        return None
    source = equipment.source_named(enterprise, code)
    if source is None:
        wrong[field.key] = f"本企业没有编码为 {code} 的危险源"
    return source


def _keep(row: LedgerEntry, verb: str, by: Actor, at: datetime, text: str, changes: list[list[str]]) -> None:
    """Saves the entry as it now is, with its step, its due day and its finding."""
    ledger = row.kept_in
    row.seq, row.changed_at = row.seq + 1, at
    was, row.due_on = row.due_on, ledger.due_on(row.held, row.state)
    day, row.day = row.day, ledger.day_of(row.held)
    is_over = row.due_on is not None and _end_of(row.due_on) <= at
    if not is_over:
        row.overdue_at = None
    row.keep(verb, at, by, {"text": text, "changes": changes, "values": ledger.schema.public(row.values)})
    LedgerStep.objects.create(
        entry=row, enterprise=row.enterprise, seq=row.seq, verb=verb, at=at, text=text, changes=changes, **signed(by)
    )
    if ledger.due is not None:
        if row.overdue_at is None or was != row.due_on:  # what is overdue already is not fired again
            due_at = _end_of(row.due_on) if row.due_on is not None else None
            obligations.replan(
                kind=ledger.due.kind, subject=row.about, due_at=due_at, at=at, enterprise=row.enterprise,
                source=row.source, payload={"entry": row.pk},
            )  # fmt: skip
        if not is_over:
            obligations.make_good(row.about, ledger.due.kind, at=at, done=row.due_on is not None)
            closed(ledger.due.finding, subject=row.about, enterprise_code=row.enterprise.code, at=at, by=by)
    _fulfil(row, ledger, day, at, by)
    hint("entry", row.enterprise.code, kind=row.ledger)


def _find(entry: LedgerEntry, at: datetime) -> None:
    ledger = entry.kept_in
    assert ledger.due is not None  # only such entries are planned
    found(
        ledger.due.finding, enterprise=entry.enterprise,
        subject=entry.about, text=f"{ledger.title} {entry.name}：{ledger.due.kind.label}到 {entry.due_on} 为止，已过期",
        at=at, source_id=entry.source_id,
    )  # fmt: skip


def _end_of(day: date) -> datetime:
    """The instant at which a civil day is over."""
    return datetime.combine(day + timedelta(days=1), time(), CIVIL_ZONE)
