"""What is read of alarms, links and live values. Functions for the machine's own work say so; the rest take a scope."""

from anlan.apps.monitoring.selectors.alarms import (
    IN_SERVICE,
    UNCLEARED,
    AlarmFigures,
    active_alarms_of,
    alarms_began,
    alarms_left,
    alarms_raised,
    alarms_visible,
    first_alarm,
    first_outs,
    uncleared_by_source,
    uncleared_count,
)
from anlan.apps.monitoring.selectors.intake import gaps_in, suspensions_in, tag_list, tag_list_sizes
from anlan.apps.monitoring.selectors.live import Live, LiveValue, live
from anlan.apps.monitoring.selectors.points import enterprises_of, point_specs, registry_versions
from anlan.apps.monitoring.selectors.quieting import (
    filings_to_confirm,
    filings_visible,
    is_shelved,
    shelved_alarms,
    shelved_now,
    shelvings_visible,
    suppressions_visible,
)

__all__ = [
    "IN_SERVICE",
    "UNCLEARED",
    "AlarmFigures",
    "Live",
    "LiveValue",
    "active_alarms_of",
    "alarms_began",
    "alarms_left",
    "alarms_raised",
    "alarms_visible",
    "enterprises_of",
    "filings_to_confirm",
    "filings_visible",
    "first_alarm",
    "first_outs",
    "gaps_in",
    "is_shelved",
    "live",
    "point_specs",
    "registry_versions",
    "shelved_alarms",
    "shelved_now",
    "shelvings_visible",
    "suppressions_visible",
    "suspensions_in",
    "tag_list",
    "tag_list_sizes",
    "uncleared_by_source",
    "uncleared_count",
]
