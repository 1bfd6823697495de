"""The timeline of one warning: what was told, done and missed, and, hollow, what will fall due if nothing changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from anlan.apps.delivery import selectors as delivery
from anlan.apps.delivery.kinds import NOTICES
from anlan.apps.delivery.models import Notice
from anlan.apps.obligations import selectors as obligations
from anlan.apps.obligations.kinds import OBLIGATIONS
from anlan.apps.obligations.models import Obligation, ObligationState
from anlan.apps.warnings.models import Act, Confirmation, Warning
from anlan.apps.warnings.selectors.steps import NextStep, steps_ahead


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One line. ``kind`` is a notice kind, ``confirmed``, an act kind, or ``missed`` (due in an outage and not sent).

    ``future`` entries have not happened: ``at`` is when they fall due. ``to`` are names with the time each first read
    it. ``article`` is 本地设定 where no article says it.
    """

    at: datetime
    kind: str
    title: str
    text: str = ""
    level: str = ""
    step: int | None = None
    actor: str = ""
    article: str = ""
    due_at: datetime | None = None
    late: bool = False
    missed: tuple[datetime, ...] = ()
    to: tuple[tuple[str, datetime | None], ...] = ()
    future: bool = False
    overdue: bool = False
    automatic: bool = False

    @property
    def read(self) -> int:
        """How many of the recipients have read it."""
        return sum(1 for _name, read_at in self.to if read_at is not None)


def timeline(warning: Warning, now: datetime, ahead: int = 3) -> list[TimelineEntry]:
    """All of it in order of time, the future last. ``ahead``: how many of the endless notices to show.

    For who found the warning in a scope. A constant number of queries.
    """
    past = [_told(notice) for notice in delivery.notices_of(warning.subject)]
    past += [_confirmed(row) for row in Confirmation.objects.by_the_machine().filter(warning=warning)]
    past += [_acted(row) for row in Act.objects.by_the_machine().filter(warning=warning)]
    past += [_missed(row) for row in obligations.of_subject(warning.subject) if _is_unsent(row)]
    past.sort(key=lambda entry: entry.at)
    return past + [_ahead(step) for step in steps_ahead(warning, now, ahead)]


def _told(notice: Notice) -> TimelineEntry:
    return TimelineEntry(
        at=notice.sent_at,
        kind=notice.kind,
        title=str(NOTICES.label(notice.kind)),
        text=notice.body,
        level=notice.level,
        step=notice.step,
        article=notice.article,
        due_at=notice.due_at,
        late=notice.is_late,
        missed=tuple(datetime.fromisoformat(due) for due in notice.missed),
        to=tuple((message.recipient_name, message.read_at) for message in notice.messages.all()),
    )


def _confirmed(row: Confirmation) -> TimelineEntry:
    title = _("自动确认") if row.automatic else _("确认")
    actor = row.name if row.automatic else f"{row.name}（{row.post}）"
    return TimelineEntry(row.at, "confirmed", title, row.text, actor=actor, automatic=row.automatic)


def _acted(row: Act) -> TimelineEntry:
    actor = f"{row.unit} {row.actor_name}".strip()
    return TimelineEntry(row.at, row.kind, str(row.get_kind_display()), row.text, actor=actor)


def _is_unsent(row: Obligation) -> bool:
    return row.state == ObligationState.MISSED and row.fired_at is None


def _missed(row: Obligation) -> TimelineEntry:
    return TimelineEntry(
        at=row.due_at,
        kind="missed",
        title=_("停机错过，级别已变，未发"),
        text=OBLIGATIONS.label(row.kind),
        level=str(row.payload.get("level", "")),
        step=row.step,
        article=row.article,
        due_at=row.due_at,
    )


def _ahead(step: NextStep) -> TimelineEntry:
    return TimelineEntry(
        at=step.due_at,
        kind=step.kind,
        title=OBLIGATIONS.label(step.kind),
        level=step.level,
        step=step.step,
        article=step.article,
        due_at=step.due_at,
        to=tuple((name, None) for name in step.to),
        future=True,
        overdue=step.overdue,
    )
