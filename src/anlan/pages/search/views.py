"""Search over everything that the person may see; a single exact hit opens at once."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from anlan.apps.accounts.request import PersonRequest
from anlan.pages.section import Hits, sections


@require_safe
def search(request: PersonRequest) -> HttpResponse:
    """What the words find in every section that can be searched, in the order of the sections."""
    scope = request.scope
    words = request.GET.get("q", "").strip()[:60]
    found: list[Hits] = []
    if words:
        searched = [section for section in sections() if section.search]
        for section in searched:
            if section.opens and (url := section.opens(scope, words)):
                return redirect(url)
        found = [hits for section in searched if section.search for hits in section.search(scope, words) if hits.rows]
    return render(request, "search/search.html", {"words": words, "found": found})
