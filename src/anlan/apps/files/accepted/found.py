"""What is found out about a file by its content."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime

from anlan.apps.files.models import Media

AT_ONCE = threading.BoundedSemaphore(2)
"""So many files of a process are being judged at the same time: one may take 300 MB for its moment."""


class Unfit(ValueError):
    """The content is nothing that may be handed in; the message says why in Chinese."""


@dataclass(frozen=True)
class Found:
    """What a file is. ``remade``: what is kept in its place; None: it is kept as it came."""

    media: Media
    remade: bytes | None = None
    width: int | None = None
    height: int | None = None
    taken_at: datetime | None = None
    longitude: float | None = None
    latitude: float | None = None
    """Degrees; all four as the camera wrote them, None where it wrote nothing that can be."""
