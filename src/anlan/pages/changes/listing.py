"""The list of change requests, and their rows in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from anlan.apps.changes.models import ChangeRequest, ChangeState
from anlan.apps.enrolment.services import sheet_named
from anlan.apps.enrolment.sheets import SHEETS
from anlan.apps.enrolment.sheets.base import Sheet
from anlan.apps.registry.models import Revision, Subject
from anlan.components.filters import Choice, Days, Exact, Rows, Text, equals
from anlan.components.lists import Column, Listing


@dataclass(frozen=True)
class Told:
    """One field of a row: its title, before and after in words, and whether it watches less closely then."""

    title: str
    before: str
    after: str
    loosens: bool = False


@dataclass(frozen=True)
class ToldRow:
    """One record of a request."""

    sheet: str
    code: str
    name: str
    changes: list[Told]
    is_point: bool


def told(sheet: Sheet, before: Mapping[str, Any], after: Mapping[str, Any], less: Iterable[str] = ()) -> list[Told]:
    """Changes in the words of the register's columns; a field that it no longer has keeps its name."""
    columns = {column.key: column for column in sheet.columns}
    found = []
    for key, value in after.items():
        column = columns.get(key)
        was, is_ = ((column.in_words(each) if column else str(each)) for each in (before.get(key), value))
        found.append(Told(column.title if column else key, was or "–", is_ or "–", key in less))
    return found


def rows_of(request: ChangeRequest) -> list[ToldRow]:
    """Every record that a request is about, those that would be watched less closely first."""
    found = [
        ToldRow(
            row["sheet"], row["code"], row["name"],
            told(sheet_named(row["sheet"]), row["before"], row["after"], row["loosens"]), row["sheet"] == "点位",
        )
        for row in request.rows
    ]  # fmt: skip
    return sorted(found, key=lambda each: not any(change.loosens for change in each.changes))


def revision_words(revision: Revision) -> list[Told]:
    """What a revision changed; a holder by the person's number."""
    sheet = next((each for each in SHEETS if each.watched == revision.kind), None)
    if sheet is None:
        title = str(Subject.HOLDER.label)
        return [
            Told(title, str(revision.before.get(key) or "–"), str(value or "–"))
            for key, value in revision.after.items()
        ]
    return told(sheet, revision.before, revision.after)


def summary(request: ChangeRequest) -> str:
    """PT-1203 高高限 1.58 → 1.75, or how many records of which kind."""
    if len(request.rows) == 1:
        (row,) = rows_of(request)
        words = "，".join(f"{each.title} {each.before} → {each.after}" for each in row.changes[:3])
        return f"{row.name} {words}"
    counts: dict[str, int] = {}
    for each in request.rows:
        counts[each["sheet"]] = counts.get(each["sheet"], 0) + 1
    return "、".join(_t("%(s)s %(n)d 条") % {"s": sheet, "n": n} for sheet, n in counts.items())


def _loosens(row: ChangeRequest) -> str:
    return _t("%(n)d 条放宽") % {"n": row.loosens} if row.loosens else ""


CHANGES = Listing(
    [
        Column("what", _("变更"), summary),
        Column("number", _("编号"), lambda row: row.number),
        Column("enterprise", _("企业"), lambda row: row.enterprise.name, ("enterprise__code",)),
        Column("state", _("状态"), lambda row: row.get_state_display(), ("state",)),
        Column("loosens", _("监测"), _loosens),
        Column("asked", _("提出"), lambda row: row.asked_at, ("asked_at",), descending_first=True),
        Column("by", _("提出人"), lambda row: row.asked_by, on_page=False),
        Column("reason", _("理由"), lambda row: row.reason),
        Column("decided", _("决定单位"), lambda row: row.agency.name if row.agency else "", on_page=False),
        Column("note", _("意见"), lambda row: row.note, on_page=False),
    ],
    [
        Choice("state", _("状态"), ChangeState.choices, equals("state")),
        Text("q", _("企业、理由"), ["enterprise__name", "reason"]),
        Days("from", _("提出日期"), "asked_at"),
        Exact("enterprise", _("企业"), "enterprise__code", lambda row: row.enterprise.name),
    ],
    order="-asked",
)


def _changed(row: Revision) -> str:
    """What a revision changed, in one line; that a record came is said so."""
    if not row.before:
        return _t("登记")
    return "，".join(f"{each.title} {each.before} → {each.after}" for each in revision_words(row))


def _kind(row: Revision) -> str:
    return str(dict(Subject.choices).get(row.kind, row.kind))


def _of_kind(rows: Rows, values: list[str]) -> Rows:
    return rows.filter(subject__startswith=f"{values[-1]}:")


REVISIONS = Listing(
    [
        Column("what", _("改动"), _changed),
        Column("kind", _("对象"), _kind),
        Column("code", _("编码"), lambda row: row.subject.partition(":")[2], ("subject",)),
        Column("enterprise", _("企业"), lambda row: row.enterprise.name, ("enterprise__code",)),
        Column("number", _("版本"), lambda row: row.number),
        Column("at", _("时间"), lambda row: row.at, ("at",), descending_first=True),
        Column("from", _("生效"), lambda row: row.valid_from, ("valid_from",), descending_first=True),
        Column("by", _("谁"), lambda row: row.actor_name),
        Column("unit", _("单位"), lambda row: row.unit, on_page=False),
        Column("reason", _("为什么"), lambda row: row.reason),
        Column("request", _("变更申请"), lambda row: row.request, on_page=False),
    ],
    [
        Choice("kind", _("对象"), Subject.choices, _of_kind),
        Text("q", _("编码、理由"), ["subject", "reason"]),
        Days("from", _("日期"), "at"),
        Exact("enterprise", _("企业"), "enterprise__code", lambda row: row.enterprise.name),
    ],
    order="-at",
)
