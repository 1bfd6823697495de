"""What the engine and people do to alarms and to what quietens them."""

from anlan.apps.alarms.services.acknowledge import (
    acknowledge,
)
from anlan.apps.alarms.services.alarms import (
    apply_events,
    record_peaks,
)
from anlan.apps.alarms.services.edge_alarms import (
    apply_edge_alarms,
)
from anlan.apps.alarms.services.filings import (
    fire_filings,
)
from anlan.apps.alarms.services.hooks import OpenWarning, on_filing, on_open_warnings, on_source_change, on_told_limits
from anlan.apps.alarms.services.out_of_alarm import counted_from_now
from anlan.apps.alarms.services.shelving import (
    fire_shelvings,
)
from anlan.apps.alarms.services.watching import ensure_watching, fire_watching

__all__ = [
    "OpenWarning",
    "acknowledge",
    "apply_edge_alarms",
    "apply_events",
    "counted_from_now",
    "ensure_watching",
    "fire_filings",
    "fire_shelvings",
    "fire_watching",
    "on_filing",
    "on_open_warnings",
    "on_source_change",
    "on_told_limits",
    "record_peaks",
]
