"""Lets in only who has logged in, puts the scope on every request, keeps the guard up while pages are read, and limits
sessions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from anlan import now as clock
from anlan.apps.accounts import services
from anlan.apps.org import access
from anlan.apps.org import scope as scopes

IDLE_LIMIT = timedelta(hours=4)
"""A session that shows no life for so long is ended: a local setting, no article."""

UNATTENDED = "Anlan-Unattended"
"""Header of requests that a page makes by itself: a refresh by the clock or by an event is no sign of life."""


class SessionLimits:
    """Lets nobody in by a session that was idle too long or pushed out by newer ones of the same log-in.

    Such a session is refused and not taken away: were our own clock ahead for a moment, everybody would have to log in
    again. Its last sign of life refuses it each time; a new log-in or its twelve hours end it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key, attended = request.session.session_key, UNATTENDED not in request.headers
        if request.user.is_authenticated and key and not self._goes_on(key, attended):
            request.user = AnonymousUser()
        return self.get_response(request)

    @staticmethod
    def _goes_on(key: str, attended: bool) -> bool:
        return services.visit_is_alive(key, clock.now(), IDLE_LIMIT, attended=attended)


class LogInFirst(LoginRequiredMiddleware):
    """Every address asks for a log-in unless its view says otherwise (deny by default, SEC-01).

    A page is sent to the log-in form, a program gets 401 in words, and a fragment makes the whole page go there.
    """

    def handle_no_permission(  # type: ignore[override]  # any answer will do, not only a redirect
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponse:
        if request.path.startswith("/api/"):
            words = {"detail": _("请先登录。")}
            return JsonResponse(words, status=401, json_dumps_params={"ensure_ascii": False})
        answer: HttpResponse = super().handle_no_permission(request, view_func)
        if request.headers.get("HX-Request"):
            return HttpResponse(status=401, headers={"HX-Redirect": answer.headers["Location"]})
        if "Anlan-Kept" in request.headers:  # the phone keeps its act until somebody has logged in again
            return HttpResponse(status=401)
        return answer


class OwnPasswordFirst:
    """Whoever still has the password that was given to them first makes one of their own before anything else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if not (user.is_authenticated and user.password_is_first):
            return self.get_response(request)
        own, leave = reverse("password"), reverse("logout")
        if request.path in (own, leave):
            return self.get_response(request)
        if request.path.startswith("/api/"):
            words = {"detail": _("请先修改初始密码。")}
            return JsonResponse(words, status=403, json_dumps_params={"ensure_ascii": False})
        if request.headers.get("HX-Request"):
            return HttpResponse(status=403, headers={"HX-Redirect": own})
        return redirect(own)


class ScopeAndGuard:
    """``request.scope`` is what the person may see. Reading requests run under the guard of `org.scope`.

    Acts (POST and the like) look their record up through a scoped selector and then call a service, which reads
    whatever the law makes it read; the permission tests cover them one by one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: scopes.ScopedRequest) -> HttpResponse:
        def look_up() -> scopes.Scope:
            user = request.user
            return user.scope(clock.now()) if user.is_authenticated else scopes.NOTHING

        request.scope = SimpleLazyObject(look_up)  # type: ignore[assignment]  # looked up when it is asked for
        with scopes.guard(request.method in ("GET", "HEAD")), access.answering(request):
            return self.get_response(request)
