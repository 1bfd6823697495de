"""Pages of 数据质量."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from anlan import now as clock
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.gateways.services import coverage_of
from anlan.apps.org import access
from anlan.apps.quality import selectors
from anlan.apps.registry.models import Enterprise
from anlan.components.answers import list_view
from anlan.components.lists import Page, cells
from anlan.pages.quality.five import five_classes
from anlan.pages.quality.listing import LISTING, focus_words

HIGH = 24


@require_safe
def every(request: PersonRequest) -> HttpResponseBase:
    """数据质量: the five properties, and every finding about data in scope; a page, its rows alone, or a workbook."""

    def dress(page: Page) -> dict[str, Any]:
        return {
            "rows": [cells(page, row, reverse("finding", args=[row.pk])) for row in page.rows],
            "properties": selectors.summary(request.scope, clock.now()),
            "focus": focus_words(),
        }

    return list_view(
        request, LISTING, selectors.quality_findings(request.scope), title=_("数据质量"),
        whole="quality/list.html", part="quality/_rows.html", dress=dress,
    )  # fmt: skip


@require_safe
def enterprise(request: PersonRequest, code: str) -> HttpResponse:
    """One enterprise: coverage, open findings by property, how they were for thirty days (ENT-03)."""
    now = clock.now()
    row: Enterprise = access.find(request, Enterprise.objects.all(), now=now, owner=access.owner_of, code=code)
    told = selectors.summary(request.scope, now, row)
    coverage = coverage_of(row, now)
    unclosed = sum(each.unclosed for each in told)
    most = max(max(each.days) for each in told) or 1
    context = {
        "enterprise": row,
        "coverage": coverage,
        "classes": [(_("重大危险源"), coverage.sources), (_("可燃、有毒气体点"), coverage.gas_points)],
        "properties": [(each, _bars(each.days, most)) for each in told],
        "five": five_classes(request.scope, row),
        "is_green": not unclosed and not coverage.missing,
        "unclosed": unclosed,
    }
    return render(request, "quality/enterprise.html", context)


def _bars(days: list[int], most: int) -> list[tuple[int, int, int]]:
    """A bar a day: left, top and height within 120 × `HIGH`."""
    heights = [round(number * HIGH / most) for number in days]
    return [(4 * day, HIGH - height, height) for day, height in enumerate(heights)]
