"""``/api/v1/ledgers``: the declared ledgers with their fields, and their entries in scope."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from django.http import Http404
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema

from anlan.api.moments import Day
from anlan.api.paging import PageOut, PageQuery, page_of, place_of
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.ledgers import selectors
from anlan.apps.ledgers.kinds import ledger_of, ledgers
from anlan.pages.ledgers.listing import listing_of, reads_of

router = Router()


class FieldOut(Schema):
    """One field of a ledger."""

    key: str
    title: str
    meaning: str
    kind: str
    required: bool
    unit: str
    choices: list[str]
    private: Annotated[bool, Field(description="个人信息：无权查看的人得不到这一项")]


class LedgerOut(Schema):
    """One declared ledger."""

    key: str
    title: str
    about: str
    article: str
    states: dict[str, str]
    fields: list[FieldOut]


class EntryQuery(PageQuery):
    """Filters; the names are those of the list."""

    state: Annotated[str, Field(max_length=20)] = ""
    due: Literal["", "overdue", "soon"] = ""
    q: Annotated[str, Field(max_length=60, description="名称、企业中的文字")] = ""
    since: Annotated[Day | None, Field(alias="from", description="更新日期，从")] = None
    until: Annotated[Day | None, Field(alias="from_to", description="更新日期，到（含）")] = None
    enterprise: Annotated[str, Field(max_length=60)] = ""
    source: Annotated[str, Field(max_length=60)] = ""


class EntryOut(Schema):
    """One entry. ``values`` are by the keys of the ledger's fields."""

    id: int
    enterprise: str
    source: str | None
    name: str
    state: str
    due_on: date | None
    overdue_at: datetime | None
    made_at: datetime
    changed_at: datetime
    values: dict[str, Any]


class EntriesOut(PageOut):
    items: list[EntryOut]


@router.get("", response=list[LedgerOut], summary="各台账与它们的字段", url_name="ledgers")
def every(request: PersonRequest) -> list[dict[str, Any]]:
    """All declared ledgers."""
    return [
        {
            "key": each.key, "title": str(each.title), "about": str(each.about), "article": each.article,
            "states": {key: str(words) for key, words in each.states},
            "fields": [
                {
                    "key": field.key, "title": str(field.title), "meaning": str(field.meaning), "kind": field.kind,
                    "required": field.required, "unit": field.unit, "private": field.private,
                    "choices": [value for value, _label in field.choices],
                }
                for field in each.schema.fields
            ],
        }
        for each in ledgers()
    ]  # fmt: skip


@router.get("/{ledger}", response=EntriesOut, summary="一本台账的记录", url_name="entries")
def entries(request: PersonRequest, ledger: str, query: Query[EntryQuery]) -> dict[str, Any]:
    """Entries of one ledger in scope, filtered and ordered as its list. 404 for a ledger that nobody has declared."""
    try:
        kept = ledger_of(ledger)
    except KeyError:
        raise Http404(_("没有这本台账。")) from None
    reads = reads_of(request, kept)
    page = page_of(request, listing_of(kept, reads), selectors.entries_visible(request.scope, kept), query)
    items = [
        {
            "id": row.pk, "enterprise": row.enterprise.code, "source": row.source.code if row.source else None,
            "name": row.name, "state": row.state, "due_on": row.due_on, "overdue_at": row.overdue_at,
            "made_at": row.made_at, "changed_at": row.changed_at,
            "values": {key: value for key, value in row.held.items() if reads(kept.schema[key], row)},
        }
        for row in page.rows
    ]  # fmt: skip
    return {"items": items, **place_of(page)}
