"""What is read of alarms, links and live values. Functions for the machine's own work say so; the rest take a scope."""

from anlan.apps.monitoring.selectors.alarms import (
    UNCLEARED,
    AlarmFigures,
    active_alarms_of,
    alarms_began,
    alarms_left,
    alarms_raised,
    alarms_visible,
    first_alarm,
    uncleared_by_source,
    uncleared_count,
)
from anlan.apps.monitoring.selectors.live import Live, LiveValue, live
from anlan.apps.monitoring.selectors.points import point_specs, registry_version

__all__ = [
    "UNCLEARED",
    "AlarmFigures",
    "Live",
    "LiveValue",
    "active_alarms_of",
    "alarms_began",
    "alarms_left",
    "alarms_raised",
    "alarms_visible",
    "first_alarm",
    "live",
    "point_specs",
    "registry_version",
    "uncleared_by_source",
    "uncleared_count",
]
