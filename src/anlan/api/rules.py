"""``/api/v1/rules``: the numbers in force at a place on a day, each with its article or its mark as a local setting."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from django.http import Http404
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema

from anlan import now as clock
from anlan.api.moments import Day
from anlan.apps.accounts.request import PersonRequest
from anlan.pages.rulebook.reading import Row, RulesAsked, read, rows
from anlan.rules import calendar
from anlan.rules.rulebook import Kind

router = Router()


class RuleQuery(Schema):
    """Which place and day, and which numbers."""

    at: Annotated[str, Field(max_length=60, description="地区：机构代号；不给为登录人所在机构")] = ""
    on: Annotated[Day | None, Field(description="所查日期，如 2024-03-01；不给为今天")] = None
    q: Annotated[str, Field(max_length=60, description="名称、要求、条文、键中的文字")] = ""
    flag: Annotated[Literal["", "规定", "地方细化", "本地设定"], Field(description="性质")] = ""


class RuleOut(Schema):
    """One number. ``locality`` is the code of the agency that refined it, null where nobody did."""

    key: str
    title: str
    value: Any
    value_text: str
    unit: str
    flag: str
    kind: Kind
    document: str
    article: str | None
    says: str
    source: str
    valid_from: date | None
    valid_to: date | None
    locality: str | None
    shipped: Any
    waits_for: str | None


class RuleList(Schema):
    """The place and the day that the answer is for."""

    at: str | None
    on: date
    items: list[RuleOut]


@router.get("", response=RuleList, summary="规则库：各数的取值、条文与性质")
def rules(request: PersonRequest, query: Query[RuleQuery]) -> dict[str, Any]:
    """The numbers that count; an agency that the reader may not see is answered by 404."""
    today = calendar.civil_day(clock.now())
    day = query.on.isoformat() if query.on else ""
    asked = read({"at": query.at, "on": day, "q": query.q, "flag": query.flag}, request.scope, today)
    if query.at and asked.place.code != query.at:
        raise Http404(_("没有这条记录，或者它不在您的管辖范围内。"))
    return as_dict(asked, rows(asked))


def as_dict(asked: RulesAsked, found: list[Row]) -> dict[str, Any]:
    """The answer, also of the command line."""
    return {"at": asked.place.code or None, "on": asked.on, "items": [_item(row) for row in found]}


def _item(row: Row) -> dict[str, Any]:
    entry = row.entry
    return {
        "key": entry.key,
        "title": entry.title,
        "value": entry.value,
        "value_text": entry.value_text,
        "unit": entry.unit,
        "flag": entry.flag,
        "kind": entry.kind,
        "document": entry.document,
        "article": entry.article or None,
        "says": entry.says,
        "source": entry.source,
        "valid_from": entry.valid_from,
        "valid_to": entry.valid_to,
        "locality": entry.locality or None,
        "shipped": row.shipped.value,
        "waits_for": entry.waits_for or None,
    }
