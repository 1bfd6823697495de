"""What the engine, the intake and people do to alarms, links and quarantined packets."""

from anlan.apps.monitoring.services.acknowledge import acknowledge
from anlan.apps.monitoring.services.alarms import apply_events
from anlan.apps.monitoring.services.clocks import Measured, record_clocks
from anlan.apps.monitoring.services.coverage import check_coverage, coverage_of
from anlan.apps.monitoring.services.filings import fire_filings
from anlan.apps.monitoring.services.links import Sign, record_signs, sweep_links
from anlan.apps.monitoring.services.quarantine import Refused, quarantine
from anlan.apps.monitoring.services.reactions import on_source_change
from anlan.apps.monitoring.services.refusal import NotDone
from anlan.apps.monitoring.services.shelving import fire_shelvings
from anlan.apps.monitoring.services.withholding import on_open_warnings

__all__ = [
    "Measured",
    "NotDone",
    "Refused",
    "Sign",
    "acknowledge",
    "apply_events",
    "check_coverage",
    "coverage_of",
    "fire_filings",
    "fire_shelvings",
    "on_open_warnings",
    "on_source_change",
    "quarantine",
    "record_clocks",
    "record_signs",
    "sweep_links",
]
