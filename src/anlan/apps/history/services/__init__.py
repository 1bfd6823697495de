"""What the historian does to stored history."""

from anlan.apps.history.services.compaction import compact_hour, hours_to_compact
from anlan.apps.history.services.damage import Fault, damaged, repair, withheld
from anlan.apps.history.services.writing import Batch, Late, Piece, newest_number, reach, read_of, take_up, write

__all__ = [
    "Batch",
    "Fault",
    "Late",
    "Piece",
    "compact_hour",
    "damaged",
    "hours_to_compact",
    "newest_number",
    "reach",
    "read_of",
    "repair",
    "take_up",
    "withheld",
    "write",
]
