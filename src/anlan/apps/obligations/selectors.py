"""What is read of obligations: for screens always scoped, for upper apps by subject."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from anlan.apps.obligations.kinds import OBLIGATIONS, OF_ITS_DAY
from anlan.apps.obligations.models import Obligation, ObligationState
from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import OfEnterprise
from anlan.rules.calendar import civil_day, midnight

OWED = (ObligationState.PENDING, ObligationState.OVERDUE)


def pending(scope: Scope) -> Any:
    """Everything that is still to fall due and that this scope may see, soonest first."""
    seen = Obligation.objects.visible_to(scope).filter(state=ObligationState.PENDING)
    return seen.select_related("enterprise", "source", "agency").order_by("due_at", "pk")


def due_between(scope: Scope, start: datetime, until: datetime, kinds: Collection[str]) -> Any:
    """Pending rows of these kinds due in (start, until], soonest first: the next hour of a duty desk."""
    return pending(scope).filter(due_at__gt=start, due_at__lte=until, kind__in=list(kinds))


def owed_by(enterprise_ids: Collection[int], kinds: Collection[str], now: datetime) -> Any:
    """What these enterprises owe of these kinds, overdue or to be done until an instant within a day from now, soonest
    first. The caller speaks for them."""
    rows = Obligation.objects.by_the_machine().filter(enterprise__in=list(enterprise_ids), kind__in=list(kinds))
    rows = rows.filter(_still(now), state__in=OWED, due_at__lte=now + timedelta(days=1)).select_related("enterprise")
    return rows.order_by("due_at", "pk")


def of_kind(scope: Scope, kind: str) -> OfEnterprise[Obligation]:
    """All rows of one kind in scope, whatever their state, with their enterprises."""
    return Obligation.objects.visible_to(scope).filter(kind=kind).select_related("enterprise")


def is_planned(kind: str) -> bool:
    """Whether anything of a kind is still to fall due. For upper apps, whose kinds plan themselves."""
    return Obligation.objects.by_the_machine().filter(kind=kind, state=ObligationState.PENDING).exists()


def is_known(key: str) -> bool:
    """Whether a row of this key was ever planned."""
    return Obligation.objects.by_the_machine().filter(key=key).exists()


def enterprises_overdue(now: datetime) -> set[int]:
    """Keys of the enterprises that owe something overdue; what an agency owes is not theirs. Machine's own read."""
    rows = Obligation.objects.by_the_machine().filter(
        _still(now), state=ObligationState.OVERDUE, enterprise__isnull=False, agency__isnull=True
    )
    return {pk for pk in rows.order_by().values_list("enterprise_id", flat=True).distinct() if pk is not None}


def _still(now: datetime) -> Q:
    """Rows that can still be done: all but those of an earlier day that were over with it."""
    return ~Q(kind__in=OBLIGATIONS.having(OF_ITS_DAY)) | Q(due_at__gte=midnight(civil_day(now)))


def of_subject(subject: str) -> OfEnterprise[Obligation]:
    """Every row of one subject in order of due time. For upper apps, which answer for what they show."""
    return Obligation.objects.by_the_machine().filter(subject=subject).order_by("due_at", "pk")


def pending_of(subject: str, *kinds: str) -> list[Obligation]:
    """The pending rows of one subject, soonest first."""
    rows = of_subject(subject).filter(state=ObligationState.PENDING)
    return list(rows.filter(kind__in=kinds) if kinds else rows)


def newest_of(subject: str, kind: str) -> Obligation | None:
    """The row of a kind that falls due last, whatever its state. For upper apps."""
    return of_subject(subject).filter(kind=kind).last()


def soonest_of(subject: Any, kinds: Collection[str]) -> Subquery:
    """The soonest pending due time, as an expression: ``subject`` refers to a row of an upper app's query."""
    rows = Obligation.objects.by_the_machine().filter(
        subject=subject, kind__in=list(kinds), state=ObligationState.PENDING
    )
    return Subquery(rows.order_by("due_at").values("due_at")[:1])


def last_fired(subject: str) -> datetime | None:
    """When something of this subject was fired last; None when nothing was. For upper apps."""
    fired: datetime | None = of_subject(subject).aggregate(last=Max("fired_at"))["last"]
    return fired


def by_key(key: str) -> Obligation | None:
    """One row by its deterministic key."""
    return Obligation.objects.by_the_machine().filter(key=key).first()


def owed_by_subject(subjects: Collection[str], kind: str) -> dict[str, Obligation]:
    """The row of this kind that each subject still owes, pending or overdue. For upper apps."""
    rows = Obligation.objects.by_the_machine().filter(subject__in=list(subjects), kind=kind, state__in=OWED)
    return {row.subject: row for row in rows}


def subjects_pending(kind: str) -> set[str]:
    """The subjects that have a pending row of this kind. For the auditor."""
    rows = Obligation.objects.by_the_machine().filter(kind=kind, state=ObligationState.PENDING)
    return set(rows.values_list("subject", flat=True))


def number_of_enterprise(kind: str, start: datetime, until: datetime, states: Collection[str]) -> Coalesce:
    """For rows of enterprises: how many rows of a kind due in [start, until) each has in these states (an
    expression). The caller answers for the enterprises that it shows."""
    rows = Obligation.objects.by_the_machine().filter(
        kind=kind, enterprise=OuterRef("pk"), due_at__gte=start, due_at__lt=until, state__in=list(states)
    )
    return Coalesce(Subquery(rows.order_by().values("enterprise").annotate(n=Count("pk")).values("n")), 0)


def settled(scope: Scope, kind: str, start: datetime, until: datetime) -> Any:
    """Duties of people of one kind due in [start, until) that are done, late or overdue; still pending ones are not."""
    states = (ObligationState.DONE, ObligationState.LATE, ObligationState.OVERDUE)
    return Obligation.objects.visible_to(scope).filter(kind=kind, due_at__gte=start, due_at__lt=until, state__in=states)
