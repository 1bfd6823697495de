"""What waits for one person, of every kind, counted once: for the page of to-dos and for the figure in the navigation.

Cards are warnings to confirm, handle, report or track; decisions come from the sections; the rest is counted by
kind, each with the list that holds the rows. Nobody is asked for what their role cannot do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from anlan.apps.accounts import selectors as entitlements
from anlan.apps.accounts.models import User
from anlan.apps.alarms.selectors import UNCLEARED, announced
from anlan.apps.delivery import selectors as delivery
from anlan.apps.delivery.models import Message
from anlan.apps.findings.models import FindingState
from anlan.apps.findings.selectors import open_findings
from anlan.apps.org.models import Agency, Role
from anlan.apps.org.scope import Scope, once_a_page
from anlan.apps.org.stand import HANDLERS, STAFF
from anlan.apps.warnings.selectors import Task, TaskKind, owed_by_staff, todo_for, tracked
from anlan.pages.section import Waiting, sections

ASKING = frozenset({TaskKind.CONFIRM, TaskKind.REPORT, TaskKind.ANSWER, TaskKind.URGE})
"""Cards that wait for the reader; the others are under way."""
OVERSEERS = STAFF - {Role.DUTY_HOLDER}
"""Of an enterprise's staff those who answer for all of it; a duty holder answers for the sources of their posts."""
COUNTED = 999


@dataclass(frozen=True)
class Kind:
    """So many of one kind, and where they are."""

    title: str
    number: int
    url: str


@dataclass
class Asked:
    """Everything that waits for one person."""

    tasks: list[Task] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    findings: list[Kind] = field(default_factory=list)
    alarms: int = 0
    """Unacknowledged alarms of the person's enterprises: one thing to do, however many."""
    unread: int = 0
    """Unread notices, but for those about a warning that is asked for by a card anyway."""

    @property
    def subjects(self) -> list[str]:
        """The warnings of the cards that wait; acting on one reads what was told about it."""
        return [task.warning.subject for task in self.tasks if task.kind in ASKING]

    @property
    def number(self) -> int:
        """How many things wait: what the navigation and the title of the page say."""
        cards = sum(1 for task in self.tasks if task.kind in ASKING)
        return cards + len(self.waiting) + sum(kind.number for kind in self.findings) + bool(self.alarms) + self.unread

    @property
    def under_way(self) -> int:
        return sum(1 for task in self.tasks if task.kind not in ASKING)

    @property
    def kinds(self) -> list[Kind]:
        """What is counted by kind, the most pressing first."""
        found = list(self.findings)
        if self.alarms:
            address = f"{reverse('alarms')}?state=unacknowledged"
            found.insert(0, Kind(_("报警未确认"), self.alarms, address))
        return found


def asked_of(user: User, scope: Scope, now: datetime) -> Asked:
    """What waits for ``user``; worked out once while a page is being read."""

    def find() -> Asked:
        return _find(user, scope, now)

    return once_a_page(("asked", user.pk), find) or find()


def _find(user: User, scope: Scope, now: datetime) -> Asked:
    staff = entitlements.enterprises_of(user, now, STAFF)
    desks = entitlements.agencies_of(user, now, HANDLERS)
    tasks = todo_for(scope, user.person, now)
    if over_all := entitlements.enterprises_of(user, now, OVERSEERS):
        tasks += owed_by_staff(scope, over_all, tasks, now)
    if desks:
        tasks += tracked(scope, _codes(scope, desks), tasks, COUNTED)
    asked = Asked(
        tasks=tasks,
        waiting=_waiting(user, scope, now),
        findings=_findings(scope, staff, desks),
        alarms=_unacknowledged(scope, staff, now) if staff else 0,
    )
    asked.unread = unread_of(scope, asked).order_by()[: COUNTED + 1].count()
    return asked


def _waiting(user: User, scope: Scope, now: datetime) -> list[Waiting]:
    """What waits for a decision in any section: overdue first, then what begins first."""
    found = [each for section in sections() if section.todo for each in section.todo(user, scope, now)]
    return sorted(found, key=lambda each: (not each.overdue, each.starts_at or each.since))


def unread_of(scope: Scope, asked: Asked) -> QuerySet[Message]:
    """The unread notices that ``asked`` counts, the newest first."""
    return delivery.inbox(scope).filter(read_at__isnull=True).exclude(notice__subject__in=asked.subjects)


def _codes(scope: Scope, desks: frozenset[int]) -> list[str]:
    return list(Agency.objects.visible_to(scope).filter(pk__in=desks).values_list("code", flat=True))


def _unacknowledged(scope: Scope, staff: frozenset[int], now: datetime) -> int:
    rows = announced(scope, UNCLEARED & Q(acknowledged_at__isnull=True), now)
    return rows.filter(enterprise__in=staff).count()


def _findings(scope: Scope, staff: frozenset[int], desks: frozenset[int]) -> list[Kind]:
    """Findings that the person may take a step further: of the own enterprises, or those that the desk supervises."""
    found: list[Kind] = []
    if staff:
        rows = open_findings(scope).filter(enterprise__in=staff)
        found += _by_state(rows, {FindingState.ASSIGNED: _("问题待整改")})
    if desks:
        near = Q(enterprise__supervisor__in=desks) | Q(enterprise__county__in=desks)
        rows = open_findings(scope).filter(near | Q(enterprise__park__agency__in=desks))
        found += _by_state(
            rows,
            {
                FindingState.SUSPECTED: _("疑点待判定"),
                FindingState.OPEN: _("问题待交办"),
                FindingState.RECTIFIED: _("问题待核验"),
                FindingState.VERIFIED: _("问题待销号"),
            },
        )
    return found


def _by_state(rows: QuerySet[Any], titles: dict[FindingState, str]) -> list[Kind]:
    counted = dict(rows.order_by().values_list("state").annotate(number=Count("pk", distinct=True)))
    address = reverse("findings")
    return [
        Kind(title, counted[state], f"{address}?state={state}") for state, title in titles.items() if counted.get(state)
    ]
