"""Views of the enterprise pages."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from anlan import now as clock
from anlan.apps.accounts import selectors as entitlements
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.org import access
from anlan.apps.registry.models import Enterprise
from anlan.apps.registry.selectors.locality import rules_of_one
from anlan.components.answers import list_view, whole_or_part
from anlan.pages.enterprises.detail import enterprise_view
from anlan.pages.enterprises.listing import listed, listing
from anlan.rules.calendar import civil_day


@require_safe
def enterprises(request: PersonRequest) -> HttpResponseBase:
    """企业: every enterprise in scope, gravest first; as a page, its rows alone, or a workbook."""
    scope = request.scope
    return list_view(
        request, listing(scope), listed(scope), title=_("企业"),
        whole="enterprises/list.html", part="enterprises/_rows.html",
    )  # fmt: skip


@require_safe
def enterprise(request: PersonRequest, code: str) -> HttpResponse:
    """One enterprise; 404 for one that is not there or not in scope (the attempt is journaled)."""
    now = clock.now()
    rows = Enterprise.objects.select_related("park", "supervisor", "county", "town", "region", "principal")
    found = access.find(request, rows, now=now, owner=lambda row: f"enterprise:{row.code}", code=code)
    view = enterprise_view(found, request.scope, now, rules_of_one(found, civil_day(now)))
    context = {"view": view, "show_phones": entitlements.may_see_phones(entitlements.stand(request.user, found, now))}
    return whole_or_part(request, "enterprises/detail.html", "enterprises/_detail.html", context)
