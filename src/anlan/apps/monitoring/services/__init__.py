"""What the engine, the intake and people do to alarms, links and quarantined packets."""

from anlan.apps.monitoring.services.acknowledge import acknowledge
from anlan.apps.monitoring.services.alarms import apply_events, record_peaks
from anlan.apps.monitoring.services.backlogs import Backlog, record_backlogs
from anlan.apps.monitoring.services.ciphers import Cipher, ciphers, remove_cipher, set_cipher
from anlan.apps.monitoring.services.clocks import Measured, record_clocks
from anlan.apps.monitoring.services.coverage import check_coverage, coverage_of
from anlan.apps.monitoring.services.edge_alarms import apply_edge_alarms
from anlan.apps.monitoring.services.filings import fire_filings
from anlan.apps.monitoring.services.links import Sign, record_signs, sweep_links
from anlan.apps.monitoring.services.quarantine import PacketRefused, quarantine
from anlan.apps.monitoring.services.reactions import OpenWarning, on_open_warnings, on_source_change
from anlan.apps.monitoring.services.sequences import known_sequences, open_gaps, record_sequences
from anlan.apps.monitoring.services.shelving import fire_shelvings
from anlan.apps.monitoring.services.suspensions import Pause, lift_suspension, pauses_in_force, record_pauses
from anlan.apps.monitoring.services.tag_lists import TooManyLists, announce_tags, note_used_tags

__all__ = [
    "Backlog",
    "Cipher",
    "Measured",
    "OpenWarning",
    "PacketRefused",
    "Pause",
    "Sign",
    "TooManyLists",
    "acknowledge",
    "announce_tags",
    "apply_edge_alarms",
    "apply_events",
    "check_coverage",
    "ciphers",
    "coverage_of",
    "fire_filings",
    "fire_shelvings",
    "known_sequences",
    "lift_suspension",
    "note_used_tags",
    "on_open_warnings",
    "on_source_change",
    "open_gaps",
    "pauses_in_force",
    "quarantine",
    "record_backlogs",
    "record_clocks",
    "record_pauses",
    "record_peaks",
    "record_sequences",
    "record_signs",
    "remove_cipher",
    "set_cipher",
    "sweep_links",
]
