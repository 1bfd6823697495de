"""``/api/v1/history``: a day of an enterprise's history as one Parquet file."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpResponse
from ninja import Router
from ninja.errors import HttpError

from anlan import now as clock
from anlan.api.moments import Day
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.history.selectors import samples_count
from anlan.apps.history.services.export import ExportUnavailable, as_bytes
from anlan.apps.org import access
from anlan.apps.registry.models import Enterprise, Point
from anlan.rules.calendar import midnight

router = Router()
MOST_SAMPLES = 5_000_000
"""A larger day is exported on the command line: a web process must not hold it."""


@router.get("/{enterprise}/{day}", summary="一家企业一天的历史（Parquet）")
def day_of_history(request: PersonRequest, enterprise: str, day: Day) -> HttpResponse:
    """The file of `anlan export history` for one civil day; 404 outside the scope, 422 for a day that is too large."""
    owner = access.find(
        request, Enterprise.objects.all(), now=clock.now(), owner=lambda row: f"enterprise:{row.code}", code=enterprise
    )
    count = samples_count(midnight(day), midnight(day + timedelta(days=1)), enterprise=owner.code)
    if count > MOST_SAMPLES:
        raise HttpError(422, f"这一天有 {count} 个样本，超过 {MOST_SAMPLES}；请在服务器上用 anlan export history 导出")
    gateways: dict[str, list[str]] = {}
    mine = Point.objects.visible_to(request.scope).filter(enterprise=owner)
    for gateway, point in mine.values_list("gateway__code", "code"):
        gateways.setdefault(gateway, []).append(point)
    try:
        body = as_bytes(owner.code, gateways, day)
    except ExportUnavailable as error:
        raise HttpError(501, str(error)) from error
    name = f"{owner.code}-{day.isoformat()}.parquet"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(body, content_type="application/vnd.apache.parquet", headers=headers)
