"""The list of a ledger: its columns and filters follow from its fields, for the page and the workbook alike."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from anlan import now as clock
from anlan.apps.accounts import selectors as entitlements
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.ledgers.kinds import Ledger
from anlan.apps.ledgers.models import LedgerEntry
from anlan.apps.registry.models import Enterprise
from anlan.components.filters import Choice, Days, Exact, Rows, Text
from anlan.components.lists import Column, Listing
from anlan.rules.calendar import civil_day
from anlan.schema import Field

SHOWN = 6
"""Fields of a ledger that its list shows at most; the workbook has them all."""


@dataclass(frozen=True)
class Reads:
    """Whose personal fields somebody reads: those of enterprises in which, or above which, they may see telephone
    numbers. ``enterprises``: their keys; None: of all that they see."""

    enterprises: Collection[int] | None

    @property
    def any(self) -> bool:
        return self.enterprises is None or bool(self.enterprises)

    def __call__(self, field: Field, row: LedgerEntry) -> bool:
        """Tells whether they read this field of this entry."""
        return not field.private or self.enterprises is None or row.enterprise_id in self.enterprises


def reads_of(request: PersonRequest, ledger: Ledger) -> Reads:
    """What the sender of a request reads of a ledger. One query where they see more than that, else none."""
    scope = entitlements.phones_scope(request.user, clock.now())
    if scope == request.scope or not any(field.private for field in ledger.schema.fields):
        return Reads(None)
    return Reads(frozenset(Enterprise.objects.visible_to(scope).values_list("pk", flat=True)) if scope else frozenset())


def listing_of(ledger: Ledger, reads: Reads) -> Listing:
    """Columns: the fields of the ledger, with the enterprise, the state and the days around. Personal
    fields are left out for whoever may read none, and empty in the rows of enterprises where they may not."""
    fields = [field for field in ledger.schema.fields if not field.private or reads.any]
    listed = [field for field in fields if field.listed and not field.private][:SHOWN]
    columns = [
        Column(
            field.key, field.title, _value(field, reads), _sort(ledger, field), on_page=field in listed, css=_css(field)
        )
        for field in fields
    ]  # fmt: skip
    columns += [
        Column("enterprise", _("企业"), lambda row: row.enterprise.name, ("enterprise__code",)),
        Column("source-name", _("危险源"), lambda row: row.source.name if row.source else "", on_page=False),
        Column("state", _("状态"), lambda row: row.get_state_display(), ("state",)),
    ]
    columns += [
        Column("changed", _("最近更新"), lambda row: row.changed_at, ("changed_at", ), descending_first=True),
        Column("made", _("登记"), lambda row: row.made_at, on_page=False),
    ]  # fmt: skip
    filters: list[Any] = [
        Text("q", _("名称、企业"), ["name", "enterprise__name"]),
        Choice("state", _("状态"), ledger.states, _by_state),
    ]
    if ledger.due is not None:
        filters.append(
            Choice("due", _("到期"), [("overdue", _("已过期")), ("soon", _("将到期"))], _by_due(ledger.due.ahead))
        )
    filters += [
        Days("from", _("更新日期"), "changed_at"),
        Exact("enterprise", _("企业"), "enterprise__code", lambda row: row.enterprise.name),
        Exact("source", _("危险源"), "source__code", lambda row: row.source.name if row.source else ""),
    ]
    return Listing(columns, filters, ledger.due.field if ledger.due is not None else "-changed")


def cells(columns: Sequence[Column], row: LedgerEntry, *, own: bool) -> list[tuple[str, Any, str]]:
    """Heading, value and style of every column that the page shows. A phone leaves out what says nothing there: empty
    values, and for who looks from inside an enterprise (``own``) its name."""
    told = []
    for each in columns:
        value = each.value(row) if each.value else ""
        aside = value in ("", None) or (own and each.key == "enterprise") or each.key == "changed"
        told.append((str(each.title), value, f"{each.css} off" if aside else each.css))
    return told


def _value(field: Field, reads: Reads) -> Callable[[LedgerEntry], Any]:
    def value(row: LedgerEntry) -> Any:
        if not reads(field, row):
            return ""
        held = field.taken(row.values.get(field.key, field.default))
        return held if field.kind in ("number", "whole", "day", "moment") else field.in_words(held)

    return value


def _sort(ledger: Ledger, field: Field) -> tuple[str, ...]:
    return ("due_on",) if ledger.due is not None and field.key == ledger.due.field else ()


def _css(field: Field) -> str:
    return "num" if field.kind in ("number", "whole") else ""


def _by_state(rows: Rows, values: list[str]) -> Rows:
    return rows.filter(state__in=values)


def _by_due(ahead: int) -> Callable[[Rows, list[str]], Rows]:
    def narrow(rows: Rows, values: list[str]) -> Rows:
        today = civil_day(clock.now())
        if values[-1] == "overdue":
            return rows.filter(due_on__lt=today)
        return rows.filter(Q(due_on__gte=today), due_on__lte=today.fromordinal(today.toordinal() + ahead))

    return narrow
