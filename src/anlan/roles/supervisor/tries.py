"""Keeps a watcher at work: what fails is said and tried again after a pause that grows, whatever the reason.

Disks fill, descriptors and memory run out, file systems turn read-only; all of that may pass, and a watcher that gave
up over it would take with it all that still runs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from anlan import now
from anlan.roles.supervisor.child import FIRST_PAUSE_S, LONGEST_PAUSE_S

logger = logging.getLogger(__name__)


class Tries:
    """Each piece of work has a name and its own pause; one thread."""

    def __init__(self) -> None:
        self._pauses: dict[str, float] = {}
        self._due: dict[str, float] = {}

    def do(self, name: str, work: Callable[[], object]) -> bool:
        """Do a piece of work unless it failed a moment ago. True when it was done; it never raises."""
        moment = now.monotonic()
        if moment < self._due.get(name, 0.0):
            return False
        try:
            work()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is said and the watcher goes on
            pause = self._pauses.get(name, FIRST_PAUSE_S)
            self._due[name], self._pauses[name] = moment + pause, min(2 * pause, LONGEST_PAUSE_S)
            logger.error("%s failed, tried again in %.1f s: %r", name, pause, error)
            return False
        self._due.pop(name, None)
        self._pauses.pop(name, None)
        return True
