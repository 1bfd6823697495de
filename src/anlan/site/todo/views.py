"""The to-do page: cards in order of urgency, what waits for a decision, what was told and what was done today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from anlan import now as clock
from anlan.apps.monitoring.selectors import burning_of
from anlan.apps.org.actor import of_user
from anlan.apps.org.scope import Scope
from anlan.apps.warnings.models import Act, Confirmation, DisposalReport, Warning
from anlan.apps.warnings.selectors import Task
from anlan.components.answers import whole_or_part
from anlan.rules import calendar
from anlan.site.board import Row, board
from anlan.site.quieting.waiting import filed_by
from anlan.site.todo.asked import Asked, asked_of, unread_of

MESSAGES = 8
DONE = 12
CARDS = 40
"""Warnings shown as cards; a desk over many counties has more, and the list has them all."""


@dataclass
class Card:
    """One task with the row that shows its warning."""

    task: Task
    row: Row
    burns: bool = False
    """An alarm of the source is not back within limits: clearing would be refused."""

    @property
    def due_at(self) -> datetime | None:
        """The task's own due time, else the next step that runs against its warning."""
        if self.task.due_at is not None:
            return self.task.due_at
        return self.row.next.due_at if self.row.next else None

    @property
    def kind(self) -> str:
        return str(self.task.kind)


@dataclass(frozen=True)
class Done:
    """Something that the person did today."""

    at: datetime
    words: str
    warning: Warning


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Where a log-in leads: whoever works in an enterprise to what waits for them, agencies to 总览."""
    return redirect("todo" if request.scope.is_enterprise else "overview")  # type: ignore[attr-defined]


@require_safe
def todo(request: HttpRequest) -> HttpResponse:
    """我的待办. With ``HX-Request`` only the living part."""
    now = clock.now()
    scope = request.scope  # type: ignore[attr-defined]
    asked = asked_of(request.user, scope, now)
    context = {
        "now": now,
        "asked": asked,
        "cards": _cards(asked.tasks[:CARDS], scope, now),
        "more": max(0, len(asked.tasks) - CARDS),
        "waiting": asked.waiting,
        "filed": filed_by(request.user, scope, now),
        "messages_to_me": _unread(scope, asked),
        "done": _done(request.user, scope, now),
    }
    return whole_or_part(request, "todo/todo.html", "todo/_living.html", context)


def _cards(tasks: list[Task], scope: Scope, now: datetime) -> list[Card]:
    keys = {task.warning.pk for task in tasks}
    rows = {row.warning.pk: row for row in board(Warning.objects.visible_to(scope).filter(pk__in=keys), scope, now)}
    burning = burning_of({task.warning.source_id for task in tasks})
    return [Card(task, rows[task.warning.pk], task.warning.source_id in burning) for task in tasks]


def _unread(scope: Scope, asked: Asked) -> list[Any]:
    found: list[Any] = list(unread_of(scope, asked).order_by("-notice__sent_at", "-pk")[:MESSAGES])
    keys = {message.notice.subject.partition(":")[2] for message in found}
    numbers = {
        str(pk): number
        for pk, number in Warning.objects.visible_to(scope).filter(pk__in=keys).values_list("pk", "number")
    }
    for message in found:
        message.number = numbers.get(message.notice.subject.partition(":")[2], "")
    return found


def _done(user: Any, scope: Scope, now: datetime) -> list[Done]:
    """What this very person did today, not whoever bears their name."""
    if user.person is None:
        return []
    today = calendar.midnight(calendar.civil_day(now))
    mine = Q(person=user.person)
    joined = ("warning__source",)
    found = [
        Done(each.at, _("确认"), each.warning)
        for each in Confirmation.objects.visible_to(scope).filter(mine, at__gte=today).select_related(*joined)
    ]
    found += [
        Done(act.at, str(act.get_kind_display()), act.warning)
        for act in Act.objects.visible_to(scope)
        .filter(actor_id=of_user(user).id, at__gte=today)
        .select_related(*joined)
    ]
    found += [
        Done(report.submitted_at, _("处置报告"), report.warning)
        for report in DisposalReport.objects.visible_to(scope)
        .filter(mine, submitted_at__gte=today)
        .select_related(*joined)
    ]
    return sorted(found, key=lambda each: each.at, reverse=True)[:DONE]
