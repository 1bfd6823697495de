"""Alarms and their events, online state, refused packets, and the engine's checkpoint."""

from anlan.apps.monitoring.models.alarm import (
    LEVEL_LABELS,
    Alarm,
    AlarmChange,
    AlarmEnd,
    AlarmEvent,
    AlarmOrigin,
    AlarmSide,
    AlarmState,
)
from anlan.apps.monitoring.models.clock import GatewayClock
from anlan.apps.monitoring.models.engine import EnginePosition, EngineState, EngineWorker
from anlan.apps.monitoring.models.filing import Filing, FilingKind, FilingReach, FilingState
from anlan.apps.monitoring.models.intake import EnterpriseCipher, SequenceGap, Suspension, TagList
from anlan.apps.monitoring.models.late import Retrospective, Shown
from anlan.apps.monitoring.models.link import GatewayLink, OfflineSpell, Quarantined
from anlan.apps.monitoring.models.quieting import (
    Comparison,
    Shelving,
    ShelvingState,
    SuppressionRule,
    SuppressionState,
)
from anlan.apps.monitoring.models.way import WayStep, WayTest

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
    "EnterpriseCipher",
    "Filing",
    "FilingKind",
    "FilingReach",
    "FilingState",
    "GatewayClock",
    "GatewayLink",
    "OfflineSpell",
    "Quarantined",
    "Retrospective",
    "SequenceGap",
    "Shelving",
    "ShelvingState",
    "Shown",
    "SuppressionRule",
    "SuppressionState",
    "Suspension",
    "TagList",
    "WayStep",
    "WayTest",
]
