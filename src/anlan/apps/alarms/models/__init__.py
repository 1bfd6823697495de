"""Alarms and their events, what quietens them, what late data showed, and the engine's checkpoint."""

from anlan.apps.alarms.models.alarm import (
    LEVEL_LABELS,
    Alarm,
    AlarmChange,
    AlarmEnd,
    AlarmEvent,
    AlarmOrigin,
    AlarmSide,
    AlarmState,
)
from anlan.apps.alarms.models.engine import (
    EnginePosition,
    EngineState,
    EngineWorker,
)
from anlan.apps.alarms.models.filing import (
    Filing,
    FilingKind,
    FilingReach,
    FilingState,
)
from anlan.apps.alarms.models.late import (
    Retrospective,
    Shown,
)
from anlan.apps.alarms.models.quieting import (
    Comparison,
    Shelving,
    ShelvingState,
    SuppressionRule,
    SuppressionState,
)

__all__ = [
    "LEVEL_LABELS",
    "Alarm",
    "AlarmChange",
    "AlarmEnd",
    "AlarmEvent",
    "AlarmOrigin",
    "AlarmSide",
    "AlarmState",
    "Comparison",
    "EnginePosition",
    "EngineState",
    "EngineWorker",
    "Filing",
    "FilingKind",
    "FilingReach",
    "FilingState",
    "Retrospective",
    "Shelving",
    "ShelvingState",
    "Shown",
    "SuppressionRule",
    "SuppressionState",
]
