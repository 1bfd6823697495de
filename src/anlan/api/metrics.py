"""``/api/v1/metrics``: a table of metrics with definitions, figures and places, as the statistics page shows it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Field, Query, Router, Schema

from anlan import now as clock
from anlan.api.moments import Day
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.registry.selectors.units import UnitKind
from anlan.pages.retrospectives.listing import revisions
from anlan.pages.statistics.views import answer, question
from anlan.rules.metrics import FORMULA, Figure, Metric

router = Router()


class MetricsQuery(Schema):
    """The same parameters as the page."""

    table: Literal["", "handling", "daily", "alarms", "offline"] = ""
    period: Literal["", "day", "week", "month", "quarter", "year"] = ""
    day: Annotated[Day | None, Field(alias="date", description="期间内的任何一天，缺省为今天")] = None
    by: UnitKind | Literal[""] = ""
    top: Annotated[int | None, Field(ge=1, le=1000, description="只列前几位，末位并列的都列出")] = None
    rank: Annotated[str, Field(max_length=40, description="排名依据的指标，缺省按本地设定")] = ""


class MetricOut(Schema):
    """``direction`` worst_first: the highest number is the worst. ``article`` says why it is watched."""

    id: str
    title: str
    unit: str
    direction: str
    definition: str
    numerator: str
    denominator: str
    article: str
    formula: str


class FigureOut(Schema):
    """``value`` is a count, a percentage or minutes, to two decimals; null on an empty base (shown —).

    ``numerator`` and ``denominator`` are exact; minutes have their sum above (to two decimals) and the cases below.
    """

    value: float | int | None
    text: str
    numerator: float | int
    denominator: int | None


class UnitOut(Schema):
    """``place`` by the ranking metric; null when there is nothing to rank."""

    code: str
    name: str
    place: int | None
    figures: dict[str, FigureOut]


class MetricsOut(Schema):
    """The period is [start, end) in civil time. ``revisions``: records that late data made after its end."""

    table: str
    period: str
    start: datetime
    end: datetime
    by: UnitKind
    ranked_by: str
    problems: list[str]
    revisions: int
    metrics: list[MetricOut]
    units: list[UnitOut]
    total: dict[str, FigureOut]


@router.get("", response=MetricsOut, summary="统计指标")
def metrics(request: PersonRequest, query: Query[MetricsQuery]) -> dict[str, Any]:
    """Definitions, figures by unit and the total of the reader's scope, in order of place."""
    now = clock.now()
    asked = question(request, now)
    found = answer(request.scope, asked, now)
    return {
        "table": asked.table,
        "period": asked.kind,
        "start": asked.period.start,
        "end": asked.period.end,
        "by": asked.by,
        "ranked_by": asked.ranked_by.id,
        "problems": asked.problems,
        "revisions": revisions(request.scope, asked.period.start, asked.period.end),
        "metrics": [_definition(metric) for metric in asked.metrics],
        "units": [
            {
                "code": line.unit,
                "name": found.units[line.unit].name,
                "place": line.place.place,
                "figures": _figures(asked.metrics, line.figures),
            }
            for line in found.table.lines
        ],
        "total": _figures(asked.metrics, found.table.total),
    }


def _definition(metric: Metric) -> dict[str, str]:
    plain = ("id", "title", "definition", "numerator", "denominator", "article")
    values = {name: str(getattr(metric, name)) for name in plain}
    return values | {"unit": str(metric.unit), "direction": str(metric.direction), "formula": FORMULA}


def _figures(metrics: tuple[Metric, ...], figures: tuple[Figure, ...]) -> dict[str, dict[str, Any]]:
    return {
        metric.id: {
            "value": metric.number(figure),
            "text": metric.text(figure),
            "numerator": int(figure.part) if figure.part.denominator == 1 else round(float(figure.part), 2),
            "denominator": figure.whole,
        }
        for metric, figure in zip(metrics, figures, strict=True)
    }
