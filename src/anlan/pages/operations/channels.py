"""通知渠道: how each channel fares, contacts that are out of use, and to whom messages fell instead.

The channels' own figures are the machine's and shown to agencies; contacts and counts are those of the reader's scope.
Addresses are masked here for everybody (SEC-04).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from anlan import now as clock
from anlan.apps.accounts import selectors as entitlements
from anlan.apps.accounts.models import User
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.delivery import selectors
from anlan.apps.delivery import services as delivery
from anlan.apps.delivery.entitled import may_enable, may_test
from anlan.apps.delivery.models import ChannelState, Contact, Rung
from anlan.apps.delivery.selectors import Queue
from anlan.apps.org.stand import Stand
from anlan.apps.registry.models import Enterprise
from anlan.components.answers import whole_or_part
from anlan.pages.contacts.views import contact_of
from anlan.refused import Refused

COUNTED_OVER = timedelta(days=30)
SHOWN = 100
"""Contacts on the page; the page says when there are more."""


@dataclass(frozen=True)
class ChannelLine:
    """One channel."""

    name: str
    title: str
    is_configured: bool
    needs_address: bool
    rate: float | None
    state: ChannelState
    queue: Queue


@dataclass(frozen=True)
class OutOfUse:
    """A disabled contact, whose it is, and whether the reader may put it back into use."""

    row: Contact
    title: str
    owner: str
    may_enable: bool


@require_safe
def channels(request: PersonRequest) -> HttpResponse:
    """The page, or its living part alone."""
    now, scope = clock.now(), request.scope
    watches_machine = scope.everything or bool(scope.agency_paths)
    counted = selectors.fallback_figures(scope, now - COUNTED_OVER, now)
    rows = list(selectors.disabled_contacts(scope)[: SHOWN + 1])
    units = delivery.units_of_contacts(rows, now)
    enterprises = {unit for unit in units.values() if isinstance(unit, Enterprise)}
    known = entitlements.stands(request.user, enterprises, now)
    context = {
        "now": now,
        "lines": _lines(now) if watches_machine else None,
        "fallbacks": [(rung.label, counted[str(rung)], rung == Rung.NOBODY) for rung in Rung],
        "days": COUNTED_OVER.days,
        "disabled": [_out_of_use(row, known, units[row.pk], request.user, now) for row in rows[:SHOWN]],
        "more": len(rows) > SHOWN,
        "may_test": watches_machine and may_test(entitlements.as_administrator(request.user, now)),
        "here": "channels",
    }
    return whole_or_part(request, "operations/channels.html", "operations/_channels.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def act(request: PersonRequest, verb: str) -> HttpResponse:
    """Put a contact back into use, or send a test letter; then the page. Reading the address does nothing."""
    perform = ACTS.get(verb)
    if perform is None:
        raise Http404
    if request.method == "POST":
        perform(request, clock.now())
    return redirect("channels")


def _enable(request: PersonRequest, now: datetime) -> None:
    row = contact_of(request, now)
    by = entitlements.stand(request.user, delivery.unit_of_contact(row, now), now)
    try:
        enabled = delivery.enable_contact(row, by=by, at=now)
    except Refused as refused:
        messages.error(request, str(refused))
        return
    if enabled:
        messages.info(request, _("已重新启用，以后的消息照常发往它。"))
    else:
        messages.info(request, _("它已在使用，没有改动。"))


def _test(request: PersonRequest, now: datetime) -> None:
    name = request.POST.get("channel", "")
    try:
        error = delivery.send_test(
            name,
            request.POST.get("address", ""),
            to=str(request.user),
            by=entitlements.as_administrator(request.user, now),
            at=now,
        )
    except Refused as refused:
        messages.error(request, str(refused))
        return
    if error:
        words = _("渠道“%(title)s”没有接收测试消息：%(error)s")
        messages.error(request, words % {"title": delivery.title_of(name), "error": error})
    else:
        messages.info(request, _("渠道“%(title)s”已接收测试消息。") % {"title": delivery.title_of(name)})


ACTS: dict[str, Callable[[PersonRequest, datetime], None]] = {"enable": _enable, "test": _test}


def _lines(now: datetime) -> list[ChannelLine]:
    """Configured channels in the order of the settings, then those that only have a past."""
    configured, states, queues = delivery.outside(), selectors.channel_states(), selectors.queues(now)
    names = [*configured, *sorted((states.keys() | queues.keys()) - configured.keys())]
    return [
        ChannelLine(
            name=name,
            title=delivery.title_of(name),
            is_configured=name in configured,
            needs_address=name in delivery.addressed(),
            rate=configured[name].rate if name in configured else None,
            state=states.get(name) or ChannelState(name=name),
            queue=queues.get(name, Queue()),
        )
        for name in names
        if name in configured or queues.get(name, Queue()).waiting
    ]


def _out_of_use(row: Contact, known: Mapping[int, Stand], unit: Any, user: User, now: datetime) -> OutOfUse:
    owner: Any = row.person or row.agency or row.enterprise
    by = known[unit.pk] if isinstance(unit, Enterprise) else entitlements.stand(user, unit, now)
    return OutOfUse(row, delivery.title_of(row.channel), str(owner), may_enable(by, row))
