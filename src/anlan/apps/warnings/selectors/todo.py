"""What one person still has to do about warnings: on a phone, the gravest and the soonest first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from anlan.apps.obligations import selectors as obligations
from anlan.apps.obligations.models import ObligationState
from anlan.apps.org.line import lines_of
from anlan.apps.org.models import Person
from anlan.apps.org.scope import Scope
from anlan.apps.org.selectors import agencies_visible
from anlan.apps.registry.selectors.routing import posts_of
from anlan.apps.warnings import kinds
from anlan.apps.warnings.entitled import answers_instead, asked_of, level_asked
from anlan.apps.warnings.models import Confirmation, SiteOrder, Told, Warning


class TaskKind(StrEnum):
    """What is asked for, the most pressing first."""

    CONFIRM = "confirm"
    REPORT = "report"
    ANSWER = "answer"
    URGE = "urge"
    """Nobody has confirmed the warning yet: the desk that was told presses for it."""
    HANDLE = "handle"
    TRACK = "track"
    """Under way: followed until it is cleared."""


@dataclass(frozen=True, slots=True)
class Task:
    """One card. ``post`` is the duty post for which the person is asked; empty for an agency's task.

    ``due_at`` is None where the regulation gives no time (第一时间); ``law`` is what it rests on.
    ``order`` is set for `TaskKind.ANSWER`.
    """

    kind: TaskKind
    warning: Warning
    post: str = ""
    due_at: datetime | None = None
    overdue: bool = False
    order: SiteOrder | None = None
    law: str = ""


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
    reports = obligations.owed_by_subject([warning.subject for warning in warnings], kinds.REPORT)
    tasks = []
    for warning in warnings:
        post = posts[warning.source_id]
        if warning.is_open:
            kind = TaskKind.HANDLE if warning.pk in confirmed else TaskKind.CONFIRM
            tasks.append(Task(kind, warning, post))
        elif warning.subject in reports:
            owed = reports[warning.subject]
            overdue = owed.state == ObligationState.OVERDUE or owed.due_at < now
            tasks.append(Task(TaskKind.REPORT, warning, post, owed.due_at, overdue, law=owed.article))
    return tasks


def _as_agency(scope: Scope, now: datetime) -> list[Task]:
    seen = SiteOrder.objects.visible_to(scope).filter(answered_at__isnull=True)
    rows = list(seen.select_related("warning__enterprise", "warning__source", "enterprise", "tracker"))
    if not rows or not scope.agency_paths:
        return []
    desks = agencies_visible(scope).filter(path__in=scope.agency_paths)
    mine: dict[int, str] = dict(desks.order_by().values_list("pk", "level"))
    others = [order for order in rows if mine.keys().isdisjoint(asked_of(order))]
    lines = lines_of([order.enterprise for order in others if level_asked(order) in mine.values()])
    left = {
        order.pk
        for order in others
        if order.enterprise_id not in lines or not answers_instead(order, mine, lines[order.enterprise_id])
    }
    return [Task(TaskKind.ANSWER, each.warning, due_at=each.due_at, order=each) for each in rows if each.pk not in left]


def owed_by_staff(scope: Scope, enterprises: Collection[int], known: Sequence[Task], now: datetime) -> list[Task]:
    """What an enterprise owes, for its people who answer for all of it: reports due, and open warnings to follow.

    ``known``: cards that the person has already as a duty holder; no warning comes twice.
    """
    taken = {task.warning.pk for task in known}
    rows = Warning.objects.visible_to(scope).filter(enterprise__in=enterprises, closed_at__isnull=True)
    warnings = [each for each in rows.select_related("enterprise", "source") if each.pk not in taken]
    over = [warning.subject for warning in warnings if not warning.is_open]
    reports = obligations.owed_by_subject(over, kinds.REPORT) if over else {}
    tasks = []
    for warning in warnings:
        if warning.is_open:
            tasks.append(Task(TaskKind.TRACK, warning))
        elif warning.subject in reports:
            owed = reports[warning.subject]
            overdue = owed.state == ObligationState.OVERDUE or owed.due_at < now
            tasks.append(Task(TaskKind.REPORT, warning, "", owed.due_at, overdue, law=owed.article))
    return sorted(tasks, key=_urgency)


def tracked(scope: Scope, agencies: Collection[str], known: Sequence[Task], most: int) -> list[Task]:
    """Open warnings of which these agencies were told, the unconfirmed ones to press for; the gravest first, at most
    ``most`` of them. ``known`` as above."""
    taken = {task.warning.pk for task in known}
    told = Told.objects.visible_to(scope).filter(
        recipient__in=[f"agency:{code}" for code in agencies], warning__cleared_at__isnull=True
    )
    rows = Warning.objects.visible_to(scope).filter(pk__in=told.values("warning"))
    tasks = [
        Task(TaskKind.TRACK if warning.confirmed_at else TaskKind.URGE, warning)
        for warning in rows.select_related("enterprise", "source").order_by("-rank", "pk")[:most]
        if warning.pk not in taken
    ]
    return sorted(tasks, key=_urgency)


def _urgency(task: Task) -> tuple[bool, int, int, float, int]:
    """What burns comes before a report about what is over, unless that is late; then the level, then the next due."""
    is_over = task.kind is TaskKind.REPORT and not task.overdue
    asked_now = list(TaskKind).index(task.kind)
    due = task.due_at.timestamp() if task.due_at is not None else 0.0
    return (is_over, -task.warning.rank, asked_now, due, task.warning.pk)
