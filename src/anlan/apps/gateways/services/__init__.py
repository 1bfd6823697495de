"""What the intake, the engine and people do to gateways, their links and what was refused of them."""

from anlan.apps.gateways.services.backlogs import (
    Backlog,
    record_backlogs,
)
from anlan.apps.gateways.services.ciphers import (
    Cipher,
    ciphers,
    remove_cipher,
    set_cipher,
)
from anlan.apps.gateways.services.clocks import (
    Measured,
    record_clocks,
)
from anlan.apps.gateways.services.coverage import (
    check_coverage,
    coverage_of,
)
from anlan.apps.gateways.services.links import (
    Sign,
    record_signs,
    sweep_links,
)
from anlan.apps.gateways.services.quarantine import (
    PacketRefused,
    quarantine,
)
from anlan.apps.gateways.services.sequences import (
    known_sequences,
    open_gaps,
    record_sequences,
)
from anlan.apps.gateways.services.suspensions import (
    Pause,
    lift_suspension,
    pauses_in_force,
    record_pauses,
)
from anlan.apps.gateways.services.tag_lists import (
    TooManyLists,
    announce_tags,
    note_used_tags,
)

__all__ = [
    "Backlog",
    "Cipher",
    "Measured",
    "PacketRefused",
    "Pause",
    "Sign",
    "TooManyLists",
    "announce_tags",
    "check_coverage",
    "ciphers",
    "coverage_of",
    "known_sequences",
    "lift_suspension",
    "note_used_tags",
    "open_gaps",
    "pauses_in_force",
    "quarantine",
    "record_backlogs",
    "record_clocks",
    "record_pauses",
    "record_sequences",
    "record_signs",
    "remove_cipher",
    "set_cipher",
    "sweep_links",
]
