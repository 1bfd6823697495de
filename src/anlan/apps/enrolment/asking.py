"""What an enterprise may not change by itself: the rows that it asks for, and how granted ones are kept.

A row is plain values by the columns of its sheet, so that it can wait for a decision. The columns are the one source:
what can be handed in as a workbook can be asked for, one field or a thousand rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from anlan.apps.enrolment.desk import TAKEN, Desk, Faults
from anlan.apps.enrolment.sheets import FINDERS, SHEETS
from anlan.apps.enrolment.sheets.base import Sheet, covered_from_above
from anlan.apps.journal import services as journal
from anlan.apps.org.actor import Actor
from anlan.apps.org.scope import Scope
from anlan.apps.registry import services as registry
from anlan.apps.registry.models import Enterprise
from anlan.refused import Refused
from anlan.rules.loosening import loosened

Asked = dict[str, Any]
"""One row: ``sheet``, ``code``, ``name``, ``before`` and ``after`` (the columns that change), ``loosens`` (which of
them watch less closely)."""
Handler = Callable[[Enterprise, Sequence[Asked], Actor, datetime, str], object]
_handlers: list[Handler] = []
APPLIED = "request_applied"


def on_asked(handler: Handler) -> None:
    """Have ``handler(enterprise, rows, by, at, reason)`` called, inside a transaction, with what an enterprise's
    workbook asks for. Registering twice counts once."""
    if handler not in _handlers:
        _handlers.append(handler)


def tell_asked(desk: Desk, reason: str) -> None:
    """Hand on what was asked for at this desk, enterprise by enterprise, each in a transaction."""
    for code, rows in sorted(desk.asked.items()):
        enterprise = desk.find("企业", code)
        with transaction.atomic():
            journal.hold([f"enterprise:{code}"])
            for handler in _handlers:
                handler(enterprise, rows, desk.by, desk.at, reason)
    desk.asked = {}


def needs_leave(sheet: Sheet, enterprise: Enterprise, desk: Desk) -> bool:
    """Whether a change of this sheet is asked for and not made: at a desk of the enterprise's own people."""
    if not desk.asks or sheet.watched is None:
        return False
    return not (desk.is_operator or covered_from_above(desk, enterprise))


def sheet_named(title: str) -> Sheet:
    """A sheet by its title."""
    return next(sheet for sheet in SHEETS if sheet.title == title)


def asked_row(sheet: Sheet, code: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Asked | None:
    """What ``after`` asks for otherwise than ``before``, both whole rows of the sheet; None when that is nothing."""
    before = {key: registry.plain(value) for key, value in before.items()}
    after = {key: registry.plain(value) for key, value in after.items()}
    changed = [key for key in after if key in before and after[key] != before[key]]
    if not changed:
        return None
    loosens = loosened(sheet.watched, before, {**before, **after}) if sheet.watched else ()
    return {
        "sheet": sheet.title,
        "code": code,
        "name": str(before.get("tag") or before.get("name") or code),
        "before": {key: before[key] for key in changed},
        "after": {key: after[key] for key in changed},
        "loosens": [each.field for each in loosens],
    }


class _Undone(Exception):
    """What was tried is undone."""


def tried(sheet: Sheet, values: Mapping[str, Any], record: Any, desk: Desk) -> None:
    """See whether the register would take a row, and leave nothing of it. Raises `Faults`."""
    try:
        # the one exception that leaves the block is what undoes it
        with suppress(_Undone), transaction.atomic() if desk.writes else nullcontext():
            sheet.put(dict(values), record, desk)
            raise _Undone
    finally:
        desk.forget(sheet.title, str(values["code"]))


@dataclass(frozen=True, slots=True)
class Clash:
    """A row that is not any more as it was when it was asked for, or that the register does not take."""

    name: str
    words: str


def apply_rows(enterprise: Enterprise, rows: Iterable[Asked], *, by: Actor, at: datetime, why: registry.Why) -> None:
    """Keep all these rows, in the caller's transaction; each becomes a revision with ``why``.

    Raises `Refused` with every row that has changed meanwhile or that the register does not take: then none is to be
    kept, and the caller's transaction is undone.
    """
    desk = Desk(Scope(enterprise_ids=(enterprise.pk,)), by, at, FINDERS, why=why)
    clashes: list[Clash] = []
    kept: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        sheet = sheet_named(row["sheet"])
        values = {"code": row["code"], "enterprise": enterprise.code}
        record = sheet.current(values, desk)
        if record is None:
            clashes.append(Clash(row["name"], f"登记中已没有 {row['code']}"))
            continue
        now = {key: registry.plain(value) for key, value in sheet.values_of(record).items()}
        stale = [key for key, was in row["before"].items() if now[key] != was and now[key] != row["after"][key]]
        if stale:
            columns = {key: sheet.column(key) for key in stale}
            words = "，".join(
                f"{column.title}已改为 {column.in_words(now[key])}（申请时 {column.in_words(row['before'][key])}）"
                for key, column in columns.items()
            )
            clashes.append(Clash(row["name"], words))
            continue
        try:
            with transaction.atomic():
                put(sheet, {**now, **row["after"]}, record, now, desk)
        except Faults as faults:
            clashes.append(Clash(row["name"], str(faults)))
        except IntegrityError:
            clashes.append(Clash(row["name"], TAKEN))
        else:
            was = {key: now[key] for key in row["after"]}
            kept.setdefault(sheet.title, []).append({"name": row["code"], "before": was, "after": row["after"]})
    if clashes:
        raise Refused(*(f"{each.name}：{each.words}" for each in clashes))
    journal.record(
        f"enterprise:{enterprise.code}", APPLIED, at=at, actor=by.id, subject=f"enterprise:{enterprise.code}",
        after={"request": why.request, **kept},
    )  # fmt: skip


def put(sheet: Sheet, values: dict[str, Any], record: Any, before: Mapping[str, Any] | None, desk: Desk) -> Any:
    """Keep a row of a sheet, and what it changed as a revision. Raises `Faults`.

    Points and holders keep their own revisions when they change; what is private is in none.
    """
    kept = sheet.put(values, record, desk)
    if desk.writes and sheet.watched is not None:
        owner = kept if isinstance(kept, Enterprise) else kept.enterprise
        public = {column.key for column in sheet.columns if not column.private}
        after = {key: value for key, value in sheet.values_of(kept).items() if key in public}
        subject = f"{sheet.watched}:{after['code']}"
        if before is None:
            desk.revisions.append(registry.came(owner, subject, after, by=desk.by, at=desk.at))
        elif sheet.watched != "point":
            was = {key: before[key] for key in after}
            registry.revise(owner, subject, was, after, by=desk.by, at=desk.at, why=desk.why)
    if sheet.title in FINDERS:
        desk.remember(sheet.title, values["code"], kept)
    return kept
