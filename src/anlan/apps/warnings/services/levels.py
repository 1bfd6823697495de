"""Sets a hazard source's warning level: the one decision that everything else hangs on.

What follows from a change is decided by `anlan.rules.episodes` and `anlan.rules.telling`; here it becomes rows, all in
one transaction: the warning, its episodes, who was told, notices, messages, deliveries, due things, the journal. A kill
at any instant leaves all of it or nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from anlan.apps.delivery.services import Draft
from anlan.apps.obligations import selectors as due_things
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Obligation, ObligationState
from anlan.apps.org.actor import SYSTEM, Actor
from anlan.apps.registry.models import HazardSource
from anlan.apps.warnings import kinds
from anlan.apps.warnings.entitled import keeps
from anlan.apps.warnings.models import Confirmation, Kept, LevelEpisode, Origin, Warning
from anlan.apps.warnings.services import wording
from anlan.apps.warnings.services.numbers import next_number
from anlan.apps.warnings.services.posting import Timing, Wording, addressed, draft, finish, tell
from anlan.apps.warnings.services.situation import Standing, catch_up, hold, told_of
from anlan.apps.warnings.services.vacancies import close_filled, find_gaps
from anlan.declared import Kind
from anlan.rules import warning_handling
from anlan.rules.episodes import (
    Effect,
    EpisodeEnded,
    EpisodeStarted,
    OrderCancelled,
    OrderPlanned,
    WarningCleared,
    WarningOpened,
    transition,
)
from anlan.rules.level import Level
from anlan.rules.routing import Recipient, RecipientKind
from anlan.rules.rulebook import LOCAL_LABEL
from anlan.rules.slots import Slot
from anlan.rules.telling import on_level

AUTOMATIC = f"系统自动确认（{LOCAL_LABEL}）"
"""Name under which the machine confirms a warning that nobody confirmed before it was cleared; no article has it so."""


def set_level(
    source: HazardSource,
    level: str,
    *,
    at: datetime,
    reasons: Iterable[dict[str, Any]] = (),
    origin: str = Origin.GRADING,
    issuer: Actor = SYSTEM,
    first_out: dict[str, Any] | None = None,
) -> Warning | None:
    """Set the warning level of a source at ``at``; the level already in force changes nothing but the reasons.

    ``level`` none clears. Returns the warning that is or was open, None when there was none to clear. ``origin`` manual
    or loaded also keeps the level as set by hand: grading may rise above it and does not fall below it. An instant
    before the last change (a clock that was set back) counts as that last change. The machine's own act: nobody is
    asked for authority.
    """
    with transaction.atomic():
        standing = hold(source, at)
        return change(standing, Level(level), at, list(reasons), Origin(origin), issuer, first_out)


def change(
    standing: Standing,
    level: Level,
    at: datetime,
    reasons: list[dict[str, Any]],
    origin: Origin = Origin.GRADING,
    issuer: Actor = SYSTEM,
    first_out: dict[str, Any] | None = None,
    by: Actor = SYSTEM,
) -> Warning | None:
    """As `set_level`, for who already holds the source. ``issuer`` keeps the level by hand, ``by`` is whose act it is.

    What fell due before ``at`` goes out first: of all changes only one at or before a due instant is ahead of the step.
    """
    at = max(at, standing.state.changed_at or at)
    old = standing.state.level
    if level is not old:
        at = catch_up(standing, at)
    place = standing.place
    ladder = warning_handling.ladder_for(level, place.rules)
    moved = transition(standing.state, level, at, place.settings, ladder)
    if standing.warning is not None and origin is not Origin.GRADING and level is not Level.NONE:
        _keep_by_hand(standing.warning, level, issuer)
    if not moved.effects:
        if standing.warning is not None and reasons and standing.warning.reasons != reasons:
            standing.warning.reasons = reasons
            standing.warning.save(update_fields=["reasons"])
        return standing.warning
    noted = len(standing.acts)
    left_episode = standing.episode
    cleared: list[Draft] = []
    for effect in moved.effects:
        cleared += _carry_out(standing, effect, level, at, reasons, origin, issuer, first_out)
    obligations.add(standing.planned)
    standing.planned = []
    standing.state = moved.state
    warning = standing.warning
    standing.note("level_set", at, by, {"level": old}, _said(warning, level, origin, issuer))
    standing.acts.insert(noted, standing.acts.pop())  # it comes first, but a new warning has its name only now
    episode = standing.episode or left_episode
    assert warning is not None  # an effect opened it, or it was open
    assert episode is not None
    told = [] if old is Level.NONE else told_of([warning.pk])[warning.pk]
    telling = on_level(old, level, place.context, told, place.settings, place.rules)
    drafts = tell(place, warning, episode, telling, old if level is Level.NONE else level, at)
    if level > old:
        find_gaps(place, level, at)
        if old is not Level.NONE:
            close_filled(place, at)
    finish(standing, drafts + cleared, "raised" if old is Level.NONE else "level")
    return warning


def _said(warning: Warning | None, level: Level, origin: Origin, issuer: Actor) -> dict[str, Any]:
    """What the journal keeps of a change of level."""
    said: dict[str, Any] = {"level": level, "origin": origin, "issuer": _title(issuer)}
    if origin is not Origin.GRADING and level is not Level.NONE and warning is not None:
        said |= {"by_hand": warning.manual_by, "named": warning.issuer}
    return said


def _title(issuer: Actor) -> str:
    """How somebody who sets a level by hand is named on the warning: the person and the agency."""
    return issuer.title[:60]


def _key(issuer: Actor) -> str:
    """Under whose id a level set by hand is kept; what nobody set (an example that was loaded) under none."""
    return "" if issuer == SYSTEM else issuer.id


def _keep_by_hand(warning: Warning, level: Level, issuer: Actor) -> None:
    """Note that somebody keeps the warning at a level. What others keep stands, and only they lift it: who sets the
    same level again keeps nothing, who sets a graver one keeps the difference alone."""
    held = {who: each for who, each in warning.by_hand.items() if who != _key(issuer) and not keeps(issuer, who)}
    if level > max((Level(each.level) for each in held.values()), default=Level.NONE):
        held[_key(issuer)] = Kept(str(level), _title(issuer))
    gravest = max(Level(each.level) for each in held.values())
    names = [each.name for each in held.values() if each.level == gravest]
    if Level(warning.manual_level) < gravest or warning.issuer not in names:
        warning.issuer = names[0]
    warning.manual_by = {who: each._asdict() for who, each in held.items()}
    warning.manual_level = gravest
    warning.save(update_fields=["manual_by", "manual_level", "issuer"])


def _carry_out(
    standing: Standing, effect: Effect, level: Level, at: datetime, reasons: list[dict[str, Any]], origin: Origin,
    issuer: Actor, first_out: dict[str, Any] | None,
) -> list[Draft]:  # fmt: skip
    match effect:
        case WarningOpened():
            _open(standing, level, at, reasons, origin, issuer, first_out)
        case EpisodeEnded():
            _end_episode(standing, level, at)
        case EpisodeStarted():
            _start_episode(standing, effect, reasons)
        case OrderPlanned(order):
            assert standing.episode is not None
            payload = {"level": order.level, "clock": order.clock_started_at.isoformat(), "by": order.by}
            key = f"site_order:e{standing.episode.pk}"
            row = _due(standing, kinds.SITE_ORDER, key, order.due, payload)
            standing.planned.append(row)
            standing.pending[order.key] = row
        case OrderCancelled(order, missed):
            row = standing.pending.pop(order.key)
            obligations.settle(row, ObligationState.MISSED if missed else ObligationState.CANCELLED, at=at)
            if missed:
                standing.note("site_order_missed", at, after={"level": order.level, "due": order.due})
        case WarningCleared():
            return _clear(standing, effect)
    return []


def _open(
    standing: Standing, level: Level, at: datetime, reasons: list[dict[str, Any]], origin: Origin, issuer: Actor,
    first_out: dict[str, Any] | None,
) -> None:  # fmt: skip
    place = standing.place
    standing.warning = Warning.objects.create(
        number=next_number(at),
        enterprise=place.enterprise,
        source=place.source,
        level=level,
        highest=level,
        rank=level.rank,
        origin=origin,
        issuer=_title(issuer),
        manual_level=Level.NONE if origin is Origin.GRADING else level,
        manual_by={} if origin is Origin.GRADING else {_key(issuer): Kept(str(level), _title(issuer))._asdict()},
        reasons=reasons,
        first_out=first_out or {},
        opened_at=at,
        level_since=at,
    )


def _end_episode(standing: Standing, level: Level, at: datetime) -> None:
    episode = standing.episode
    assert episode is not None
    episode.ended_at, episode.ended_to = at, level
    episode.save(update_fields=["ended_at", "ended_to"])
    _end_notices(standing, episode, at)
    standing.episode = None


def _end_notices(standing: Standing, episode: LevelEpisode, at: datetime) -> None:
    """Cancel the next notice; those that had fallen due while the clock was down are recorded as missed, unsent."""
    assert standing.warning is not None
    pending = due_things.pending_of(standing.warning.subject, kinds.NOTICE)
    clock = standing.state.clock
    if not pending or clock is None:
        return
    row = pending[0]  # a warning has one running clock, and a clock one next notice
    assert row.step is not None
    missed = clock.missed_at_end(row.step - 1, at)
    obligations.settle(row, ObligationState.MISSED if missed else ObligationState.CANCELLED, at=at)
    obligations.add(
        _due(
            standing,
            kinds.NOTICE,
            f"notice:e{episode.pk}:{step.number}",
            step.due,
            row.payload,
            step.number,
            ObligationState.MISSED,
            done_at=at,
        )
        for step in missed[1:]
    )
    if missed:
        after = {"level": episode.level, "steps": {step.number: step.due for step in missed}}
        standing.note("notices_missed", at, after=after)


def _start_episode(standing: Standing, effect: EpisodeStarted, reasons: list[dict[str, Any]]) -> None:
    warning, place = standing.warning, standing.place
    assert warning is not None
    ladder = json.loads(effect.clock.ladder.to_json()) if effect.clock is not None else {}
    standing.episode = LevelEpisode.objects.create(
        warning=warning,
        enterprise=place.enterprise,
        level=effect.level,
        started_at=effect.at,
        clock_started_at=effect.clock.started_at if effect.clock is not None else effect.at,
        ladder=ladder,
    )
    if effect.clock is not None:
        step = effect.clock.next_step(0)
        key = f"notice:e{standing.episode.pk}:{step.number}"
        payload = {"episode": standing.episode.pk, "level": effect.level}
        standing.planned.append(_due(standing, kinds.NOTICE, key, step.due, payload, step.number))
    if warning.opened_at == effect.at and warning.level == effect.level:
        return  # it was opened by this very change, with all of it
    warning.level, warning.rank, warning.level_since = effect.level, effect.level.rank, effect.at
    warning.highest = max(Level(warning.highest), effect.level)
    warning.reasons = reasons or warning.reasons
    warning.save(update_fields=["level", "rank", "level_since", "highest", "reasons"])


def _clear(standing: Standing, effect: WarningCleared) -> list[Draft]:
    warning, place, at = standing.warning, standing.place, effect.at
    assert warning is not None
    warning.cleared_at, warning.manual_level, warning.manual_by = at, Level.NONE, {}
    if warning.confirmed_at is None:
        Confirmation.objects.create(warning=warning, enterprise=place.enterprise, name=AUTOMATIC, at=at, automatic=True)
        warning.confirmed_at = at
        standing.note("confirmed", at, after={"automatic": True})
    standing.note("cleared", at, before={"level": effect.last})
    owed = warning_handling.report_owed(effect.highest)
    if not owed:
        warning.closed_at = at
    warning.save(update_fields=["cleared_at", "manual_level", "manual_by", "confirmed_at", "closed_at"])
    if not owed:
        return []
    due = warning_handling.report_due(at, place.rules).at
    article = place.rules.entry("warning.report.minutes").source
    row = _due(standing, kinds.REPORT, f"report:w{warning.pk}", due, {"warning": warning.pk})
    row.article = article[:60]
    obligations.add([row])
    enterprise = Recipient(place.context.enterprise, RecipientKind.ENTERPRISE, Slot.ENTERPRISE)
    words = Wording(*wording.report_due(place, due), article)
    to, key = addressed(place, [enterprise]), f"w{warning.pk}:report_due"
    return [draft(place, warning.pk, kinds.REPORT_DUE, key, effect.last, Timing(due, at), to, words)]


def _due(
    standing: Standing, kind: Kind, key: str, due: datetime, payload: dict[str, Any],
    step: int | None = None, state: ObligationState = ObligationState.PENDING, done_at: datetime | None = None,
) -> Obligation:  # fmt: skip
    place, episode, warning = standing.place, standing.episode, standing.warning
    assert warning is not None
    ladder = episode.ladder if episode is not None else {}
    article = ladder.get("article", "")
    if kind == kinds.SITE_ORDER:
        article = ladder.get("order_article") or article
    return Obligation(
        key=key,
        kind=kind,
        subject=warning.subject,
        enterprise=place.enterprise,
        source=place.source,
        step=step,
        due_at=due,
        state=state,
        done_at=done_at,
        article=article[:60],
        payload=payload,
    )
