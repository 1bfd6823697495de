"""What the clock does about commitments: it owes them every morning, asks before the hour, and tells who has not.

信息通报制度 第四条、第五条 count who committed in time; 数据质量管理办法 第七条 says by when. Both instants are those
of the place of the enterprise: an agency may only be stricter than the regulation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from anlan.rules.calendar import at as on_clock
from anlan.rules.calendar import civil
from anlan.rules.commitment import deadline
from anlan.rules.recurrence import Daily, Turn
from anlan.rules.routing import Recipient, RecipientKind, overdue_report_recipients
from anlan.rules.slots import Slot


def subject_of(enterprise: Enterprise) -> str:
    """What the duty of an enterprise is about; the turn says of which day."""
    return f"commitment:{enterprise.code}"


def _owing(day: date) -> Iterator[Owed]:
    enterprises = obliged(day)
    rules = locality.rules_of(enterprises, day)
    for each in enterprises:
        yield Owed(subject_of(each), each, due_at=deadline(day, rules[each.pk]).at)


def _reminded(day: date) -> Iterator[Owed]:
    enterprises = obliged(day)
    rules = locality.rules_of(enterprises, day)
    for each in enterprises:
        moment = on_clock(day, rules[each.pk].clock("commitment_reminder"))
        yield Owed(subject_of(each), each, due_at=min(moment, deadline(day, rules[each.pk]).at))


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
    principals = principals_of([enterprise for _, enterprise, _ in waiting], rows[0].due_at)
    drafts = []
    for row, enterprise, since in waiting:
        row.state = ObligationState.FIRED
        person = principals[enterprise.pk].reached
        if person is not None:
            title = _("%(name)s %(day)s 的安全承诺还没有作出，%(until)s 前承诺") % _named(row, enterprise)
            drafts.append(_draft(row, enterprise, kinds.REMINDED, (to_person(person, _("承诺人")),), title, since))
    delivery.post_all(drafts)


def _overdue(rows: Sequence[Obligation]) -> None:
    """COM-06: at the hour the enterprise and its county or park are told; the duty stays owed until the day is over.

    After an outage it is judged as of the hour: who committed between the hour and the return was late, and is told of.
    """
    waiting = _owing_then(rows)
    around = neighbourhoods({enterprise.pk for _, enterprise, _ in waiting}, rows[0].due_at)
    drafts = []
    for row, enterprise, since in waiting:
        place = around[enterprise.pk]
        own = Recipient(place.context.enterprise, RecipientKind.ENTERPRISE, Slot.ENTERPRISE)
        to = addressed(place.addresses, [own, *overdue_report_recipients(place.context, place.settings)])
        title = _("%(name)s 到 %(until)s 没有作出 %(day)s 的安全承诺") % _named(row, enterprise)
        drafts.append(_draft(row, enterprise, kinds.UNCOMMITTED, to, title, since))
        if since is not None and since.first_at is not None:
            row.state = ObligationState.LATE
            obligations.noted(row, at=since.first_at, evidence=since.about)
        hint("commitment", enterprise.code, kind="uncommitted")
    delivery.post_all(drafts)


def _owing_then(rows: Sequence[Obligation]) -> list[tuple[Obligation, Enterprise, Commitment | None]]:
    """Of rows of one kind those whose enterprise is obliged and had not committed at their instant, with what it has
    committed since; the others are cancelled."""
    promised = Commitment.objects.by_the_machine().filter(
        enterprise__in={row.enterprise_id for row in rows}, day__in={_day(row) for row in rows}, first_at__isnull=False
    )
    first = {(row.enterprise_id, row.day): row for row in promised}
    owing = {each.pk: each for each in obliged(_day(rows[0]))}
    waiting = []
    for row in rows:
        enterprise = owing.get(row.enterprise_id or 0)
        since = first.get((row.enterprise_id or 0, _day(row)))
        if enterprise is None or (since is not None and since.first_at is not None and since.first_at <= row.due_at):
            row.state = ObligationState.CANCELLED
        else:
            waiting.append((row, enterprise, since))
    return waiting


def _named(row: Obligation, enterprise: Enterprise) -> dict[str, str]:
    until = civil(deadline(_day(row), locality.rules_of_one(enterprise, _day(row))).at)
    return {"name": enterprise.name, "day": str(_day(row)), "until": f"{until:%H:%M}"}


def _draft(
    row: Obligation, enterprise: Enterprise, kind: str, to: tuple[To, ...], title: str, since: Commitment | None
) -> Draft:
    done_at = since.first_at if since is not None else None
    body = "" if done_at is None else _("后来在 %(at)s 作出") % {"at": f"{civil(done_at):%H:%M:%S}"}
    return Draft(
        key=f"{kind}:{enterprise.code}:{_day(row)}", kind=kind, subject=row.subject, enterprise=enterprise,
        source_id=None, level="", due_at=row.due_at, sent_at=row.fired_at or row.due_at, to=to, title=title[:120],
        body=body, article=row.article,
    )  # fmt: skip


def _day(row: Obligation) -> date:
    return date.fromisoformat(row.payload["turn"])


COMMITMENT = Duty(kinds.COMMIT, Daily(), _owing, _overdue, _shown)
REMINDER = Duty(kinds.REMIND, Daily(), _reminded, _remind, _shown)
