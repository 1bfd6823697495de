"""What is read of commitments: who owes one, where a day stands, and what a day comes to."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from anlan.apps.commitments.form import SCHEMA
from anlan.apps.commitments.kinds import COMMIT
from anlan.apps.commitments.models import Assessment, Commitment, CommitmentVersion, WorkUnit, WorkUnitLevel
from anlan.apps.obligations import selectors as obligations
from anlan.apps.obligations.models import Obligation, ObligationState
from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import Enterprise
from anlan.apps.registry.selectors import equipment, locality
from anlan.apps.registry.selectors.register import enterprises_in
from anlan.rules.calendar import midnight, week_of
from anlan.rules.commitment import timeliness
from anlan.rules.duties import Category, Subject, duties_of
from anlan.rules.ratio import Ratio
from anlan.rules.rulebook import RulesInForce
from anlan.rules.submission import Judgement, Timeliness
from anlan.schema import Field

DUTY = "commitment"
"""Its key among the duties of categories (`anlan.rules.duties`)."""
_CATEGORIES = frozenset(map(str, Category))


def obliged(day: date, among: QuerySet[Enterprise] | None = None) -> list[Enterprise]:
    """Enterprises that owe a commitment on a day (ORG-10), in the order of their codes, with their supervisors.

    ``among``: a narrowed query; None: all under supervision, for the machine.
    """
    found = locality.supervised(among)
    counts = equipment.sources_by_enterprise([each.pk for each in found])
    rules = locality.rules_of(found, day)
    return [each for each in found if owes(each, counts.get(each.pk, 0), rules[each.pk])]


def owes(enterprise: Enterprise, sources: int, rules: RulesInForce) -> bool:
    """Whether the predicate of the duty holds for an enterprise, by the settings of its place."""
    kinds = frozenset(Category(kind) for kind in enterprise.kinds if kind in _CATEGORIES)
    return DUTY in duties_of(Subject(kinds, sources), rules.flag("commitment_of_producers"))


@dataclass(frozen=True)
class Day:
    """Where one enterprise stands with its commitment of a day."""

    enterprise: Enterprise
    row: Commitment | None
    judgement: Judgement

    @property
    def state(self) -> Timeliness:
        return self.judgement.timeliness


def days_of(enterprises: Iterable[Enterprise], day: date, now: datetime) -> list[Day]:
    """Of each enterprise where it stands on a day, by the rules of its place. Two queries."""
    among = list(enterprises)
    rows = {row.enterprise_id: row for row in Commitment.objects.by_the_machine().filter(day=day, enterprise__in=among)}
    rules = locality.rules_of(among, day)
    found = []
    for each in among:
        row = rows.get(each.pk)
        judged = timeliness(day, rules[each.pk], now, row.first_at if row is not None else None)
        found.append(Day(each, row, judged))
    return found


@dataclass(frozen=True)
class Figures:
    """What a day comes to among enterprises that owe a commitment (BUL, drills §4)."""

    obliged: int
    committed: int
    on_time: int
    missing: int

    @property
    def rate(self) -> str:
        """On time ÷ obliged, in per cent with two decimals; — on an empty base."""
        return Ratio(self.on_time, self.obliged).text


def figures(days: Collection[Day]) -> Figures:
    """Counts of a day's states."""
    done = sum(each.judgement.done for each in days)
    on_time = sum(each.state is Timeliness.ON_TIME for each in days)
    return Figures(len(days), done, on_time, len(days) - done)


def owed_in(scope: Scope) -> QuerySet[Obligation]:
    """One row a day and enterprise in scope that owed a commitment, with the enterprise and its supervisor."""
    return obligations.of_kind(scope, COMMIT).select_related("enterprise__supervisor")


def figures_in(scope: Scope, day: date) -> Figures:
    """What a day comes to in a scope, by what was owed on it: what is not counted there is not owed. One query."""
    start = midnight(day)
    rows = owed_in(scope).filter(due_at__gte=start, due_at__lt=start + timedelta(days=1))
    told = dict(rows.order_by().values_list("state").annotate(number=Count("pk")))
    on_time, late = told.get(ObligationState.DONE, 0), told.get(ObligationState.LATE, 0)
    owed = sum(told.values()) - told.get(ObligationState.CANCELLED, 0)
    return Figures(owed, on_time + late, on_time, owed - on_time - late)


def of_week(scope: Scope, day: date) -> QuerySet[Enterprise]:
    """Enterprises in scope that owed a commitment on any day of a week (Monday to Sunday) that has come to its hour,
    with ``owed`` (such days), ``on_time``, ``done`` and ``missed`` (owed and not on time); worst first."""
    week = week_of(day)

    def number(*states: str) -> Coalesce:
        return obligations.number_of_enterprise(COMMIT, week.start, week.end, states)

    on_time, done = number(ObligationState.DONE), number(ObligationState.DONE, ObligationState.LATE)
    owed = number(ObligationState.DONE, ObligationState.LATE, ObligationState.OVERDUE)
    seen = enterprises_in(scope).select_related("supervisor")
    rows = seen.annotate(owed=owed, on_time=on_time, done=done, missed=owed - on_time)
    return rows.filter(owed__gt=0).order_by("-missed", "code")


def of_day(enterprise: Enterprise, day: date) -> Commitment:
    """The row of an enterprise for a day; an empty one that is not saved where nobody has entered anything."""
    found = Commitment.objects.by_the_machine().filter(enterprise=enterprise, day=day).first()
    row = found or Commitment(enterprise=enterprise, day=day)
    row.enterprise = enterprise
    return row


def last_days(enterprise: Enterprise, before: date, number: int = 7) -> list[Commitment]:
    """The last days before a day on which something was entered, the newest first."""
    rows = Commitment.objects.by_the_machine().filter(enterprise=enterprise, day__lt=before)
    return list(rows.order_by("-day")[:number])


def of_the_day(column: str, day: Any) -> Subquery:
    """For rows with an ``enterprise``: a column of its commitment of a day (an expression); None without one."""
    mine = Commitment.objects.by_the_machine().filter(enterprise=OuterRef("enterprise_id"), day=day)
    return Subquery(mine.values(column)[:1])


def versions_of(commitment: Commitment) -> list[CommitmentVersion]:
    """All that was promised on that day, the first version first."""
    return list(commitment.versions.select_related("person", "acting_for"))


def board_of(code: str) -> tuple[Enterprise, CommitmentVersion | None] | None:
    """For the public page: an enterprise under supervision with what its announcement shows, the latest version of the
    latest day on which there is one; None without such an enterprise. Open to everybody (COM-10)."""
    found = equipment.enterprise_with(code)
    return (found, _latest_of(found)) if found is not None else None


def _latest_of(enterprise: Enterprise) -> CommitmentVersion | None:
    rows = CommitmentVersion.objects.by_the_machine().filter(enterprise=enterprise).select_related("commitment")
    return rows.order_by("-commitment__day", "-number").first()


def item_of_form(key: str) -> Field:
    """A declared item of the commitment: its title and unit, for whoever speaks of it. KeyError for no item."""
    return SCHEMA[key]


def workshops_of(enterprise: Enterprise) -> list[WorkUnit]:
    """The workshops of an enterprise that are in use. Machine's own read."""
    rows = WorkUnit.objects.by_the_machine().filter(enterprise=enterprise, level=WorkUnitLevel.WORKSHOP, is_active=True)
    return list(rows)


@dataclass(frozen=True)
class Unit:
    """A workshop with its teams, and what they handed in on a day."""

    row: WorkUnit
    assessment: Assessment | None
    teams: tuple[Unit, ...] = ()

    @property
    def missing(self) -> bool:
        return self.assessment is None


def units_of(enterprise: Enterprise, day: date) -> list[Unit]:
    """Workshops in use with their teams and the latest assessment of each on a day. Two queries."""
    rows = list(WorkUnit.objects.by_the_machine().filter(enterprise=enterprise, is_active=True))
    latest: dict[int, Any] = {}
    for each in Assessment.objects.by_the_machine().filter(enterprise=enterprise, day=day):
        latest[each.unit_of_work_id] = each
    teams: dict[int, list[Unit]] = {}
    for row in rows:
        if row.parent_id is not None:
            teams.setdefault(row.parent_id, []).append(Unit(row, latest.get(row.pk)))
    return [
        Unit(row, latest.get(row.pk), tuple(teams.get(row.pk, ())))
        for row in rows
        if row.level == WorkUnitLevel.WORKSHOP
    ]
