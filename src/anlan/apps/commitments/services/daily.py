"""What the clock does about commitments: it owes them every morning, asks before the hour, and tells who has not.

信息通报制度 第四条、第五条 count who committed in time; 数据质量管理办法 第七条 says by when. Both instants are those
of the place of the enterprise: an agency may only be stricter than the regulation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext as _

from anlan.apps.commitments import kinds
from anlan.apps.commitments.entitled import principals_of
from anlan.apps.commitments.models import Commitment
from anlan.apps.commitments.selectors import obliged
from anlan.apps.delivery import services as delivery
from anlan.apps.delivery.services import Draft, To, hint
from anlan.apps.delivery.services.addressing import addressed, to_person
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Obligation, ObligationState
from anlan.apps.obligations.services.duties import Duty, Owed
from anlan.apps.registry.models import Enterprise
from anlan.apps.registry.selectors import locality
from anlan.apps.registry.selectors.routing import neighbourhoods
from anlan.rules.calendar import civil
from anlan.rules.commitment import deadline, reminder
from anlan.rules.recurrence import Daily, Turn
from anlan.rules.routing import Recipient, RecipientKind, overdue_report_recipients
from anlan.rules.rulebook import RulesInForce
from anlan.rules.slots import Slot


def subject_of(enterprise: Enterprise) -> str:
    """What the duty of an enterprise is about; the turn says of which day."""
    return f"commitment:{enterprise.code}"


def _owing(moment: Callable[[date, RulesInForce], datetime]) -> Callable[[date], Iterator[Owed]]:
    """Who owes a commitment on a day, each at the ``moment`` that the rules of its place name."""

    def who(day: date) -> Iterator[Owed]:
        enterprises = obliged(day)
        rules = locality.rules_of(enterprises, day)
        for each in enterprises:
            yield Owed(subject_of(each), each, due_at=moment(day, rules[each.pk]))

    return who


def _owed_at(day: date, rules: RulesInForce) -> datetime:
    return deadline(day, rules).at


def _shown(turn: Turn) -> dict[str, tuple[str, datetime]]:
    done = Commitment.objects.by_the_machine().filter(day=turn.first, first_at__isnull=False)
    return {
        subject_of(row.enterprise): (row.about, row.first_at)
        for row in done.select_related("enterprise")
        if row.first_at is not None
    }


def _remind(rows: Sequence[Obligation]) -> None:
    """COM-06: asks whoever commits, before the hour; those who had committed by then are asked nothing."""
    waiting = _owing_then(rows)
    principals = principals_of([each.enterprise for each in waiting], rows[0].due_at)
    drafts = []
    for each in waiting:
        each.row.state = ObligationState.FIRED
        person = principals[each.enterprise.pk].reached
        if person is not None:
            title = _("%(name)s %(day)s 的安全承诺还没有作出，%(until)s 前承诺")
            drafts.append(each.draft(kinds.REMINDED, (to_person(person, _("承诺人")),), title))
    delivery.post_all(drafts)


def _overdue(rows: Sequence[Obligation]) -> None:
    """COM-06: at the hour the enterprise and its county or park are told; the duty stays owed until the day is over.

    After an outage it is judged as of the hour: who committed between the hour and the return was late, and is told of.
    """
    waiting = _owing_then(rows)
    around = neighbourhoods({each.enterprise.pk for each in waiting}, rows[0].due_at)
    drafts = []
    for each in waiting:
        place = around[each.enterprise.pk]
        own = Recipient(place.context.enterprise, RecipientKind.ENTERPRISE, Slot.ENTERPRISE)
        to = addressed(place.addresses, [own, *overdue_report_recipients(place.context, place.settings)])
        title = _("%(name)s 到 %(until)s 没有作出 %(day)s 的安全承诺")
        drafts.append(each.draft(kinds.UNCOMMITTED, to, title))
        if each.since is not None and each.since.first_at is not None:
            each.row.state = ObligationState.LATE
            obligations.noted(each.row, at=each.since.first_at, evidence=each.since.about)
        hint("commitment", each.enterprise.code, kind="uncommitted")
    delivery.post_all(drafts)


@dataclass(frozen=True)
class _Waiting:
    """One enterprise that had not committed at the instant of its row, and what it has committed since."""

    row: Obligation
    enterprise: Enterprise
    rules: RulesInForce
    since: Commitment | None

    def draft(self, kind: str, to: tuple[To, ...], title: str) -> Draft:
        """What is told of it; ``title`` may name the enterprise, the day and until when."""
        row, day = self.row, _day(self.row)
        until = civil(deadline(day, self.rules).at)
        named = {"name": self.enterprise.name, "day": str(day), "until": f"{until:%H:%M}"}
        done_at = self.since.first_at if self.since is not None else None
        body = "" if done_at is None else _("后来在 %(at)s 作出") % {"at": f"{civil(done_at):%H:%M:%S}"}
        return Draft(
            key=f"{kind}:{self.enterprise.code}:{day}", kind=kind, subject=row.subject, enterprise=self.enterprise,
            source_id=None, level="", due_at=row.due_at, sent_at=row.fired_at or row.due_at, to=to,
            title=(title % named)[:120], body=body, article=row.article,
        )  # fmt: skip


def _owing_then(rows: Sequence[Obligation]) -> list[_Waiting]:
    """Of rows of one kind those whose enterprise is obliged and had not committed at their instant; the others are
    cancelled."""
    keys = {row.enterprise_id for row in rows if row.enterprise_id is not None}
    promised = Commitment.objects.by_the_machine().filter(
        enterprise__in=keys, day__in={_day(row) for row in rows}, first_at__isnull=False
    )
    first = {(row.enterprise_id, row.day): row for row in promised}
    day = _day(rows[0])
    owing = {each.pk: each for each in obliged(day, locality.of_keys(keys))}
    rules = locality.rules_of(owing.values(), day)
    waiting = []
    for row in rows:
        enterprise = owing.get(row.enterprise_id or 0)
        since = first.get((row.enterprise_id or 0, _day(row)))
        if enterprise is None or (since is not None and since.first_at is not None and since.first_at <= row.due_at):
            row.state = ObligationState.CANCELLED
        else:
            waiting.append(_Waiting(row, enterprise, rules[enterprise.pk], since))
    return waiting


def _day(row: Obligation) -> date:
    return date.fromisoformat(row.payload["turn"])


COMMITMENT = Duty(kinds.COMMIT, Daily(), _owing(_owed_at), _overdue, _shown)
REMINDER = Duty(kinds.REMIND, Daily(), _owing(reminder), _remind, _shown)
