"""What the supervisor decides about the processes of its roles: whom to start again and when, whom to end.

Apart from the thread that asks and from what a process is, so that the same decisions run in a simulation.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from anlan import now
from anlan.roles.supervisor.child import Child
from anlan.roles.supervisor.tries import Tries

MOVEMENT_EVERY_S = 1.0
ENDS_KEPT = 20
"""So many of a role's latest ends by itself are remembered."""
ENDS_FOR = timedelta(days=1)

logger = logging.getLogger(__name__)


class Watching:
    """``frozen_after``: a process that has not moved for so many looks, one a second, is ended (0: never)."""

    def __init__(self, tries: Tries, frozen_after: int) -> None:
        self._tries, self._frozen_after = tries, frozen_after
        self._next_movement = 0.0
        self._ends: dict[str, deque[tuple[str, int]]] = {}

    @property
    def ends(self) -> dict[str, list[tuple[str, int]]]:
        """Role → when its processes ended that nobody had asked to, in the past day, and how (negative: by a signal).

        One that comes back at once is missed by nobody, and yet does not do what it was at when it ended.
        """
        since = (now.now() - ENDS_FOR).isoformat()
        found = {role: [each for each in ends if each[0] >= since] for role, ends in self._ends.items()}
        return {role: ends for role, ends in found.items() if ends}

    def look(self, children: Mapping[str, Child]) -> None:
        """Tend every child once: start again what ended, end what stands still. Never raises."""
        for role, child in children.items():
            self._tries.do(role, partial(self._tend, role, child))
        if now.monotonic() < self._next_movement:
            return
        self._next_movement = now.monotonic() + MOVEMENT_EVERY_S
        for role, child in children.items():
            if child.end_frozen(self._frozen_after):
                logger.error("%s has not moved for %d s: it is ended", role, self._frozen_after)

    def _tend(self, role: str, child: Child) -> None:
        ended, starts = child.exit_code, child.starts
        if not child.tend():
            return
        if not starts:
            logger.info("%s started", role)
            return
        logger.error("%s ended (%s), started again", role, ended)
        self._ends.setdefault(role, deque(maxlen=ENDS_KEPT)).append((now.now().isoformat(), ended or 0))
