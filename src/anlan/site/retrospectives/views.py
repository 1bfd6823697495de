"""The page of retrospective records."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from anlan import now as clock
from anlan.components.export import workbook
from anlan.site.retrospectives.listing import RETROSPECTIVES, retrospectives_in


@require_safe
def retrospectives(request: Any) -> HttpResponseBase:
    """追溯记录: what late data showed, newest excursion first; as a page or a workbook."""
    page = RETROSPECTIVES.read(request, retrospectives_in(request.scope))
    if page.wants_workbook:
        return workbook(request, page, title=_("追溯记录"), now=clock.now())
    return render(request, "retrospectives/list.html", {"page": page})
