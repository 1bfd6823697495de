"""The report of the day's special work is owed every morning (PTW-02), by whoever owes a commitment (local setting).

The instant is that of the place of the enterprise. Nobody is told of a report that is missing: it is overdue, and the
enterprise, its county and all above see it so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from anlan.apps.commitments.selectors import obliged
from anlan.apps.delivery.services import hint
from anlan.apps.obligations.models import Obligation, ObligationState
from anlan.apps.obligations.services.duties import Duty, Owed
from anlan.apps.permits import kinds
from anlan.apps.permits.models import DayReport
from anlan.apps.permits.services.reporting import subject_of
from anlan.apps.registry.models import Enterprise
from anlan.apps.registry.selectors import locality
from anlan.rules.recurrence import Daily, Turn
from anlan.rules.special_work import deadline


def _owing(day: date) -> Iterator[Owed]:
    enterprises = obliged(day)
    rules = locality.rules_of(enterprises, day)
    for each in enterprises:
        if rules[each.pk].flag("special_work_report"):
            yield Owed(subject_of(each), each, due_at=deadline(day, rules[each.pk]).at)


def _shown(turn: Turn) -> dict[str, tuple[str, datetime]]:
    done = DayReport.objects.by_the_machine().filter(day=turn.first).select_related("enterprise")
    return {subject_of(row.enterprise): (row.about, row.reported_at) for row in done}


def _overdue(rows: Sequence[Obligation]) -> None:
    """Whoever owes it no more when it falls due, having left or become another, has it cancelled."""
    keys = {row.enterprise_id for row in rows if row.enterprise_id is not None}
    for day in {date.fromisoformat(row.payload["turn"]) for row in rows}:
        owing: dict[int, Enterprise] = {each.pk: each for each in obliged(day, locality.of_keys(keys))}
        for row in rows:
            if row.payload["turn"] != day.isoformat():
                continue
            enterprise = owing.get(row.enterprise_id or 0)
            if enterprise is None:
                row.state = ObligationState.CANCELLED
            else:
                hint("permit", enterprise.code, kind="overdue")


REPORT = Duty(kinds.REPORT, Daily(), _owing, _overdue, _shown)
