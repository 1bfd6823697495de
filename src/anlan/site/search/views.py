"""Search over everything that the person may see; a single exact hit opens at once."""

from __future__ import annotations

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from anlan.apps.registry.models import Enterprise, HazardSource, Point
from anlan.apps.warnings.models import Warning
from anlan.components.filters import begins, holds

MOST = 12


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Up to a dozen hits of each kind; four queries."""
    scope = request.scope  # type: ignore[attr-defined]
    words = request.GET.get("q", "").strip()[:60]
    context: dict[str, object] = {"words": words}
    if words:
        exact = Warning.objects.visible_to(scope).filter(number__in={words, words.upper()}).order_by("pk").first()
        if exact is not None:
            return redirect("warning", exact.number)
        name = holds("name", words) | begins("code", words)
        context["enterprises"] = (
            Enterprise.objects.visible_to(scope).filter(name | holds("short_name", words)).order_by("code")[:MOST]
        )
        context["sources"] = HazardSource.objects.visible_to(scope).filter(name).select_related("enterprise")[:MOST]
        context["points"] = (
            Point.objects.visible_to(scope)
            .filter(name | holds("tag", words))
            .select_related("enterprise", "device")
            .order_by("pk")[:MOST]  # as they lie: in the order of codes the database would jump about in the table
        )
        named = HazardSource.objects.visible_to(scope).filter(holds("name", words)).values("pk")
        context["warnings"] = (
            Warning.objects.visible_to(scope)
            .filter(holds("number", words) | Q(source__in=named))
            .select_related("enterprise", "source")[:MOST]
        )
        context["found"] = any(context[kind] for kind in ("enterprises", "sources", "points", "warnings"))
    return render(request, "search/search.html", context)
