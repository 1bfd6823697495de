"""What warnings and alarms say of a promise (COM-05): sources that are promised to be safe while they are not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from anlan.apps.alarms import selectors as alarms
from anlan.apps.alarms.models import LEVEL_LABELS
from anlan.apps.commitments.services import Contradiction
from anlan.apps.registry.models import Enterprise
from anlan.apps.warnings.models import LevelEpisode, WarningLevel
from anlan.rules.calendar import civil
from anlan.rules.level import WARNING_LEVELS, Level

SAFE = "sources_safe"
_LARGER = [str(level) for level in WARNING_LEVELS if level.at_least(Level.ORANGE)]


def witness(
    enterprise: Enterprise, day: date, values: Mapping[str, Any], promised_at: datetime
) -> Iterator[Contradiction]:
    """Sources promised to be in a safe state while a warning of orange or red, or an alarm of the gravest limit, was
    open at the instant of the promise. What came afterwards makes no promise false."""
    if not values[SAFE]:
        return
    records = [*_warnings(enterprise, promised_at), *_alarms(enterprise, promised_at)]
    if records:
        text = f"承诺重大危险源处于安全状态，当时未解除的有：{'、'.join(record['words'] for record in records[:3])}"
        yield Contradiction(SAFE, f"{text} 等 {len(records)} 项" if len(records) > 3 else text, {"standing": records})


def _warnings(enterprise: Enterprise, at: datetime) -> Iterator[dict[str, Any]]:
    stood = LevelEpisode.objects.by_the_machine().filter(
        enterprise=enterprise, level__in=_LARGER, started_at__lte=at
    )  # fmt: skip
    stood = stood.exclude(ended_at__lte=at).select_related("warning__source").order_by("started_at", "pk")
    for episode in stood:
        level = str(WarningLevel(episode.level).label)
        yield {
            "subject": f"warning:{episode.warning.number}", "since": civil(episode.started_at).isoformat(),
            "words": f"{episode.warning.source.name}（{level}）预警",
        }  # fmt: skip


def _alarms(enterprise: Enterprise, at: datetime) -> Iterator[dict[str, Any]]:
    for alarm, level in alarms.gravest_at(enterprise, at):
        yield {
            "subject": f"alarm:{alarm.pk}", "since": civil(alarm.started_at).isoformat(),
            "words": f"{alarm.point.tag}{LEVEL_LABELS[level]}",
        }  # fmt: skip
