"""Turns the router's answers into notices in the outbox, and slots that nobody fills into findings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import CharField, OuterRef, Value
from django.db.models.functions import Cast, Concat

from anlan.apps.alarms import selectors as alarms
from anlan.apps.delivery import services as delivery
from anlan.apps.delivery.services import Draft, To, addressing
from anlan.apps.obligations import selectors as obligations
from anlan.apps.registry.selectors.routing import Surroundings
from anlan.apps.warnings import kinds
from anlan.apps.warnings.models import LevelEpisode, Told, Warning
from anlan.apps.warnings.services import wording
from anlan.apps.warnings.services.situation import Standing
from anlan.declared import Kind
from anlan.rules.level import Level
from anlan.rules.routing import Recipient
from anlan.rules.rulebook import LOCAL_LABEL
from anlan.rules.telling import Telling, ordered_by

DUE_KINDS = (kinds.NOTICE, kinds.SITE_ORDER, kinds.REPORT)
"""What shows as the next due time of a warning; a re-grading is the machine's own business."""


def addressed(place: Surroundings, recipients: Iterable[Recipient]) -> tuple[To, ...]:
    """The router's answer as addresses of the outbox."""
    return addressing.addressed(place.addresses, recipients)


def tell(
    place: Surroundings, warning: Warning, episode: LevelEpisode, telling: Telling, level: Level, at: datetime,
    mark: str = "", new_holder: bool = False,
) -> list[Draft]:  # fmt: skip
    """The notices of a change of level or holder, and the memory of who was reached. ``mark`` tells changes apart
    that belong to one episode; ``new_holder``: nothing changed but who holds a post."""
    told = addressed(place, telling.informed)
    slots = {recipient.id: recipient.slot for recipient in telling.informed}
    Told.objects.bulk_create(
        Told(
            warning=warning,
            enterprise=place.enterprise,
            recipient=to.id,
            name=to.name,
            slot=slots[to.id],
            at=at,
        )
        for to in told
    )
    tellings = {
        kinds.INFORMED: told,
        kinds.UPGRADED: addressed(place, telling.upgraded),
        kinds.DOWNGRADED: addressed(place, telling.downgraded),
        kinds.CLEARED: addressed(place, telling.cleared),
    }
    drafts = []
    alarm = alarms.gravest_of([place.source.pk]).get(place.source.pk) if any(tellings.values()) else None
    for kind, to in tellings.items():
        if to:
            said = wording.telling(kind, place, level, warning, alarm)
            key = f"w{warning.pk}:{kind}:e{episode.pk}{mark}"
            article = ordered_by(level, place.rules, new_holder=new_holder) if kind in _ORDERED else LOCAL_LABEL
            words = Wording(*said, article)
            drafts.append(draft(place, warning.pk, kind, key, level, Timing(at, at), to, words))
    return drafts


_ORDERED = (kinds.INFORMED, kinds.UPGRADED)
"""Tellings that 第五至七条 order. That a level has fallen or a warning is cleared no article has anybody told."""


@dataclass(frozen=True, slots=True)
class Wording:
    """What a notice says, and the article that has it said."""

    title: str
    body: str
    article: str


@dataclass(frozen=True, slots=True)
class Timing:
    """When a notice was due and is sent; ``step`` of the ladder, and the earlier due times that it stands for."""

    due_at: datetime
    sent_at: datetime
    step: int | None = None
    missed: Sequence[datetime] = ()


def draft(
    place: Surroundings, warning_id: int, kind: Kind, key: str, level: Level, timing: Timing, to: tuple[To, ...],
    words: Wording,
) -> Draft:  # fmt: skip
    """A draft about a warning."""
    return Draft(
        key=key,
        kind=kind,
        subject=f"warning:{warning_id}",
        enterprise=place.enterprise,
        source_id=place.source.pk,
        level=level,
        due_at=timing.due_at,
        sent_at=timing.sent_at,
        to=to,
        title=words.title,
        body=words.body,
        article=words.article,
        step=timing.step,
        missed=tuple(timing.missed),
    )


def finish(standing: Standing, drafts: Sequence[Draft], kind: str) -> None:
    """End a decision: post, journal, keep the copy of the next due time, and wake the pages."""
    delivery.post_all(drafts)
    warning = standing.warning
    if drafts:
        standing.note("told", drafts[0].sent_at, after={"notices": [delivery.fact(each) for each in drafts]})
    if warning is not None:
        refresh_next_due([warning.pk])
        delivery.hint("warning", standing.place.enterprise.code, id=warning.pk, kind=kind)
    standing.write()


def refresh_next_due(warnings: Collection[int]) -> None:
    """Copy the soonest pending due time of each of these warnings (their keys) into its row, for sorting."""
    subject = Concat(Value("warning:"), Cast(OuterRef("pk"), CharField()))
    rows = Warning.objects.by_the_machine().filter(pk__in=list(warnings))
    rows.order_by().update(next_due_at=obligations.soonest_of(subject, DUE_KINDS))
