"""What the historian does to stored history."""

from anlan.apps.history.services.compaction import compact_hour, hours_to_compact
from anlan.apps.history.services.writing import Batch, Piece, positions_of, write

__all__ = ["Batch", "Piece", "compact_hour", "hours_to_compact", "positions_of", "write"]
