"""Alerts of other systems as they are read: with where each stands now."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, TypedDict

from django.db.models import Case, F, Q, QuerySet, Value, When

from anlan.apps.external import cap
from anlan.apps.external.models import AlertState, ExternalAlert, RefusedAlert
from anlan.apps.org.scope import Scope, ScopedQuerySet

EXPIRED = "expired"

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations


class WithStanding(TypedDict):
    """What is added to an alert: its state, or ``expired`` by the clock."""

    standing: str


def alerts(scope: Scope, now: datetime) -> ScopedQuerySet[WithAnnotations[ExternalAlert, WithStanding]]:
    """Alerts for the divisions that a person watches, with where each stands."""
    return standing(ExternalAlert.objects.visible_to(scope), now).select_related("origin")


def standing(
    rows: ScopedQuerySet[ExternalAlert], now: datetime
) -> ScopedQuerySet[WithAnnotations[ExternalAlert, WithStanding]]:
    """The rows with ``standing``."""
    over = Q(state=AlertState.CURRENT, expires_at__lte=now)
    return rows.annotate(standing=Case(When(over, then=Value(EXPIRED)), default=F("state")))


def current_count(scope: Scope, now: datetime) -> int:
    """How many alerts are in force now; a test or a drill of the other side is none."""
    return alerts(scope, now).filter(standing=AlertState.CURRENT, status="Actual").count()


def refused(scope: Scope) -> QuerySet[RefusedAlert]:
    """What senders of one's own agencies handed in and was not taken."""
    return RefusedAlert.objects.visible_to(scope).select_related("origin__agency")


def contents(alert: ExternalAlert) -> cap.Alert:
    """The whole message, read again from the document as it came."""
    text = alert.document.lstrip("\ufeff")
    if text.startswith("<?xml"):
        text = text.partition("?>")[2]  # the declaration may name another encoding than that of the kept text
    return cap.read(text.encode())


def chain(scope: Scope, alert: ExternalAlert, now: datetime) -> list[WithAnnotations[ExternalAlert, WithStanding]]:
    """Messages that this one refers to and messages that refer to it, in order of time."""
    mine = alerts(scope, now).filter(origin=alert.origin_id)
    wanted = Q(refers_to__cap_sender=alert.cap_sender, refers_to__identifier=alert.identifier)
    for each in alert.refers_to.all():
        wanted |= Q(cap_sender=each.cap_sender, identifier=each.identifier)
    return list(mine.filter(wanted).exclude(pk=alert.pk).distinct().order_by("sent_at", "pk"))
