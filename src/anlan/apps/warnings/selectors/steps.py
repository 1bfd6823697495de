"""What is due next for a warning: when, what, to whom, by which article."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from anlan.apps.obligations import selectors as obligations
from anlan.apps.obligations.models import Obligation, ObligationState
from anlan.apps.registry.selectors import routing as registry
from anlan.apps.registry.selectors.routing import Surroundings
from anlan.apps.warnings import kinds
from anlan.apps.warnings.models import LevelEpisode, Warning
from anlan.apps.warnings.services.situation import clock_of
from anlan.apps.warnings.services.steps import notice_recipients, order_recipients
from anlan.rules.level import Level
from anlan.rules.routing import Recipient, overdue_report_recipients
from anlan.rules.rulebook import LOCAL_LABEL
from anlan.rules.slots import Slot

SHOWN = (kinds.NOTICE, kinds.SITE_ORDER, kinds.REPORT)


@dataclass(frozen=True, slots=True)
class NextStep:
    """One thing that will fall due. ``by_people``: somebody has to act before it; else the machine does it then.

    ``to`` are names: of those who will be told, or who organise the site check, or who will hear that a report is
    missing. ``overdue``: the report did not come within its hour.
    """

    kind: str
    due_at: datetime
    level: str
    to: tuple[str, ...]
    article: str
    step: int | None = None
    by_people: bool = False
    overdue: bool = False


def next_step(warning: Warning, now: datetime) -> NextStep | None:
    """The soonest due thing of a warning, an overdue report before all; None when nothing is due any more."""
    ahead = steps_ahead(warning, now, notices=1)
    return ahead[0] if ahead else None


def steps_ahead(warning: Warning, now: datetime, notices: int = 3) -> list[NextStep]:
    """Everything that stands due, soonest first; of the endless notices the next few. Reads for the machine: the
    caller found the warning in a scope."""
    rows = [
        row
        for row in obligations.of_subject(warning.subject)
        if row.kind in SHOWN and row.state in (ObligationState.PENDING, ObligationState.OVERDUE)
    ]
    if not rows:
        return []
    place = registry.surroundings([warning.source_id], now)[warning.source_id]
    found: list[NextStep] = []
    for row in rows:
        if row.kind == kinds.NOTICE:
            found += _notices(row, warning, place, notices)
        elif row.kind == kinds.SITE_ORDER:
            to = _names(place, order_recipients(Slot(row.payload["by"]), place))
            found.append(NextStep(row.kind, row.due_at, row.payload["level"], to, row.article))
        else:
            to = _names(place, overdue_report_recipients(place.context, place.settings))
            overdue = row.state == ObligationState.OVERDUE
            law = LOCAL_LABEL if overdue else row.article  # the hour is the article's; that the county hears is not
            found.append(NextStep(row.kind, row.due_at, warning.level, to, law, None, True, overdue))
    return sorted(found, key=lambda step: (not step.overdue, step.due_at))


def _notices(row: Obligation, warning: Warning, place: Surroundings, count: int) -> list[NextStep]:
    episode = LevelEpisode.objects.by_the_machine().filter(pk=row.payload["episode"]).first()
    clock = clock_of(episode) if episode is not None else None
    if clock is None or row.step is None:
        return []
    to = _names(place, notice_recipients(clock.ladder, place))
    steps = []
    for number in range(row.step, row.step + count):
        due = clock.next_step(number - 1).due
        steps.append(NextStep(row.kind, due, Level(warning.level), to, row.article, number))
    return steps


def _names(place: Surroundings, recipients: list[Recipient]) -> tuple[str, ...]:
    return tuple(place.address(recipient).name for recipient in recipients)
