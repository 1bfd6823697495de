"""Light or dark: what a desk has chosen, kept in the browser alone. The wall is always dark, paper always white."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from anlan.components.answers import way_back

COOKIE = "anlan-theme"
THEMES = ("light", "dark")
KEPT_S = 366 * 86_400


def theme(request: HttpRequest) -> dict[str, str]:
    """Returns ``theme`` for every page: `THEMES`, the first where nothing known was chosen."""
    chosen = request.COOKIES.get(COOKIE, "")
    return {"theme": chosen if chosen in THEMES else THEMES[0]}


@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: HttpRequest) -> HttpResponse:
    """Keeps the chosen theme in this browser and leads back to the page; whatever else is asked changes nothing."""
    answer = redirect(way_back(request) or "home")
    chosen = request.POST.get("theme", "")
    if request.method == "POST" and chosen in THEMES:
        answer.set_cookie(COOKIE, chosen, max_age=KEPT_S, secure=request.is_secure(), httponly=True, samesite="Lax")
    return answer
