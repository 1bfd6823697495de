"""``/api/v1/alarms``: alarms in scope."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Field, Query, Router, Schema

from anlan import now as clock
from anlan.api.moments import Day
from anlan.api.paging import PageOut, PageQuery, page_of, place_of
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.alarms.models import AlarmSide, AlarmState
from anlan.apps.alarms.selectors import alarms_visible, is_shelved
from anlan.pages.alarms import tables
from anlan.rules.alarms import Annunciation

router = Router()
State = Literal[
    "",
    "uncleared",
    "active",
    "returned",
    "faulty",
    "unacknowledged",
    "settled",
    "shelved",
    "out_of_service",
    "suppressed",
    "chattering",
]
LETTERS = "IEC 62682 的状态：" + "、".join(f"{state} {state.words}" for state in Annunciation)


class AlarmQuery(PageQuery):
    """Filters; the names are those of the alarm page."""

    state: State = ""
    origin: Literal["", "platform", "edge"] = ""
    level: Literal["", "HH", "H", "L", "LL"] = ""
    side: Annotated[list[AlarmSide], Field(max_length=5)] = []
    q: Annotated[str, Field(max_length=60, description="企业、位号、指标中的文字")] = ""
    since: Annotated[Day | None, Field(alias="from", description="成立日期，从")] = None
    until: Annotated[Day | None, Field(alias="from_to", description="成立日期，到（含）")] = None
    enterprise: Annotated[str, Field(max_length=60)] = ""
    source: Annotated[str, Field(max_length=60)] = ""
    point: Annotated[str, Field(max_length=60)] = ""


class AlarmOut(Schema):
    """One excursion. ``started_at`` is the sample time of its beginning, ``detected_at`` when the system knew."""

    id: str
    enterprise: str
    source: str | None
    point: str
    tag: str
    name: str
    unit: str
    side: AlarmSide
    state: AlarmState
    level: str
    worst: str
    value: float | None
    limit: float | None
    worst_limit: Annotated[float | None, Field(description="最重级别的限值，越过时的")]
    extreme: float | None
    started_at: datetime
    raised_at: datetime
    detected_at: datetime
    cleared_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str
    acknowledgement: str
    uncleared: bool
    annunciation: Annotated[str, Field(description=LETTERS)]
    shelved: Annotated[bool, Field(description="企业已搁置：只影响企业自己的画面")]
    filing: Annotated[int | None, Field(description="使其停用的报备")]
    suppression: Annotated[int | None, Field(description="使其抑制的规则")]
    chatters: Annotated[bool, Field(description="抖动报警")]
    origin: str


class AlarmList(PageOut):
    items: list[AlarmOut]


def as_dict(alarm: Any) -> dict[str, Any]:
    """One alarm as the API says it; point, source and enterprise are joined by the caller."""
    plain = (
        "id",
        "side",
        "state",
        "level",
        "worst",
        "value",
        "limit",
        "worst_limit",
        "extreme",
        "started_at",
        "raised_at",
    )
    later = ("detected_at", "cleared_at", "acknowledged_at", "acknowledged_by", "acknowledgement", "origin", "chatters")
    return {name: getattr(alarm, name) for name in (*plain, *later)} | {
        "enterprise": alarm.enterprise.code,
        "source": alarm.source.code if alarm.source else None,
        "point": alarm.point.code,
        "tag": alarm.point.tag,
        "name": alarm.point.name,
        "unit": alarm.point.unit,
        "uncleared": alarm.is_uncleared,
        "annunciation": tables.annunciation_of(alarm),
        "shelved": getattr(alarm, "shelved", False),
        "filing": alarm.filing_id,
        "suppression": alarm.suppression_id,
    }


@router.get("", response=AlarmList, summary="报警清单")
def alarms(request: PersonRequest, query: Query[AlarmQuery]) -> dict[str, Any]:
    """Alarms in scope, newest first unless ``sort`` says otherwise."""
    rows = alarms_visible(request.scope).annotate(shelved=is_shelved(clock.now()))
    page = page_of(request, tables.ALARMS, rows, query)
    return {**place_of(page), "items": [as_dict(row) for row in page.rows]}
