"""What the clock does when a step of a warning falls due: 警示通报, 现场核查督办, 处置报告逾期.

Called by `obligations.run_due` with a batch of rows, ahead of the claiming transaction: it reads and words, and what it
returns is written under the lock, or worked out again when somebody decided in between. A constant number of statements
for any number of rows. Steps missed in an outage are each recorded; one merged notice is sent.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import TextField
from django.db.models.functions import Cast

from anlan.apps.alarms import selectors as alarms_selectors
from anlan.apps.alarms.selectors import StandingAlarm
from anlan.apps.delivery import services as delivery
from anlan.apps.delivery.services import Draft
from anlan.apps.journal import services as journal
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Obligation, ObligationState
from anlan.apps.obligations.services import Firing, Prepared
from anlan.apps.registry.selectors import routing as registry
from anlan.apps.registry.selectors.routing import Surroundings
from anlan.apps.warnings import kinds
from anlan.apps.warnings.models import LevelEpisode, SiteOrder, Warning
from anlan.apps.warnings.services import wording
from anlan.apps.warnings.services.posting import Timing, Wording, addressed, draft, refresh_next_due
from anlan.apps.warnings.services.situation import instant, ladder_of
from anlan.apps.watchlist.services import Listed, Reason, listed
from anlan.database import bulk
from anlan.rules.episodes import Clock
from anlan.rules.ladder import Ladder, Step, merge
from anlan.rules.level import Level
from anlan.rules.routing import (
    Recipient,
    RecipientKind,
    order_unit,
    overdue_report_recipients,
    step_recipients,
)
from anlan.rules.rulebook import LOCAL_LABEL
from anlan.rules.slots import POSTS, Slot


@dataclass(frozen=True, slots=True)
class _Episode:
    """What firing needs of a level episode and its warning, without the rows: a batch has a thousand of them."""

    pk: int
    warning_id: int
    level: Level
    clock: Clock | None
    """None once the episode has ended, and at blue."""

    @property
    def subject(self) -> str:
        return f"warning:{self.warning_id}"


def fire_notices(rows: Sequence[Obligation], firing: Firing) -> Prepared:
    """第十至十二条: send the newest step due of each episode, record the older ones as missed, plan the next."""
    episodes = _episodes({row.payload["episode"] for row in rows})
    slots = {episode.clock.ladder.notice_to for episode in episodes.values() if episode.clock is not None}
    places = _places(rows, firing, slots)
    alarms = _alarms(rows)
    drafts: list[Draft] = []
    acts: list[journal.Act] = []
    planned: list[Obligation] = []
    watched: list[Reason] = []
    for row in rows:
        episode = episodes[row.payload["episode"]]
        clock = episode.clock
        if clock is None or row.step is None:
            row.state = ObligationState.CANCELLED
            continue
        place = places[_source_of(row)]
        steps = clock.due_steps(row.step - 1, firing.until)
        newest, missed = _merged(steps, firing)
        row.state, rest = _states(row, steps, firing)
        planned += [*rest, _next(row, clock.next_step(newest.number))]
        to = addressed(place, notice_recipients(clock.ladder, place))
        stood = newest.due - clock.started_at
        said = wording.step(place, clock.ladder.level, newest.number, stood, len(missed), _of(alarms, row))
        key = f"w{episode.warning_id}:notice:e{episode.pk}:{newest.number}"
        timing = Timing(newest.due, firing.now, newest.number, missed)
        words = Wording(*said, clock.ladder.article)
        drafts.append(draft(place, episode.warning_id, kinds.NOTICED, key, episode.level, timing, to, words))
        after = {
            "step": newest.number, "due": newest.due, "missed": list(missed), "to": [item.id for item in to],
            "notices": [delivery.fact(drafts[-1])],
        }  # fmt: skip
        acts.append(journal.Act(place.chain, "notice_sent", firing.now, subject=episode.subject, after=after))
        watched.append(Reason(place.enterprise, kinds.WATCHED, episode.subject, said[0]))
    on_list = listed(watched, at=firing.now)
    acts += on_list.acts
    return _prepared(
        drafts, acts, {episode.warning_id for episode in episodes.values()}, planned=planned, on_list=on_list
    )


def fire_site_orders(rows: Sequence[Obligation], firing: Firing) -> Prepared:
    """第十至十二条: issue the site order to its tracker alone; it stays open until answered."""
    episodes = _episodes({int(row.key.removeprefix("site_order:e")) for row in rows})
    places = _places(rows, firing, {Slot(row.payload["by"]) for row in rows})
    alarms = _alarms(rows)
    drafts: list[Draft] = []
    acts: list[journal.Act] = []
    orders: list[SiteOrder] = []
    for row in rows:
        episode, place = episodes[int(row.key.removeprefix("site_order:e"))], places[_source_of(row)]
        level = Level(row.payload["level"])
        to = addressed(place, order_recipients(Slot(row.payload["by"]), place))
        late = firing.is_late(row.due_at)
        row.state = ObligationState.MISSED if late else ObligationState.FIRED
        orders.append(
            SiteOrder(
                warning_id=episode.warning_id,
                enterprise_id=place.enterprise.pk,
                episode_id=episode.pk,
                tracker_id=to[0].agency_id if to else None,
                due_at=row.due_at,
                issued_at=firing.now,
            )
        )
        said = wording.site_order(place, level, row.due_at - instant(row.payload["clock"]), _of(alarms, row))
        key = f"w{episode.warning_id}:site_order:e{episode.pk}"
        timing = Timing(row.due_at, firing.now, missed=(row.due_at,) if late else ())
        words = Wording(*said, row.article)
        drafts.append(draft(place, episode.warning_id, kinds.ORDERED, key, episode.level, timing, to, words))
        after = {
            "level": level, "due": row.due_at, "late": late, "to": [item.id for item in to], "episode": episode.pk,
            "notices": [delivery.fact(drafts[-1])],
        }  # fmt: skip
        acts.append(journal.Act(place.chain, "site_order_issued", firing.now, subject=episode.subject, after=after))
    return _prepared(drafts, acts, {episode.warning_id for episode in episodes.values()}, orders=orders)


def fire_reports(rows: Sequence[Obligation], firing: Firing) -> Prepared:
    """No report within the hour of 第九条: an item for the county/park slot; the report itself stays owed.

    That anybody is told of it stands in no article: 本地设定.
    """
    known = Warning.objects.by_the_machine().filter(pk__in=[row.payload["warning"] for row in rows])
    levels = {pk: Level(level) for pk, level in known.values_list("pk", "level")}
    places = _places(rows, firing, {Slot.COUNTY_PARK})
    drafts: list[Draft] = []
    acts: list[journal.Act] = []
    for row in rows:
        warning_id, place = row.payload["warning"], places[_source_of(row)]
        row.state = ObligationState.OVERDUE
        to = addressed(place, overdue_report_recipients(place.context, place.settings))
        timing = Timing(row.due_at, firing.now, missed=(row.due_at,) if firing.is_late(row.due_at) else ())
        words = Wording(*wording.report_overdue(place, row.due_at), LOCAL_LABEL)
        key = f"w{warning_id}:report_overdue"
        drafts.append(draft(place, warning_id, kinds.REPORT_OVERDUE, key, levels[warning_id], timing, to, words))
        after = {"due": row.due_at, "to": [item.id for item in to], "notices": [delivery.fact(drafts[-1])]}
        acts.append(journal.Act(place.chain, "report_overdue", firing.now, subject=row.subject, after=after))
    return _prepared(drafts, acts, levels.keys())


def _episodes(pks: Collection[int]) -> dict[int, _Episode]:
    rows = LevelEpisode.objects.by_the_machine().filter(pk__in=pks).order_by()
    values = rows.annotate(snapshot=Cast("ladder", TextField())).values_list(
        "pk", "warning_id", "warning__level", "started_at", "clock_started_at", "ended_at", "snapshot"
    )
    found = {}
    for pk, warning_id, level, started_at, clock_started_at, ended_at, snapshot in values:
        runs = ended_at is None and snapshot != "{}"
        clock = Clock(ladder_of(snapshot), clock_started_at, started_at) if runs else None
        found[pk] = _Episode(pk, warning_id, Level(level), clock)
    return found


def _places(rows: Sequence[Obligation], firing: Firing, slots: set[Slot]) -> dict[int, Surroundings]:
    """The surroundings of the rows' sources, as far as these slots need them."""
    sources = {row.source_id for row in rows if row.source_id is not None}
    return registry.surroundings(sources, firing.now, holders=not slots.isdisjoint(POSTS))


def _source_of(row: Obligation) -> int:
    """The source that a due thing is about. Raises ValueError without one: none of these kinds is planned so."""
    if row.source_id is None:
        raise ValueError(f"{row.key} is about no source")
    return row.source_id


def _alarms(rows: Sequence[Obligation]) -> dict[int, StandingAlarm]:
    """What stands at the rows' sources, so that a message names it. One query for all."""
    return alarms_selectors.gravest_of({row.source_id for row in rows if row.source_id is not None})


def _of(alarms: dict[int, StandingAlarm], row: Obligation) -> StandingAlarm | None:
    return None if row.source_id is None else alarms.get(row.source_id)


def _merged(steps: Sequence[Step], firing: Firing) -> tuple[Step, tuple[datetime, ...]]:
    """The step to send and the due times it stands for; none when it is the only one and sent in time."""
    newest = steps[-1]
    if len(steps) == 1 and not firing.is_late(newest.due):
        return newest, ()
    merged = merge(steps, firing.now)
    assert merged is not None
    return newest, merged.missed or (newest.due,)


def _states(row: Obligation, steps: Sequence[Step], firing: Firing) -> tuple[str, list[Obligation]]:
    """The state of the claimed row, which is the oldest step, and a row for each later one."""
    states = [ObligationState.MISSED if firing.is_late(step.due) else ObligationState.FIRED for step in steps]
    rest = []
    for step, state in zip(steps[1:], states[1:], strict=True):
        later = _next(row, step)
        later.state, later.fired_at = state, firing.now
        rest.append(later)
    return states[0], rest


def _next(row: Obligation, step: Step) -> Obligation:
    return bulk.fresh(
        Obligation,
        key=f"notice:e{row.payload['episode']}:{step.number}",
        kind=kinds.NOTICE,
        subject=row.subject,
        enterprise_id=row.enterprise_id,
        source_id=row.source_id,
        step=step.number,
        due_at=step.due,
        article=row.article,
        payload=row.payload,
    )


def notice_recipients(ladder: Ladder, place: Surroundings) -> list[Recipient]:
    """Who gets the notices of an episode, by its own ladder and as the slots are filled now."""
    return step_recipients(ladder, place.context, place.settings)


def order_recipients(by: Slot, place: Surroundings) -> list[Recipient]:
    """The one agency that a site order goes to; empty when nobody fills the slot."""
    unit = order_unit(by, place.context)
    return [] if unit is None else [Recipient(unit.id, RecipientKind.AGENCY, by)]


def _prepared(
    drafts: Sequence[Draft], acts: Sequence[journal.Act], warnings: Collection[int], *,
    planned: Sequence[Obligation] = (), orders: Sequence[SiteOrder] = (), on_list: Listed | None = None,
) -> Prepared:  # fmt: skip
    posting = delivery.prepare(drafts)

    def write() -> None:
        obligations.add(planned)
        bulk.insert(orders)
        if on_list is not None:
            on_list.write()
        delivery.write(posting)
        refresh_next_due(warnings)
        for code, kind in {posted.enterprise.code: posted.kind for posted in drafts}.items():
            delivery.hint("warning", code, kind=kind)

    return Prepared(write, acts)
