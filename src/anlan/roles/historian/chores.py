"""What the historian does beside storing, one small piece at a time: late data are looked through, old history goes.

Each piece is one short transaction in the database thread, so that fresh data never wait long behind it. What is in
memory here is only where the round stands: after a restart it begins anew.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from datetime import datetime

from anlan.roles.historian.keeping import keep
from anlan.roles.historian.late import look

logger = logging.getLogger(__name__)

BUSY_S = 0.2
ROUND_S = 1800.0
"""Pause between two rounds through the enterprises."""


class Chores:
    """``partitions``: what this process works on now; other enterprises are left to their own historian. ``idle_s``:
    between two pieces when there is little to do."""

    def __init__(self, partitions: Callable[[], Collection[int]], idle_s: float) -> None:
        self._partitions, self._idle_s = partitions, idle_s
        self._behind: set[str] = set()
        self._after = 0
        self._rest_s = 0.0
        self.removed = 0

    def step(self, now: datetime) -> float:
        """Do the next piece; returns the seconds after which to come back."""
        mine = self._partitions()
        if look(now, mine, self._behind):
            return BUSY_S
        self._behind.clear()
        if self._rest_s > 0:
            self._rest_s -= self._idle_s
            return self._idle_s
        self._after, removed = keep(self._after, mine, now)
        self.removed += removed
        if not self._after and not removed:
            self._rest_s = ROUND_S
        return BUSY_S if removed else self._idle_s
