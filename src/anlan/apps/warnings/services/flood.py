"""A flood of alarms at one hazard source: one summary at its end to all who were told of the warning, and the alarm
that came first kept right when it is heard of late.

The end is an obligation that every new alarm puts off; nothing waits in memory. Alarms themselves are never held back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from anlan.apps.alarms import selectors as alarms_selectors
from anlan.apps.delivery import services as delivery
from anlan.apps.journal import services as journal
from anlan.apps.obligations import selectors as due_things
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Obligation, ObligationState
from anlan.apps.obligations.services import Firing
from anlan.apps.registry.selectors import routing as registry
from anlan.apps.warnings import kinds
from anlan.apps.warnings.models import Warning
from anlan.apps.warnings.services import wording
from anlan.apps.warnings.services.posting import Timing, Wording, addressed, draft
from anlan.apps.warnings.services.situation import Standing, instant, told_of
from anlan.rules.flood import FloodRule, flood_since, summary_due
from anlan.rules.grading import LIMIT_LEVELS, GradedAlarm
from anlan.rules.level import Level
from anlan.rules.rulebook import LOCAL_LABEL


def first_out(source_id: int) -> dict[str, Any]:
    """The active alarm of the source that began first, as kept with the warning; empty when there is none."""
    alarm = alarms_selectors.first_alarm(source_id)
    if alarm is None:
        return {}
    return {
        "alarm": alarm.pk,
        "point": alarm.point.code,
        "tag": alarm.point.tag,
        "name": alarm.point.name,
        "level": alarm.level,
        "value": alarm.value,
        "limit": alarm.limit,
        "unit": alarm.point.unit,
        "at": alarm.started_at.isoformat(),
    }


def follow(standing: Standing, alarms: Sequence[GradedAlarm], now: datetime) -> None:
    """After a grading: an alarm that began before the one taken for the first takes its place, and a flood is watched.

    Call inside the transaction of the grading, with the enterprise held. Repeating it changes nothing.
    """
    warning = standing.warning
    limits = [alarm.started_at for alarm in alarms if alarm.level in LIMIT_LEVELS]
    if warning is None or not limits:
        return
    if warning.first_out and min(limits) < instant(warning.first_out["at"]):
        _correct_first_out(standing, warning, now)
    rule = FloodRule.of(standing.place.rules)
    if flood_since(limits, now, rule, None) is not None:
        _watch(standing, warning, limits, rule, now)


def _correct_first_out(standing: Standing, warning: Warning, now: datetime) -> None:
    """A sample that came late proves that another point was first; no clock moves for it."""
    before, after = warning.first_out, first_out(warning.source_id)
    warning.first_out = after
    warning.save(update_fields=["first_out"])
    standing.note("first_out_corrected", now, before=before, after=after)
    standing.write()


def _watch(standing: Standing, warning: Warning, began: list[datetime], rule: FloodRule, now: datetime) -> None:
    last = due_things.newest_of(warning.subject, kinds.SUMMARY)
    if last is not None and last.state == ObligationState.PENDING:
        begun, newest = instant(last.payload["since"]), max(began)
        obligations.postpone(last, max(last.due_at, summary_due(begun, newest, rule)))
        return
    since = flood_since(began, now, rule, instant(last.payload["until"]) if last is not None else None)
    if since is None:
        return
    obligations.add(
        [
            Obligation(
                key=f"summary:w{warning.pk}:{since.isoformat()}",
                kind=kinds.SUMMARY,
                subject=warning.subject,
                enterprise=standing.place.enterprise,
                source=standing.place.source,
                due_at=max(now, summary_due(since, max(began), rule)),
                payload={"warning": warning.pk, "since": since.isoformat()},
            )
        ]
    )


def fire_summaries(rows: Sequence[Obligation], firing: Firing) -> None:
    """A flood is over: tell everybody who was told of the warning what came first and how much followed."""
    for row in rows:
        warning = Warning.objects.by_the_machine().get(pk=row.payload["warning"])
        place = registry.surroundings([warning.source_id], firing.now)[warning.source_id]
        figures = alarms_selectors.alarms_began(warning.source_id, instant(row.payload["since"]))
        row.payload |= {"until": figures.until.isoformat(), "alarms": figures.alarms, "points": figures.points}
        obligations.remember(row)
        late = firing.is_late(row.due_at)
        row.state = ObligationState.MISSED if late else ObligationState.FIRED
        level = Level(warning.level)
        said = wording.flood(place, level, figures, warning.first_out, is_open=warning.is_open)
        to = addressed(place, told_of([warning.pk])[warning.pk])
        key = f"w{warning.pk}:summary:{row.payload['since']}"
        timing = Timing(row.due_at, firing.now, missed=(row.due_at,) if late else ())
        words = Wording(*said, LOCAL_LABEL)
        summary = draft(place, warning.pk, kinds.SUMMED_UP, key, level, timing, to, words)
        delivery.post(summary)
        after = {
            "alarms": figures.alarms, "points": figures.points, "first_out": warning.first_out.get("point"),
            "notices": [delivery.fact(summary)],
        }  # fmt: skip
        act = journal.Act(place.chain, "flood_summarised", firing.now, subject=warning.subject, after=after)
        journal.record_all([act])
        delivery.hint("warning", place.enterprise.code, id=warning.pk, kind=kinds.SUMMED_UP)
