"""What the historian does beside storing, one small piece at a time: late data are looked through, old history goes,
and the data of every enterprise are looked at for what is not real.

Each piece is one short transaction in the database thread, so that fresh data never wait long behind it. What is in
memory here is only where the round stands: after a restart it begins anew.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from datetime import datetime

from anlan.apps.quality.repeats import check_repeats
from anlan.apps.quality.services import check_data, check_register
from anlan.apps.registry.models import Enterprise
from anlan.apps.registry.selectors.equipment import next_enterprise
from anlan.roles.historian.keeping import keep
from anlan.roles.historian.late import look

logger = logging.getLogger(__name__)

BUSY_S = 0.2
ROUND_S = 1800.0
"""Pause between two rounds through the enterprises."""
DOUBTS_ROUND_S = 6 * 3600.0
"""Pause between two rounds that look at the register and at the data of the last day. A change of the register is
looked at when it is committed."""


class Chores:
    """``partitions``: what this process works on now; other enterprises are left to their own historian. ``idle_s``:
    between two pieces when there is little to do."""

    def __init__(self, partitions: Callable[[], Collection[int]], idle_s: float) -> None:
        self._partitions, self._idle_s = partitions, idle_s
        self._behind: set[str] = set()
        self._after = 0
        self._rest_s = 0.0
        self._doubted: Enterprise | None = None
        self._device, self._doubts_rest_s = "", 0.0
        self.removed = 0

    def step(self, now: datetime) -> float:
        """Do the next piece; returns the seconds after which to come back."""
        mine = self._partitions()
        if look(now, mine, self._behind):
            return BUSY_S
        self._behind.clear()
        if self._doubt(now, mine):
            return BUSY_S
        if self._rest_s > 0:
            self._rest_s -= self._idle_s
            return self._idle_s
        self._after, removed = keep(self._after, mine, now)
        self.removed += removed
        if not self._after and not removed:
            self._rest_s = ROUND_S
        return BUSY_S if removed else self._idle_s

    def _doubt(self, now: datetime, mine: Collection[int]) -> bool:
        """Look at the register of the next enterprise, then at its data device by device (数据质量管理办法); False
        while that round rests."""
        if self._doubts_rest_s > 0:
            self._doubts_rest_s -= self._idle_s
            return False
        if not self._device:
            self._doubted = next_enterprise(self._doubted.pk if self._doubted else 0, mine)
            if self._doubted is None:
                self._doubts_rest_s = DOUBTS_ROUND_S
                return False
            check_register(self._doubted, now)
            check_repeats(self._doubted, now)
        assert self._doubted is not None  # a device is of one
        self._device = check_data(self._doubted, now, self._device)
        return True
