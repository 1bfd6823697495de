"""``/api/v1/points``: the trend of a point (MON-15) and the newest values."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from math import isnan
from typing import Annotated, Any

from ninja import Field, Query, Router, Schema
from ninja.errors import HttpError

from anlan import now as clock
from anlan.api.moments import Day, Instant
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.gateways import selectors as gateways
from anlan.apps.history import selectors as history
from anlan.apps.org import access
from anlan.apps.registry.models import Enterprise, Point
from anlan.pages.points.trend import MOST_BUCKETS, trend_of, trends_of
from anlan.rules import calendar

router = Router()
LONGEST = timedelta(days=400)
MOST_POINTS = 400


class TrendQuery(Schema):
    """Without ``to`` the stretch ends now; without ``from`` it is one hour long."""

    start: Annotated[Instant | None, Field(alias="from", description="起，含")] = None
    end: Annotated[Instant | None, Field(alias="to", description="止，不含")] = None
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


class LostSpan(Schema):
    """A stretch that was stored and cannot be shown: ``damaged``, or ``removed`` after its time of keeping."""

    start: Annotated[datetime, Field(serialization_alias="from")]
    end: Annotated[datetime, Field(serialization_alias="to")]
    cause: str


class SettingOut(Schema):
    """The limits that held from ``since`` on."""

    since: datetime
    ll: float | None
    l: float | None  # noqa: E741 - the field's own name for it
    h: float | None
    hh: float | None


class CurveOut(Schema):
    point: TrendPoint
    bucket_ms: int
    buckets: Buckets
    summary: Summary
    lost: list[LostSpan]


class TrendOut(CurveOut):
    start: Annotated[datetime, Field(serialization_alias="from")]
    end: Annotated[datetime, Field(serialization_alias="to")]
    settings: list[SettingOut]
    alarms: list[AlarmSpan]


class TrendsQuery(TrendQuery):
    """Points by code, separated by commas; time as for one point."""

    points: Annotated[str, Field(max_length=101 * 25, description="指标编码，以逗号分隔，至多 100 个")] = ""


class TrendsOut(Schema):
    start: Annotated[datetime, Field(serialization_alias="from")]
    end: Annotated[datetime, Field(serialization_alias="to")]
    items: list[CurveOut]


MOST_TRENDS = 100
MOST_POINT_DAYS = 800
"""Points times days of one answer: a bounded piece of work, about a second."""


@router.get("/trends", response=TrendsOut, by_alias=True, summary="多个测点的趋势")
def trends(request: PersonRequest, query: Query[TrendsQuery]) -> dict[str, Any]:
    """The curves of up to 100 points over one stretch, in the order asked for; one foreign point refuses all."""
    start, end = _stretch(query)
    points = _points(request, query.points, MOST_TRENDS, end - start)
    return {"start": start, "end": end, "items": trends_of(points, start, end, query.buckets)}


class StatisticsQuery(Schema):
    """Civil days, both inclusive; without ``to`` up to today, without ``from`` the seven days up to then."""

    points: Annotated[str, Field(max_length=101 * 25, description="指标编码，以逗号分隔，至多 100 个")] = ""
    first: Annotated[Day | None, Field(alias="from", description="首日，含")] = None
    last: Annotated[Day | None, Field(alias="to", description="末日，含")] = None


class DayOut(Schema):
    """``beyond``: by limit, the minutes of the day in which it was reached. Null where nothing was measured."""

    day: date
    min: float | None
    mean: float | None
    max: float | None
    last: float | None
    count: int
    minutes: int
    beyond: dict[str, int]


class DaysOut(Schema):
    code: str
    days: list[DayOut]


class StatisticsOut(Schema):
    items: list[DaysOut]


@router.get("/statistics", response=StatisticsOut, summary="测点逐日统计")
def statistics(request: PersonRequest, query: Query[StatisticsQuery]) -> dict[str, Any]:
    """Extremes, mean, count and minutes beyond each limit, by point and civil day, with the limits that held then."""
    last = query.last or calendar.civil_day(clock.now())
    first = query.first or last - timedelta(days=6)
    if first > last:
        raise HttpError(422, "参数 from 不应晚于 to")
    start, end = calendar.midnight(first), calendar.midnight(last + timedelta(days=1))
    points = _points(request, query.points, MOST_TRENDS, end - start)
    found = history.daily(points, start, end)
    return {
        "items": [
            {
                "code": point.code,
                "days": [
                    {
                        "day": each.day, "min": each.lowest, "mean": each.mean, "max": each.highest, "last": each.last,
                        "count": each.count, "minutes": each.minutes, "beyond": dict(each.beyond),
                    }
                    for each in found[point.code]
                ],
            }
            for point in points
        ]
    }  # fmt: skip


class SamplesQuery(Schema):
    """At most a day; without ``to`` it ends now, without ``from`` it is ten minutes long."""

    start: Annotated[Instant | None, Field(alias="from", description="起，含")] = None
    end: Annotated[Instant | None, Field(alias="to", description="止，不含")] = None


class SamplesOut(Schema):
    """Parallel columns in order of sample time. Times epoch milliseconds; ``quality`` 0 good, 1 uncertain, 2 bad."""

    code: str
    t: list[float]
    received: list[float]
    value: list[float | None]
    quality: list[int]
    lost: list[LostSpan]


@router.get("/{code}/samples", response=SamplesOut, by_alias=True, summary="测点原始样本")
def samples(request: PersonRequest, code: str, query: Query[SamplesQuery]) -> dict[str, Any]:
    """Every stored sample of the stretch, each once."""
    end = query.end or clock.now()
    start = query.start or end - timedelta(minutes=10)
    if start >= end:
        raise HttpError(422, "参数 from 应早于 to")
    if end - start > timedelta(days=1):
        raise HttpError(422, "时段太长，原始样本一次至多 1 天")
    point = access.find(request, Point.objects.select_related("enterprise", "gateway"), now=clock.now(), code=code)
    found = history.raw(point, start, end)
    return {
        "code": point.code,
        "t": (found.sampled_at_us / 1000).tolist(),
        "received": (found.received_at_us / 1000).tolist(),
        "value": [None if isnan(value) else value for value in found.value.tolist()],
        "quality": found.quality.tolist(),
        "lost": [{"start": each.start, "end": each.end, "cause": each.cause} for each in found.lost],
    }


@router.get("/{code}/trend", response=TrendOut, by_alias=True, summary="测点趋势")
def trend(request: PersonRequest, code: str, query: Query[TrendQuery]) -> dict[str, Any]:
    """At most ``buckets`` stretches with min, max, mean, last and count, the limits, and the alarms of the stretch."""
    start, end = _stretch(query)
    point = access.find(request, Point.objects.select_related("enterprise", "gateway"), now=clock.now(), code=code)
    return trend_of(point, request.scope, start, end, query.buckets)


def _stretch(query: TrendQuery) -> tuple[datetime, datetime]:
    end = query.end or clock.now()
    start = query.start or end - timedelta(hours=1)
    if start >= end:
        raise HttpError(422, "参数 from 应早于 to")
    if end - start > LONGEST:
        raise HttpError(422, f"时段太长，至多 {LONGEST.days} 天")
    return start, end


def _points(request: PersonRequest, asked: str, most: int, length: timedelta) -> list[Point]:
    """The points named, in their order; one that is not there or not in scope refuses the request (journaled)."""
    codes = list(dict.fromkeys(code for code in asked.split(",") if code))
    if not codes or len(codes) > most:
        raise HttpError(422, f"参数 points 应有 1 至 {most} 个指标编码")
    if len(codes) > 1 and len(codes) * length > timedelta(days=MOST_POINT_DAYS):
        raise HttpError(422, f"测点数乘天数至多 {MOST_POINT_DAYS}，请分几次取")
    rows = Point.objects.select_related("enterprise", "gateway")
    seen = {point.code: point for point in rows.visible_to(request.scope).filter(code__in=codes)}
    for code in codes:
        if code not in seen:
            access.find(request, rows, now=clock.now(), code=code)
    return [seen[code] for code in codes]


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
def live(request: PersonRequest, query: Query[LiveQuery]) -> dict[str, Any]:
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
    answer = gateways.live(codes)
    return {"answered": answer.answered, "items": [answer.values[code] for code in codes if code in answer.values]}
