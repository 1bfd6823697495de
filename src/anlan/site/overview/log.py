"""The one log line of the wall: what happened last, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from anlan.apps.monitoring.selectors.alarms import limit_alarms
from anlan.apps.org.scope import Scope
from anlan.apps.warnings.models import Act, Confirmation, LevelEpisode

LINES = 6


@dataclass(frozen=True)
class Line:
    at: datetime
    words: str


def lines(scope: Scope) -> list[Line]:
    """The newest alarms beyond a limit, level changes, confirmations and acts in scope, merged; four queries."""
    found = [
        Line(alarm.raised_at, f"{alarm.enterprise} {alarm.point.tag} {alarm.worst_label}")
        for alarm in limit_alarms(scope).select_related("enterprise", "point").order_by("-raised_at")[:LINES]
    ]
    found += [
        Line(episode.started_at, f"{episode.enterprise} {episode.warning.source} {episode.get_level_display()}")
        for episode in LevelEpisode.objects.visible_to(scope)
        .select_related("enterprise", "warning__source")
        .order_by("-started_at")[:LINES]
    ]
    found += [
        Line(each.at, f"{each.enterprise} {each.name} {_('确认')}")
        for each in Confirmation.objects.visible_to(scope)
        .filter(automatic=False)
        .select_related("enterprise")
        .order_by("-at")[:LINES]
    ]
    found += [
        Line(act.at, f"{act.enterprise} {act.actor} {act.get_kind_display()}")
        for act in Act.objects.visible_to(scope).select_related("enterprise").order_by("-at")[:LINES]
    ]
    return sorted(found, key=lambda line: line.at, reverse=True)[:LINES]
