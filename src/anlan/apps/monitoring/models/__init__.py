"""Alarms and their events, online state, refused packets, and the engine's checkpoint."""

from anlan.apps.monitoring.models.alarm import LEVEL_LABELS, Alarm, AlarmChange, AlarmEvent, AlarmSide, AlarmState
from anlan.apps.monitoring.models.engine import EnginePosition, EngineState
from anlan.apps.monitoring.models.link import GatewayLink, OfflineSpell, Quarantined

__all__ = [
    "LEVEL_LABELS",
    "Alarm",
    "AlarmChange",
    "AlarmEvent",
    "AlarmSide",
    "AlarmState",
    "EnginePosition",
    "EngineState",
    "GatewayLink",
    "OfflineSpell",
    "Quarantined",
]
