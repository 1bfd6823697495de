"""Grades a hazard source from its alarms, and lets people set a level by hand.

The model is data and a local setting (Q-03); its evaluation is pure. When time alone would raise the level, the moment
is an obligation, not a timer. What the data say about lowering is followed at once: nobody has to ask (WRN-07 forbids
lowering while the cause stands, not when it is gone).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from anlan.apps.alarms import selectors as alarms_selectors
from anlan.apps.alarms.services import counted_from_now
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Obligation
from anlan.apps.obligations.services import Firing
from anlan.apps.org.access import require
from anlan.apps.org.actor import Actor
from anlan.apps.org.stand import Stand
from anlan.apps.registry.models import HazardSource
from anlan.apps.registry.selectors import routing as registry
from anlan.apps.warnings import kinds
from anlan.apps.warnings.entitled import issuing_for, keeps, may_set_level
from anlan.apps.warnings.models import ActKind, Origin, Warning
from anlan.apps.warnings.services import flood
from anlan.apps.warnings.services.levels import change
from anlan.apps.warnings.services.record import add_act
from anlan.apps.warnings.services.refusal import Reason
from anlan.apps.warnings.services.situation import Standing, hold
from anlan.now import is_ahead
from anlan.refused import Refused
from anlan.rules.clearing import LoweringRefused, OpenWarning, judge_lowering
from anlan.rules.grading import Grade, GradedAlarm, grade, load_model
from anlan.rules.level import Level
from anlan.rules.words import says_something


def regrade(source_id: int, now: datetime) -> Warning | None:
    """Grade a source from its alarms and set its level; registered with `alarms.services.on_source_change`.

    Never falls below a level set by hand. Repeating it with the same alarms changes nothing. An unknown source is an
    error of the caller and raises `HazardSource.DoesNotExist`.
    """
    source = registry.source_by_id(source_id)
    with transaction.atomic():
        standing = hold(source, now)
        alarms = _alarms(standing, now)
        graded = grade(alarms, now, load_model(standing.place.rules))
        _plan_recheck(standing, graded, now)
        level = max(graded.level, _manual_level(standing.warning))
        if level is Level.NONE and standing.warning is None:
            return None
        raised = standing.warning is None
        first_out = flood.first_out(source_id) if raised else None
        warning = change(standing, level, now, reasons_of(graded), first_out=first_out)
        flood.follow(standing, alarms, now)
        return warning


def fire_regrades(rows: Sequence[Obligation], firing: Firing) -> None:
    """The moment has come at which time alone may have raised the level: grade again, as of that moment.

    After an outage the level counts from the return: nobody could have known it earlier.
    """
    for row in rows:
        if row.source_id is not None:
            regrade(row.source_id, firing.now if firing.is_late(row.due_at) else row.due_at)


def raise_manual(source: HazardSource, level: str, *, by: Stand, at: datetime, text: str) -> Warning:
    """Set a level by hand, up or down, with words why; the issuer's name stands with it until it is lifted.

    Raises `Refused` for ``none`` (clearing is another act), without words why, and when the data support more than is
    asked for; PermissionDenied (journaled) for whoever sets no levels here.
    """
    require(may_set_level(by, source), source, by=by)
    agency = issuing_for(by)
    issuer = by.actor if agency is None else by.actor.of(agency.name, agency_id=agency.pk)
    wanted = Level(level)
    if wanted is Level.NONE:
        raise Refused("请选择红、橙、黄、蓝之一；解除预警请用消警", reason=Reason.NOT_A_WARNING_LEVEL)
    if not says_something(text):
        raise Refused("请填写人工定级的理由", reason=Reason.INCOMPLETE)
    with transaction.atomic():
        standing = hold(source, at)
        graded = graded_now(standing, at)
        if wanted < standing.state.level:
            verdict = judge_lowering(as_open(standing, graded, issuer), wanted, issuer.id, standing.place.settings)
            if isinstance(verdict, LoweringRefused):
                raise Refused(verdict.detail, reason=verdict.reason)
        reason: dict[str, Any] = {"rule": "manual", "level": wanted, "title": text.strip(), "points": []}
        warning = change(standing, wanted, at, [reason, *reasons_of(graded)], Origin.MANUAL, issuer, by=issuer)
        assert warning is not None
        kept = {"by_hand": warning.manual_by, "named": warning.issuer}
        add_act(standing, ActKind.LEVEL, by=issuer, at=at, text=text.strip(), **kept)
        standing.write()
    return warning


def graded_now(standing: Standing, now: datetime) -> Grade:
    """What the alarms of the source say at ``now``, by the model with the settings in force."""
    alarms = _alarms(standing, now)
    return grade(alarms, now, load_model(standing.place.rules))


def _alarms(standing: Standing, now: datetime) -> list[GradedAlarm]:
    """What stands, none of it as if it were still to begin."""
    source_id, with_edge = standing.place.source.pk, standing.place.rules.flag("edge_alarms_grade")
    found = alarms_selectors.active_alarms_of(source_id, with_edge=with_edge)
    if any(is_ahead(alarm.started_at, now) for alarm in found) and counted_from_now(source_id, now):
        found = alarms_selectors.active_alarms_of(source_id, with_edge=with_edge)
    return found


def as_open(standing: Standing, graded: Grade, actor: Actor) -> OpenWarning:
    """The open warning as the rule of lowering takes it: what others than ``actor`` keep by hand counts."""
    warning = standing.warning
    assert warning is not None
    held = {who: Level(each.level) for who, each in warning.by_hand.items() if who and not keeps(actor, who)}
    issuer = max(held, key=lambda who: held[who], default="")
    return OpenWarning(
        level=standing.state.level,
        supported=graded.level,
        confirmed=warning.confirmed_at is not None,
        manual=held.get(issuer, Level.NONE),
        issuer=issuer,
        causes=tuple(dict.fromkeys(reason.title for reason in graded.reasons)),
    )


def reasons_of(graded: Grade) -> list[dict[str, Any]]:
    """Why the level is what it is, as kept with the warning."""
    return [
        {"rule": reason.rule, "level": reason.level, "title": reason.title, "points": list(reason.points)}
        for reason in graded.reasons
    ]


def _manual_level(warning: Warning | None) -> Level:
    return Level.NONE if warning is None else Level(warning.manual_level)


def _plan_recheck(standing: Standing, graded: Grade, now: datetime) -> None:
    source = standing.place.source
    obligations.replan(
        kind=kinds.REGRADE,
        subject=f"source:{source.pk}",
        due_at=graded.recheck_at,
        at=now,
        enterprise=standing.place.enterprise,
        source=source,
    )
