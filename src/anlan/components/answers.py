"""What a page answers: the whole of it, its living part alone for a refresh, or a list as a workbook; and where an act
leads back to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme

from anlan import now as clock
from anlan.components.export import workbook
from anlan.components.lists import Listing, Page

Dress = Callable[[Page], Mapping[str, Any]]
"""What a list's page shows beside its rows; may note words on the rows. Not asked for a workbook."""


def is_refresh(request: HttpRequest) -> bool:
    """Tells whether the living part alone is asked for."""
    return bool(request.headers.get("HX-Request"))


def whole_or_part(request: HttpRequest, whole: str, part: str, context: Mapping[str, Any]) -> HttpResponse:
    """Renders the template ``whole``, or ``part`` for a refresh; caches keep the two, and people, apart.

    An empty ``part`` is a page that never refreshes itself.
    """
    response = render(request, part if part and is_refresh(request) else whole, dict(context))
    response.headers["Vary"] = "HX-Request, Cookie"
    return response


def list_view(
    request: HttpRequest, listing: Listing, rows: QuerySet[Any], *, title: str, whole: str, part: str = "",
    dress: Dress = lambda page: {},
) -> HttpResponse:  # fmt: skip
    """Answers with ``rows`` as the address filters and orders them: a page, its rows alone, or a workbook (``title``).

    The templates get ``page`` and what ``dress`` says of it.
    """
    page = listing.read(request, rows)
    if page.wants_workbook:
        return workbook(request, page, title=title, now=clock.now())
    return whole_or_part(request, whole, part, {"page": page, **dress(page)})


def way_back(request: HttpRequest) -> str:
    """The address of this site that a form was opened from (its ``next``, which begins with ``/``); else empty.

    Nothing else goes to ``redirect``, which would take it for the name of a page: the act is done, and an answer must
    come.
    """
    asked = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(asked, {request.get_host()}, require_https=request.is_secure())
    return asked if ours and asked.startswith("/") else ""
