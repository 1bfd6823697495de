"""Lists of the API: the filters, order and pages of the screens' lists, with a page size of the caller's choice."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from ninja import Field, Schema

from anlan.apps.accounts.request import PersonRequest
from anlan.components.lists import COUNTED, Listing, Page

MOST_PER_PAGE = 500


class PageQuery(Schema):
    """Parameters that every list takes."""

    page: Annotated[int, Field(ge=1, le=1_000_000, description="第几页，从 1 起")] = 1
    per_page: Annotated[int, Field(ge=1, le=MOST_PER_PAGE, description="每页几条")] = 50
    sort: Annotated[str, Field(max_length=40, description="排序列，前加 - 为降序")] = ""


class PageOut(Schema):
    """Where in the list the answer stands. ``total`` stops counting when ``total_is_more`` is true."""

    page: int
    pages: int
    total: int
    total_is_more: bool


def page_of(request: PersonRequest, listing: Listing, rows: Any, query: PageQuery) -> Page:
    """The page that the request's parameters ask for."""
    return replace(listing, per_page=query.per_page).read(request, rows)


def place_of(page: Page) -> dict[str, Any]:
    """The fields of `PageOut`."""
    return {
        "page": page.number,
        "pages": page.pages,
        "total": min(page.total, COUNTED),
        "total_is_more": page.total > COUNTED,
    }
