"""The page of retrospective records."""

from __future__ import annotations

from django.http import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from anlan.apps.accounts.request import PersonRequest
from anlan.components.answers import list_view
from anlan.pages.retrospectives.listing import RETROSPECTIVES, retrospectives_in


@require_safe
def retrospectives(request: PersonRequest) -> HttpResponseBase:
    """追溯记录: what late data showed, newest excursion first; as a page or a workbook."""
    rows = retrospectives_in(request.scope)
    return list_view(request, RETROSPECTIVES, rows, title=_("追溯记录"), whole="retrospectives/list.html")
