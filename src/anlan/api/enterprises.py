"""``/api/v1/enterprises``: enterprises in scope with level, links and counts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Field, Query, Router, Schema

from anlan.api.paging import PageOut, PageQuery, page_of, place_of
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.registry.models import EnterpriseKind
from anlan.pages.enterprises.listing import listed, listing
from anlan.rules.level import Level
from anlan.rules.supervision import SupervisionGrade

router = Router()


class EnterpriseQuery(PageQuery):
    """Filters; the names are those of the enterprise page."""

    q: Annotated[str, Field(max_length=60, description="名称、编码、地址中的文字")] = ""
    level: Literal["", "red", "orange", "yellow", "blue", "none"] = ""
    kind: Annotated[EnterpriseKind | Literal[""], Field(description="企业类别")] = ""
    supervision: Literal["", "special", "focus", "general"] = ""
    link: Literal["", "online", "partly", "offline", "never", "none"] = ""
    agency: Annotated[str, Field(max_length=60, description="辖区机构代号")] = ""
    park: Annotated[str, Field(max_length=60, description="园区代号")] = ""


class EnterpriseOut(Schema):
    """``warning_level`` is that of the gravest open warning, ``none`` without one (the risk is then 低, a state)."""

    code: str
    name: str
    kinds: list[str]
    region: str
    county: str
    park: str | None
    supervisor: str
    warning_level: Level
    supervision_grade: Annotated[
        SupervisionGrade | None,
        Field(description="监管分级：special 特别管控、focus 重点关注、general 一般监管；与预警颜色无关"),
    ]
    uncleared_alarms: int
    sources: int
    link: str
    gateways: int
    gateways_online: int
    last_received_at: datetime | None


class EnterpriseList(PageOut):
    items: list[EnterpriseOut]


@router.get("", response=EnterpriseList, summary="企业清单")
def enterprises(request: PersonRequest, query: Query[EnterpriseQuery]) -> dict[str, Any]:
    """Enterprises under supervision in scope, gravest first unless ``sort`` says otherwise."""
    page = page_of(request, listing(request.scope), listed(request.scope), query)
    return {**place_of(page), "items": [_as_dict(row) for row in page.rows]}


def _as_dict(row: Any) -> dict[str, Any]:
    return {
        "code": row.code,
        "name": row.name,
        "kinds": row.kinds,
        "region": row.region.code,
        "county": row.county.code,
        "park": row.park.code if row.park else None,
        "supervisor": row.supervisor.code,
        "warning_level": row.risk or Level.NONE,
        "supervision_grade": row.supervision_grade,
        "uncleared_alarms": row.uncleared,
        "sources": row.source_count,
        "link": row.link,
        "gateways": row.gateway_count,
        "gateways_online": row.online_count,
        "last_received_at": row.last_received,
    }
