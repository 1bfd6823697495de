"""What one person still has to do about warnings: on a phone, the gravest and the soonest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from anlan.apps.obligations import selectors as obligations
from anlan.apps.obligations.models import ObligationKind, ObligationState
from anlan.apps.org.models import Person
from anlan.apps.org.scope import Scope
from anlan.apps.registry.selectors.routing import posts_of
from anlan.apps.warnings.models import Confirmation, SiteOrder, Warning


class TaskKind(StrEnum):
    """What is asked for."""

    CONFIRM = "confirm"
    HANDLE = "handle"
    REPORT = "report"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Task:
    """One card. ``post`` is the duty post for which the person is asked; empty for an agency's task.

    ``due_at`` is None where the regulation gives no time (第一时间). ``order`` is set for `TaskKind.ANSWER`.
    """

    kind: TaskKind
    warning: Warning
    post: str = ""
    due_at: datetime | None = None
    overdue: bool = False
    order: SiteOrder | None = None


def todo_for(scope: Scope, person: Person | None, now: datetime) -> list[Task]:
    """Everything this person owes: as duty holder to confirm, handle and report; at an agency to answer site orders.

    One card a warning and person: an unconfirmed one asks for confirming, a confirmed one for handling until it is
    cleared, a cleared one for its report.
    """
    tasks = _as_holder(scope, person, now) if person is not None else []
    tasks += _as_agency(scope, now)
    return sorted(tasks, key=_urgency)


def _as_holder(scope: Scope, person: Person, now: datetime) -> list[Task]:
    posts = posts_of(person, now)
    mine = Warning.objects.visible_to(scope).filter(source__in=list(posts), closed_at__isnull=True)
    warnings = list(mine.select_related("enterprise", "source"))
    done = Confirmation.objects.visible_to(scope).filter(warning__in=warnings, person=person)
    confirmed = set(done.values_list("warning_id", flat=True))
    reports = obligations.owed_by_subject([warning.subject for warning in warnings], ObligationKind.REPORT)
    tasks = []
    for warning in warnings:
        post = posts[warning.source_id]
        if warning.is_open:
            kind = TaskKind.HANDLE if warning.pk in confirmed else TaskKind.CONFIRM
            tasks.append(Task(kind, warning, post))
        elif warning.subject in reports:
            owed = reports[warning.subject]
            overdue = owed.state == ObligationState.OVERDUE or owed.due_at < now
            tasks.append(Task(TaskKind.REPORT, warning, post, owed.due_at, overdue))
    return tasks


def _as_agency(scope: Scope, now: datetime) -> list[Task]:
    seen = SiteOrder.objects.visible_to(scope).filter(answered_at__isnull=True)
    rows = seen.select_related("warning__enterprise", "warning__source", "enterprise", "tracker", "executor")
    tasks = []
    for order in rows:
        units = {unit.path for unit in (order.tracker, order.executor) if unit is not None}
        if units & set(scope.agency_paths):
            tasks.append(Task(TaskKind.ANSWER, order.warning, due_at=order.due_at, order=order))
    return tasks


def _urgency(task: Task) -> tuple[int, int, float, int]:
    asked_now = {TaskKind.CONFIRM: 0, TaskKind.REPORT: 1, TaskKind.ANSWER: 2, TaskKind.HANDLE: 3}[task.kind]
    due = task.due_at.timestamp() if task.due_at is not None else 0.0
    return (-task.warning.rank, asked_now, due, task.warning.pk)
