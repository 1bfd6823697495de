"""Computes the supervision grades once a civil day; the day is a due row, and each plans the next (MON-17)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from anlan.apps.findings import selectors as findings
from anlan.apps.journal import services as journal
from anlan.apps.obligations import selectors as due_things
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Obligation
from anlan.apps.obligations.services import Firing
from anlan.apps.registry.models import Enterprise
from anlan.apps.registry.selectors import locality
from anlan.apps.warnings import kinds
from anlan.apps.warnings.models import Supervision, Warning
from anlan.apps.warnings.services.vacancies import close_all_filled
from anlan.rules.calendar import civil_day, midnight
from anlan.rules.level import WARNING_LEVELS, Level
from anlan.rules.supervision import Circumstance, supervision_grade

_LARGER = [str(level) for level in WARNING_LEVELS if level.at_least(Level.ORANGE)]
_AFTER_MIDNIGHT = timedelta(minutes=10)


def ensure_supervision(now: datetime) -> None:
    """Plan today's grading when none is planned yet; called by the clock when it starts. Again: nothing."""
    if not due_things.is_planned(kinds.SUPERVISION):
        _plan(now)


def fire_supervision(rows: Sequence[Obligation], firing: Firing) -> None:
    """A day's grading. After an outage one grading stands for all the days that were missed."""
    grade_supervision(firing.now)
    close_all_filled(firing.now)
    tomorrow = midnight(civil_day(firing.now) + timedelta(days=1)) + _AFTER_MIDNIGHT
    _plan(tomorrow)


@transaction.atomic
def grade_supervision(now: datetime) -> int:
    """Grade every enterprise under supervision; returns how many grades changed. A handful of queries for all.

    A change is journaled in the enterprise's chain with its cause. Repeating it changes nothing but the time.
    """
    enterprises = locality.supervised()
    rules = locality.rules_of(enterprises, civil_day(now))
    found = _circumstances(now, max((each.number("supervision_warning_days") for each in rules.values()), default=0))
    known = {row.enterprise_id: row for row in Supervision.objects.by_the_machine()}
    changed: list[tuple[Enterprise, Supervision, str]] = []
    rows: list[Supervision] = []
    for enterprise in enterprises:
        mine = rules[enterprise.pk]
        since = now - timedelta(days=mine.number("supervision_warning_days"))
        met = {name for name, last in found[enterprise.pk].items() if last is None or last >= since}
        graded = supervision_grade(met, mine)
        row = known.get(enterprise.pk)
        before = row.grade if row is not None else ""
        if row is None:
            row = Supervision(enterprise=enterprise)
        if before != graded.grade:
            row.since = now
            changed.append((enterprise, row, before))
        row.grade, row.cause, row.computed_at = str(graded.grade), graded.cause[:200], now
        rows.append(row)
    Supervision.objects.bulk_create(
        rows, batch_size=500, update_conflicts=True, unique_fields=["enterprise"],
        update_fields=["grade", "cause", "since", "computed_at"],
    )  # fmt: skip
    journal.record_all(
        [
            journal.Act(
                f"enterprise:{enterprise.code}", "supervision.graded", now, subject=f"enterprise:{enterprise.code}",
                before={"grade": before} if before else None, after={"grade": row.grade, "cause": row.cause},
            )
            for enterprise, row, before in changed
        ]
    )  # fmt: skip
    return len(changed)


def _circumstances(now: datetime, days: int) -> dict[int, dict[Circumstance, datetime | None]]:
    """By enterprise what is found, and when it was last so (None: it is so now)."""
    found: dict[int, dict[Circumstance, datetime | None]] = defaultdict(dict)
    larger = Warning.objects.by_the_machine().filter(highest__in=_LARGER)
    lately = larger.filter(cleared_at__gte=now - timedelta(days=days)).order_by("cleared_at")
    for enterprise, cleared in lately.values_list("enterprise_id", "cleared_at"):
        found[enterprise][Circumstance.LARGER_WARNING] = cleared
    for enterprise in larger.filter(cleared_at__isnull=True).values_list("enterprise_id", flat=True):
        found[enterprise][Circumstance.LARGER_WARNING] = None
    dangers = findings.open_subjects(kinds.HIDDEN_DANGER)
    by_number = {subject.split(":")[1]: enterprise for enterprise, subject in dangers if ":" in subject}
    for number in larger.filter(number__in=list(by_number)).values_list("number", flat=True):
        found[by_number[number]][Circumstance.MAJOR_HIDDEN_DANGER] = None
    for enterprise in due_things.enterprises_overdue(now):
        found[enterprise][Circumstance.OVERDUE_DUTY] = None
    return found


def _plan(due_at: datetime) -> None:
    day = civil_day(due_at)
    key = f"supervision:{day.isoformat()}"
    if not due_things.is_known(key):
        obligations.add([Obligation(key=key, kind=kinds.SUPERVISION, subject="supervision", due_at=due_at, payload={})])
