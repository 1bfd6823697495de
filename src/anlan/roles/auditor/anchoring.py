"""Has the auditor anchor the journal every few minutes and compare it with its anchors, a day or two at a time."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from anlan.apps.journal import anchors, lines
from anlan.config import Config
from anlan.process.places import anchor_folders
from anlan.process.worker import say_failed
from anlan.roles.auditor.audit import Fault
from anlan.rules.calendar import civil

log = logging.getLogger(__name__)


class AnchorLines:
    """``newest`` is what an outside observer is told: when the newest line was written, and its digest."""

    def __init__(self, config: Config) -> None:
        self._folders, self._every_s = anchor_folders(config), config.anchor_seconds
        self._next = float("-inf")
        self._compared = ""
        self._faults: list[str] = []
        self.newest: dict[str, Any] = {}

    def round(self, now: datetime, monotonic: float) -> list[Fault]:
        """Add a line when it is time and compare: the newest days each time, and one older day, so that all have
        their turn. What was found stays a fault until the next round finds it no more."""
        if monotonic >= self._next:
            try:
                self._faults = self._round(now)
            except (OSError, ValueError) as error:  # ValueError: the last line cannot be read
                say_failed(log, "the journal could not be anchored", error)
                return [Fault("anchor", f"记录链的锚定文件写不出：{error}")]
            self._next = monotonic + self._every_s
        if not self._faults:
            return []
        return [
            Fault(
                "anchor_broken",
                f"{len(self._faults)} 处与锚定不符：用 anlan check journal 看是哪些，锚定文件与备份先移到别处保全",
                self._faults[0],
            )
        ]

    def _round(self, now: datetime) -> list[str]:
        first, *copies = self._folders
        gone = list(lines.unseen(first, [self.newest["sha256"]])) if self.newest else []
        lines.add(self._folders, f"{civil(now):%Y-%m-%d}", now)
        self.newest = lines.digest_of(first) or {}
        days = sorted({path.stem for path in (*anchors.files_in(first), *lines.files_in(first))})
        self._compared = next((day for day in days if day > self._compared), days[0] if days else "")
        found = [*gone, *anchors.broken(first, self._compared)]
        found += lines.broken(first, [*days[-2:], self._compared])
        found += [words for copy in copies for words in lines.apart(first, copy)]
        return list(dict.fromkeys(found))
