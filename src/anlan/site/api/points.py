"""``/api/v1/points``: the trend of a point (MON-15) and the newest values."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from ninja import Field, Query, Router, Schema
from ninja.errors import HttpError
from pydantic import AwareDatetime

from anlan import now as clock
from anlan.apps.monitoring import selectors as monitoring
from anlan.apps.org import access
from anlan.apps.registry.models import Enterprise, Point
from anlan.site.points.trend import MOST_BUCKETS, trend_of

router = Router()
LONGEST = timedelta(days=400)
MOST_POINTS = 400


class TrendQuery(Schema):
    """Without ``to`` the stretch ends now; without ``from`` it is one hour long."""

    start: Annotated[AwareDatetime | None, Field(alias="from", description="起，含")] = None
    end: Annotated[AwareDatetime | None, Field(alias="to", description="止，不含")] = None
    buckets: Annotated[int, Field(ge=1, le=MOST_BUCKETS, description="至多分几段")] = 360


class Limits(Schema):
    """Limits in the point's unit; null where none is set."""

    ll: float | None
    l: float | None  # noqa: E741 - the field's own name for it
    h: float | None
    hh: float | None


class TrendPoint(Schema):
    code: str
    tag: str
    name: str
    unit: str
    decimals: int
    range_min: float
    range_max: float
    limits: Limits


class Buckets(Schema):
    """Columns of equal length, in order of time. ``t`` is a bucket's start in epoch milliseconds; a bucket without a
    usable sample has count 0 and null in the rest: a gap is a gap."""

    t: list[int]
    min: list[float | None]
    max: list[float | None]
    mean: list[float | None]
    last: list[float | None]
    count: list[int]


class Summary(Schema):
    """Of the whole stretch; null when it holds no usable sample."""

    min: float | None
    max: float | None
    mean: float | None
    count: int


class AlarmSpan(Schema):
    """A stretch in alarm; ``end`` null while it lasts."""

    id: str
    side: str
    worst: str
    start: datetime
    end: datetime | None


class TrendOut(Schema):
    point: TrendPoint
    start: Annotated[datetime, Field(serialization_alias="from")]
    end: Annotated[datetime, Field(serialization_alias="to")]
    bucket_ms: int
    buckets: Buckets
    summary: Summary
    alarms: list[AlarmSpan]


@router.get("/{code}/trend", response=TrendOut, by_alias=True, summary="测点趋势")
def trend(request: Any, code: str, query: Query[TrendQuery]) -> dict[str, Any]:
    """At most ``buckets`` stretches with min, max, mean, last and count, the limits, and the alarms of the stretch."""
    end = query.end or clock.now()
    start = query.start or end - timedelta(hours=1)
    if start >= end:
        raise HttpError(422, "参数 from 应早于 to")
    if end - start > LONGEST:
        raise HttpError(422, f"时段太长，至多 {LONGEST.days} 天")
    point = access.find(request, Point.objects.select_related("enterprise", "gateway"), now=clock.now(), code=code)
    return trend_of(point, request.scope, start, end, query.buckets)


class LiveQuery(Schema):
    """Either points by code, separated by commas, or one enterprise."""

    points: Annotated[str, Field(max_length=MOST_POINTS * 25, description="指标编码，以逗号分隔")] = ""
    enterprise: Annotated[str, Field(max_length=60, description="企业编码")] = ""


class LiveOut(Schema):
    """The newest sample of a point. ``quality`` 0 good, 1 uncertain, 2 bad; ``trend`` in units per minute."""

    code: str
    value: float | None
    quality: int
    sampled_at: datetime | None
    received_at: datetime | None
    trend: float | None


class LiveList(Schema):
    """``answered`` false: the engine did not answer, and nothing is known just now."""

    answered: bool
    items: list[LiveOut]


@router.get("/live", response=LiveList, summary="最新值")
def live(request: Any, query: Query[LiveQuery]) -> dict[str, Any]:
    """Newest values of points in scope; a point or enterprise outside it refuses the whole request."""
    if query.enterprise:
        owner = access.find(
            request,
            Enterprise.objects.all(),
            now=clock.now(),
            owner=lambda row: f"enterprise:{row.code}",
            code=query.enterprise,
        )
        codes = list(
            Point.objects.visible_to(request.scope)
            .filter(enterprise=owner, is_active=True)
            .values_list("code", flat=True)
        )
    else:
        codes = list(dict.fromkeys(code for code in query.points.split(",") if code))
        if not codes or len(codes) > MOST_POINTS:
            raise HttpError(422, f"参数 points 应有 1 至 {MOST_POINTS} 个指标编码")
        seen = set(Point.objects.visible_to(request.scope).filter(code__in=codes).values_list("code", flat=True))
        for code in codes:
            if code not in seen:
                access.find(request, Point.objects.select_related("enterprise"), now=clock.now(), code=code)
    answer = monitoring.live(codes)
    return {"answered": answer.answered, "items": [answer.values[code] for code in codes if code in answer.values]}
