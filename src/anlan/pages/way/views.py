"""全程测试: one act from a sample to the tester's own telephone, each step shown as it is done. For administrators."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from anlan import now as clock
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.accounts.selectors import as_administrator
from anlan.apps.delivery.entitled import may_test
from anlan.apps.gateways.models import WayStep, WayTest
from anlan.apps.org.actor import of_user
from anlan.components.answers import is_refresh, whole_or_part
from anlan.pages.way import steps as whole_way
from anlan.refused import Refused

STOP_POLLING = 286
"""Status on which htmx swaps and asks no more."""


@dataclass(frozen=True)
class StepLine:
    """One step as the page shows it: done, failed, running or to come."""

    title: str
    state: str
    words: str = ""
    at: datetime | None = None


@require_safe
def page(request: PersonRequest) -> HttpResponse:
    """The page, or its living part alone. Reading it moves nothing on."""
    return _page(request)


@require_http_methods(["GET", "HEAD", "POST"])
def act(request: PersonRequest, verb: str) -> HttpResponse:
    """Start a test, look at its running step, say that the letter came, or end it. Reading the address does nothing."""
    perform = ACTS.get(verb)
    if perform is None:
        raise Http404
    if request.method != "POST":
        return redirect("way")
    if not may_test(as_administrator(request.user, clock.now())):
        raise PermissionDenied(_("全程测试由管理员进行。"))
    perform(request, clock.now())
    if not is_refresh(request):
        return redirect("way")
    response = _page(request)
    run = _mine(request)
    if run is None or not run.is_running:
        response.status_code = STOP_POLLING
    return response


def _mine(request: PersonRequest) -> WayTest | None:
    found: WayTest | None = WayTest.objects.visible_to(request.scope).order_by("-pk").first()
    return found


def _page(request: PersonRequest) -> HttpResponse:
    user = request.user
    run = _mine(request)
    context = {
        "run": run,
        "lines": _lines(run) if run is not None else [],
        "may_test": may_test(as_administrator(user, clock.now())) and user.person is not None,
        "awaits_receipt": run is not None and run.step is WayStep.RECEIPT,
        "here": "way",
    }
    return whole_or_part(request, "operations/way.html", "operations/_way.html", context)


def _lines(run: WayTest) -> list[StepLine]:
    over = [
        StepLine(
            str(WayStep(each["step"]).label), "done" if each["done"] else "failed", each["words"],
            parse_datetime(each["at"]),
        )
        for each in run.steps
    ]  # fmt: skip
    rest = list(WayStep)[len(over) :]
    running = run.step
    return over + [
        StepLine(str(step.label), "running" if step is running else "open", run.waiting if step is running else "")
        for step in rest
    ]


def _start(request: PersonRequest, now: datetime) -> None:
    user = request.user
    if user.person is None:
        messages.error(request, _("您的登录名没有对应的人员，收不到测试告知，没有开始。"))
        return
    try:
        whole_way.start(user.person, by=of_user(request.user), at=now)
    except Refused as refused:
        messages.error(request, str(refused))


def _go(request: PersonRequest, now: datetime) -> None:
    run = _mine(request)
    if run is not None and run.is_running:
        whole_way.advance(run, now)


def _received(request: PersonRequest, now: datetime) -> None:
    run = _mine(request)
    if run is not None and run.is_running:
        whole_way.received(run, by=of_user(request.user), at=now)
        whole_way.advance(run, now)


def _stop(request: PersonRequest, now: datetime) -> None:
    run = _mine(request)
    if run is not None:
        whole_way.stop(run, by=of_user(request.user), at=now)


ACTS: dict[str, Callable[[PersonRequest, datetime], None]] = {
    "start": _start,
    "go": _go,
    "received": _received,
    "stop": _stop,
}
