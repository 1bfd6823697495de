"""Brings a register workbook into the records: first as a preview that leaves nothing behind, then for good.

The preview goes the way of the import row by row and leaves the writing out (`Desk.keep`): it holds no lock, however
long it takes, and tests hold the two against each other. Confirmed, the rows of an enterprise are kept in pieces, each
one transaction and one act in its journal, so that nobody else waits long to write; a crash in between leaves whole
pieces, and the same workbook again finishes the rest, for what is already so is not touched.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from anlan.apps.accounts.models import User
from anlan.apps.accounts.selectors import register_scope
from anlan.apps.enrolment import loosening, report
from anlan.apps.enrolment.asking import (
    Asked,
    apply_rows,
    asked_row,
    needs_leave,
    on_asked,
    put,
    sheet_named,
    tell_asked,
    tried,
)
from anlan.apps.enrolment.desk import TAKEN, Desk, Faults
from anlan.apps.enrolment.models import Handed
from anlan.apps.enrolment.reading import Row, Unreadable, read
from anlan.apps.enrolment.report import Report
from anlan.apps.enrolment.sheets import FINDERS
from anlan.apps.enrolment.sheets.base import covered_from_above
from anlan.apps.journal import services as journal
from anlan.apps.org.actor import Actor, of_user
from anlan.apps.org.scope import Scope
from anlan.apps.registry import services as registry
from anlan.apps.registry.models import Enterprise, HazardSource
from anlan.schema import Field

__all__ = [
    "Asked",
    "Done",
    "Unreadable",
    "apply_rows",
    "asked_row",
    "bring_in",
    "confirm",
    "drop",
    "hand_in",
    "on_asked",
    "preview",
    "sheet_named",
]

INSTALLATION = "installation"
PIECE = 100
"""Rows in one transaction: on SQLite all other writers wait for it, a second or two on a slow machine."""


@dataclass(frozen=True)
class Done:
    """What an import did; keys and passwords are here and nowhere else, to be shown once."""

    report: Report
    keys: dict[str, str]
    passwords: dict[str, str]


@dataclass(frozen=True, slots=True)
class Asks:
    """Whether what an enterprise may not change by itself is asked for, and why it wants it."""

    asks: bool = False
    reason: str = ""


NOT_ASKED = Asks()


def preview(content: bytes, scope: Scope, *, by: Actor, at: datetime, asks: bool = False) -> Report:
    """What `bring_in` would do with this workbook now. Reads only, and holds no lock. Raises `Unreadable`."""
    desk, taken = Desk(scope, by, at, FINDERS, writes=False, asks=asks), read(content)
    found = Report(notes=taken.notes)
    for chain, group in _groups(taken.rows):
        _keep(chain, group, desk, found)
    return found


def bring_in(
    content: bytes, scope: Scope, *, by: Actor, at: datetime, removing: bool = True, asks: Asks = NOT_ASKED
) -> Done:  # fmt: skip
    """Keep every good row of a workbook; the report names the others. Raises `Unreadable`.

    Without ``removing`` a row that takes a limit away is refused: an empty cell alone is no order to do so. With
    ``asks`` what an enterprise's own people change of what watches it is asked for in one request, once the rest is
    kept (`asking`); without, it is kept and told (`loosening`). Handed in again it changes nothing and writes nothing.
    """
    desk, taken = Desk(scope, by, at, FINDERS, removing=removing, asks=asks.asks), read(content)
    found = Report(notes=taken.notes)
    for chain, group in _groups(taken.rows):
        for start in range(0, len(group), PIECE):
            with transaction.atomic():
                _keep(chain, group[start : start + PIECE], desk, found)
    tell_asked(desk, asks.reason)
    return Done(found, desk.keys, desk.passwords)


def hand_in(content: bytes, name: str, user: User, at: datetime) -> Handed:
    """Take a workbook from a person, with its preview. Raises `Unreadable`; nothing is kept then."""
    found = preview(content, register_scope(user, at), by=of_user(user), at=at, asks=True)
    return Handed.objects.create(
        user=user, by=str(user)[:60], name=name[:120], content=content, handed_at=at, preview=found.plain()
    )


def confirm(
    handed: Handed, user: User, at: datetime, *, removing: bool = True, reason: str = ""
) -> Done | None:  # fmt: skip
    """Bring a handed-in workbook in for good; None when that was done before. The outcome may differ from the preview
    when the register has changed meanwhile: it says what was done. ``removing`` as in `bring_in`; ``reason`` stands
    with what the enterprise asks for."""
    current = Handed.objects.by_the_machine().get(pk=handed.pk)
    if current.confirmed_at is not None or current.content is None:
        return None
    scope = register_scope(user, at)
    asks = Asks(asks=True, reason=reason)
    done = bring_in(bytes(current.content), scope, by=of_user(user), at=at, removing=removing, asks=asks)
    Handed.objects.by_the_machine().filter(pk=handed.pk).update(
        confirmed_at=at, outcome=done.report.plain(), content=None
    )
    return done


def drop(handed: Handed) -> None:
    """Put a workbook away that is not to be brought in; one that was confirmed stays on record."""
    Handed.objects.by_the_machine().filter(pk=handed.pk, confirmed_at__isnull=True).delete()


def _groups(rows: list[Row]) -> Iterable[tuple[str, list[Row]]]:
    """The rows by journal chain: places and agencies first, then enterprise by enterprise, in order of their codes."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(f"enterprise:{row.enterprise}" if row.enterprise else INSTALLATION, []).append(row)
    first = found.pop(INSTALLATION, [])
    if first:
        yield INSTALLATION, first
    yield from sorted(found.items())


def _keep(chain: str, rows: list[Row], desk: Desk, found: Report) -> None:
    """Keep the good rows of one chain and journal them as one act, inside the caller's transaction.

    At a desk that does not write they are only judged.
    """
    if desk.writes:
        journal.hold([chain])
    _look_up(rows, desk)
    acts: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        try:
            if row.faults:
                raise Faults(*row.faults, *row.sheet.wrong(row.values, desk, {key for key, _ in row.faults}))
            with transaction.atomic() if desk.writes else nullcontext():
                state, details = _row(row, desk)
        except Faults as faults:
            desk.forget(row.sheet.title, str(row.key[0]))
            found.add(row, report.REFUSED, [_fault(row, key, reason) for key, reason in faults.faults])
            continue
        except IntegrityError:
            desk.forget(row.sheet.title, str(row.key[0]))
            found.add(row, report.REFUSED, [_fault(row, "", TAKEN)])
            continue
        found.add(row, state, details)
        if state not in (report.UNCHANGED, report.ASKED):
            acts.setdefault(row.sheet.title, []).append(
                {"name": list(row.key), "state": state, "changes": _public(row, details)}
            )
    if desk.revisions:
        registry.keep_first(desk.revisions)
        desk.revisions = []
    if acts and desk.writes:
        imported = journal.Act(chain, "register_imported", desk.at, desk.by.id, chain, after=acts)
        added, desk.points = desk.points, []
        journal.record_all([imported, *registry.limits_registered(added)])


def _look_up(rows: list[Row], desk: Desk) -> None:
    """Read at once every record that the rows are about or refer to."""
    wanted: dict[str, set[str]] = {}
    for row in rows:
        for column in row.sheet.columns:
            sheet = column.ref or (row.sheet.title if column.key == "code" else "")
            if sheet in FINDERS and row.values.get(column.key):
                wanted.setdefault(sheet, set()).add(row.values[column.key])
    for sheet, codes in wanted.items():
        desk.look_up(sheet, codes)


def _public(row: Row, details: list[dict[str, str]]) -> list[dict[str, str]]:
    """The changes without the values of personal data, which do not belong into a journal that is kept for ever."""
    private = {column.title for column in row.sheet.columns if column.private}
    return [{"column": each["column"]} if each["column"] in private else each for each in details]


def _row(row: Row, desk: Desk) -> tuple[str, list[dict[str, str]]]:
    record = row.sheet.current(row.values, desk)
    row.sheet.may(row.values, record, desk)  # also for a row that changes nothing: else it would tell what is so
    details: list[dict[str, str]] = []
    if record is not None:
        now = row.sheet.values_of(record)
        details = [
            _change(column, now[column.key], value)
            for column in row.sheet.columns
            if (value := _wanted(row, column.key, now)) != now[column.key]
        ]
        if not details:
            return report.UNCHANGED, []
        taken_away = {each["column"]: each["removed"] for each in details if "removed" in each}
        if taken_away and not desk.removing:
            keys = {column.title: column.key for column in row.sheet.columns}
            raise Faults(
                *((keys[title], f"空白会{words}；没有确认去掉，未写入") for title, words in taken_away.items())
            )
    if record is not None and needs_leave(row.sheet, enterprise := _home(row, record, desk), desk):
        code, wanted = str(row.values["code"]), {key: _wanted(row, key, now) for key in now}
        tried(row.sheet, row.values, record, desk)
        if asked := asked_row(row.sheet, code, now, wanted):
            desk.asked.setdefault(enterprise.code, []).append(asked)
        return report.ASKED, details
    kept = put(row.sheet, row.values, record, now if record is not None else None, desk)
    if record is not None and row.sheet.watched and desk.writes:
        _tell_loosening(row, now, kept, desk)
    return (report.NEW if record is None else report.CHANGED), details


def _home(row: Row, record: Any, desk: Desk) -> Enterprise:
    """The enterprise whose record it is."""
    found: Enterprise = record if isinstance(record, Enterprise) else desk.find("企业", row.enterprise)
    return found


def _wanted(row: Row, key: str, now: dict[str, Any]) -> Any:
    """What the row asks for in a column; a column that was left out asks for what there is."""
    if key not in row.values:
        return now[key]
    if key == "supervisor" and not row.values[key]:
        return row.values.get("county", now[key])
    return row.values[key]


def _tell_loosening(row: Row, before: dict[str, Any], kept: Any, desk: Desk) -> None:
    """An enterprise's own administrator is at work, with nobody's leave: what was loosened is told."""
    enterprise = _home(row, kept, desk)
    if desk.is_operator or covered_from_above(desk, enterprise):
        return
    source_id = kept.pk if isinstance(kept, HazardSource) else getattr(kept, "source_id", None)
    after, code = row.sheet.values_of(kept), str(row.values["code"])
    loosening.tell(row.sheet, code, enterprise, before, after, source_id=source_id, by=desk.by, at=desk.at)


def _change(column: Field, old: Any, new: Any) -> dict[str, str]:
    told = {"column": column.title, "old": column.in_words(old), "new": column.in_words(new)}
    if column.guards and new in (None, ""):
        told["removed"] = f"去掉{column.title} {told['old']}"
    return told


def _fault(row: Row, key: str, reason: str) -> dict[str, str]:
    title = next((column.title for column in row.sheet.columns if column.key == key), "")
    return {"column": title, "reason": reason, "cell": row.cell(key)}
