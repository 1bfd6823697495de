"""How much history there is, what it takes of the disk, and what is set aside."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Sum

from anlan.apps.history.models import Block, Hold, LateStretch, Removal
from anlan.database import size

HISTORY = "history"


@dataclass(frozen=True)
class Storage:
    """``bytes``: of the database of history on disk. ``removed``: rows that went after their time of keeping.

    ``late``: gateway-hours of late data that have not been looked through yet.
    """

    blocks: int
    samples: int
    bytes: int
    damaged: int
    removed: int
    holds: int
    late: int


def storage() -> Storage:
    """Counted now: reads every row's own figures, so it is for a check, not for a screen."""
    healthy = Block.objects.filter(damaged_us=None).aggregate(rows=Count("pk"), samples=Sum("samples"))
    return Storage(
        blocks=healthy["rows"],
        samples=healthy["samples"] or 0,
        bytes=bytes_on_disk(),
        damaged=Block.objects.filter(damaged_us__isnull=False).count(),
        removed=Removal.objects.aggregate(rows=Sum("rows"))["rows"] or 0,
        holds=Hold.objects.filter(released_us=None).count(),
        late=LateStretch.objects.filter(evaluated_us=None).count(),
    )


def bytes_on_disk() -> int:
    """What history takes on disk with its indexes; cheap."""
    return size.bytes_on_disk(HISTORY, "history_")
