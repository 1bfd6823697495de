"""How far the engine's records reach. Machine's own read."""

from __future__ import annotations

from django.db.models import Max

from anlan.apps.alarms.models import EnginePosition, EngineState


def newest_number() -> int:
    """The greatest number of any log that the engine's positions and states speak of; 0 for none."""
    greatest = [
        EnginePosition.objects.aggregate(most=Max("seq"))["most"],
        EnginePosition.objects.aggregate(most=Max("newest_seq"))["most"],
        EngineState.objects.aggregate(most=Max("seq"))["most"],
    ]
    return max(number or 0 for number in greatest)
