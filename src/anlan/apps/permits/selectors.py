"""What is read of special work: what goes on on a day, and the reports of days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import date
from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from anlan.apps.obligations import selectors as obligations
from anlan.apps.obligations.models import Obligation
from anlan.apps.org.scope import Scope
from anlan.apps.permits.kinds import REPORT
from anlan.apps.permits.models import DayReport, ReportState, SpecialWork, WorkState
from anlan.apps.registry.models import Enterprise
from anlan.rules.calendar import day_of


def works_visible(scope: Scope) -> QuerySet[SpecialWork]:
    """Every work in scope, with its enterprise and unit."""
    return SpecialWork.objects.visible_to(scope).select_related("enterprise__supervisor", "unit")


def reports_visible(scope: Scope) -> QuerySet[DayReport]:
    """The reports of all days in scope, with their enterprises."""
    return DayReport.objects.visible_to(scope).select_related("enterprise")


def goes_on(day: date) -> Q:
    """Works that go on at any instant of a civil day, as far as is on record; what was called off never did."""
    period = day_of(day)
    until = Q(ended_at__isnull=True, ends_at__gt=period.start) | Q(ended_at__gt=period.start)
    return Q(begins_at__lt=period.end) & until & ~Q(state=WorkState.CANCELLED)


def works_of(enterprise: Enterprise, day: date) -> list[SpecialWork]:
    """What goes on at an enterprise on a day, in the order of its beginning. Machine's own read."""
    rows = SpecialWork.objects.by_the_machine().filter(goes_on(day), enterprise=enterprise)
    return list(rows.select_related("unit", "enterprise").order_by("begins_at", "pk"))


def counts_of(works: Collection[SpecialWork]) -> Counter[str]:
    """How many works there are by the item of the commitment that counts them."""
    return Counter(work.item for work in works)


def contractors_of(works: Collection[SpecialWork]) -> list[str]:
    """The contractors that work, each once, by name."""
    return sorted({work.contractor for work in works if work.contractor})


def report_of(enterprise: Enterprise, day: date) -> DayReport | None:
    """The report of a day; None when there is none. Machine's own read."""
    rows = DayReport.objects.by_the_machine().select_related("enterprise__supervisor")
    return rows.filter(enterprise=enterprise, day=day).first()


def owed_in(scope: Scope) -> QuerySet[Obligation]:
    """One row a day and enterprise in scope that owed a report, with the enterprise and its supervisor."""
    return obligations.of_kind(scope, REPORT).select_related("enterprise__supervisor")


def of_the_day(column: str, day: Any) -> Subquery:
    """For rows with an ``enterprise``: a column of its report of a day (an expression); None without one."""
    mine = DayReport.objects.by_the_machine().filter(enterprise=OuterRef("enterprise_id"), day=day)
    return Subquery(mine.values(column)[:1])


def number_of_the_day(start: Any, end: Any) -> Any:
    """For rows with an ``enterprise``: how many works go on between two instants (expressions)."""
    mine = SpecialWork.objects.by_the_machine().exclude(state=WorkState.CANCELLED)
    mine = mine.filter(enterprise=OuterRef("enterprise_id"), begins_at__lt=end)
    mine = mine.alias(over_at=Coalesce(F("ended_at"), F("ends_at"))).filter(over_at__gt=start)
    return Coalesce(Subquery(mine.order_by().values("enterprise").annotate(n=Count("pk")).values("n")), 0)


def to_check(scope: Scope, agencies: Collection[int]) -> QuerySet[DayReport]:
    """Reports that one of these agencies, near their enterprises, has yet to check, the oldest first."""
    rows = DayReport.objects.visible_to(scope).near(agencies).filter(state=ReportState.REPORTED)
    return rows.select_related("enterprise").order_by("day", "reported_at", "pk")


def to_answer(scope: Scope, enterprise_ids: Collection[int]) -> QuerySet[DayReport]:
    """Reports of these enterprises that were queried and not answered, the oldest first."""
    rows = reports_visible(scope).filter(enterprise__in=list(enterprise_ids), state=ReportState.QUERIED)
    return rows.order_by("decided_at", "pk")
