"""What the supervisor decides about the processes of its roles: whom to start again and when, whom to end.

Apart from the thread that asks and from what a process is, so that the same decisions run in a simulation.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial

from anlan import now
from anlan.roles.supervisor.child import Child
from anlan.roles.supervisor.tries import Tries

MOVEMENT_EVERY_S = 1.0

logger = logging.getLogger(__name__)


class Watching:
    """``frozen_after``: a process that has not moved for so many looks, one a second, is ended (0: never)."""

    def __init__(self, tries: Tries, frozen_after: int) -> None:
        self._tries, self._frozen_after = tries, frozen_after
        self._next_movement = 0.0

    def look(self, children: Mapping[str, Child]) -> None:
        """Tend every child once: start again what ended, end what stands still. Never raises."""
        for role, child in children.items():
            self._tries.do(role, partial(_tend, role, child))
        if now.monotonic() < self._next_movement:
            return
        self._next_movement = now.monotonic() + MOVEMENT_EVERY_S
        for role, child in children.items():
            if child.end_frozen(self._frozen_after):
                logger.error("%s has not moved for %d s: it is ended", role, self._frozen_after)


def _tend(role: str, child: Child) -> None:
    ended, starts = child.exit_code, child.starts
    if child.tend():
        logger.error("%s ended (%s), started again", role, ended) if starts else logger.info("%s started", role)
