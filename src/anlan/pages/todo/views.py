"""The to-do page: cards in order of urgency, what waits for a decision, what was told and what was done today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Q
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from anlan import now as clock
from anlan.apps.accounts.models import User
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.alarms.selectors import burning_of
from anlan.apps.delivery import selectors as delivery
from anlan.apps.delivery.models import Message
from anlan.apps.delivery.services import mark_all_read
from anlan.apps.org import access
from anlan.apps.org.actor import of_user
from anlan.apps.org.scope import Scope
from anlan.apps.warnings.models import Act, Confirmation, DisposalReport, Warning
from anlan.apps.warnings.selectors import Task
from anlan.components.answers import whole_or_part
from anlan.pages.board import Row, board
from anlan.pages.quieting.waiting import filed_by
from anlan.pages.todo.asked import Asked, asked_of, unread_of
from anlan.rules import calendar

MESSAGES = 8
"""Subjects with unread messages that are listed; the others follow when these are read."""
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
class DoneCard:
    """Something that the person did today."""

    at: datetime
    words: str
    warning: Warning


@require_safe
def home(request: PersonRequest) -> HttpResponse:
    """Where a log-in leads: whoever works in an enterprise to what waits for them, agencies to 总览."""
    return redirect("todo" if request.scope.is_enterprise else "overview")


@require_safe
def todo(request: PersonRequest) -> HttpResponse:
    """我的待办. With ``HX-Request`` only the living part."""
    now = clock.now()
    scope = request.scope
    asked = asked_of(request.user, scope, now)
    context = {
        "now": now,
        "asked": asked,
        "cards": _cards(asked.tasks[:CARDS], scope, now),
        "more": max(0, len(asked.tasks) - CARDS),
        "waiting": asked.waiting,
        "filed": filed_by(request.user, scope, now),
        "messages_to_me": (told := _unread(scope, asked)),
        "more_unread": asked.unread - sum(1 + each.others for each in told),
        "done": _done(request.user, scope, now),
    }
    return whole_or_part(request, "todo/todo.html", "todo/_living.html", context)


def _cards(tasks: list[Task], scope: Scope, now: datetime) -> list[Card]:
    keys = {task.warning.pk for task in tasks}
    rows = {row.warning.pk: row for row in board(Warning.objects.visible_to(scope).filter(pk__in=keys), scope, now)}
    burning = burning_of({task.warning.source_id for task in tasks})
    return [Card(task, rows[task.warning.pk], task.warning.source_id in burning) for task in tasks]


@require_POST
def read(request: PersonRequest, key: int) -> HttpResponse:
    """A message that is about no warning is read here: no dossier would ever do it. Again is no other reading, and a
    message to somebody else stays as it is; 404 and a journal entry when out of scope."""
    now = clock.now()
    access.find(request, Message.objects.all(), now=now, pk=key)
    mine = delivery.inbox(request.scope).filter(pk=key)
    mark_all_read(mine, by=of_user(request.user), at=now)
    return redirect("todo")


def _unread(scope: Scope, asked: Asked) -> list[Any]:
    """The newest unread message of each warning or other subject, with ``number`` (of the warning; empty for another
    subject) and ``others``: how many more of the same are unread."""
    rows = unread_of(scope, asked)
    subjects = rows.order_by().values("notice__subject").annotate(newest=Max("pk"), number=Count("pk"))
    counted = {each["newest"]: each["number"] for each in subjects.order_by("-newest")[:MESSAGES]}
    found: list[Any] = list(rows.filter(pk__in=counted))
    subjects_of = Warning.objects.visible_to(scope).filter(pk__in=filter(None, map(_warning_of, found)))
    numbers = {warning.subject: warning.number for warning in subjects_of.only("number")}
    for message in found:
        message.others = counted[message.pk] - 1
        message.number = numbers.get(message.notice.subject, "")
    return found


def _warning_of(message: Message) -> str:
    """Key of the warning that a message is about; empty when it is about something else."""
    kind, _colon, key = message.notice.subject.partition(":")
    return key if kind == "warning" else ""


def _done(user: User, scope: Scope, now: datetime) -> list[DoneCard]:
    """What this very person did today, not whoever bears their name."""
    if user.person is None:
        return []
    today = calendar.midnight(calendar.civil_day(now))
    mine = Q(person=user.person)
    joined = ("warning__source",)
    found = [
        DoneCard(each.at, _("确认"), each.warning)
        for each in Confirmation.objects.visible_to(scope).filter(mine, at__gte=today).select_related(*joined)
    ]
    found += [
        DoneCard(act.at, str(act.get_kind_display()), act.warning)
        for act in Act.objects.visible_to(scope)
        .filter(actor_id=of_user(user).id, at__gte=today)
        .select_related(*joined)
    ]
    found += [
        DoneCard(report.submitted_at, _("处置报告"), report.warning)
        for report in DisposalReport.objects.visible_to(scope)
        .filter(mine, submitted_at__gte=today)
        .select_related(*joined)
    ]
    return sorted(found, key=lambda each: each.at, reverse=True)[:DONE]
