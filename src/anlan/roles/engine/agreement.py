"""The open alarms on record held against the engine's memory: at every take-up, and again and again afterwards.

Both are written in one transaction, so they differ only where something went past them: a point was moved or switched
off while no engine ran, a saved state was damaged, a database was put back. An alarm that memory lacks would never end,
one that the record lacks would never be seen.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping

from django.db import DatabaseError, InterfaceError
from django.utils.translation import gettext as _

from anlan.roles.engine.state import EngineCore, Settled
from anlan.stream.alarm import KnownAlarm

logger = logging.getLogger(__name__)
Known = Mapping[str, KnownAlarm]
NAMED = 5


class Agreement:
    """One look at the record at a time. ``ask`` reads it where no commit waits behind it."""

    def __init__(self, ask: Callable[[Collection[int]], Awaitable[Known]]) -> None:
        self._ask = ask
        self._asking: asyncio.Task[Known | None] | None = None
        self._about: tuple[EngineCore, frozenset[int]] | None = None

    def begin(self, core: EngineCore, partitions: Collection[int]) -> None:
        """Begin a look at the record of these partitions, unless one is under way."""
        if self._asking is None:
            self._about = (core, frozenset(partitions))
            self._asking = asyncio.create_task(self._read(partitions))

    def suspects(self, core: EngineCore, partitions: Collection[int]) -> set[str]:
        """Ids of alarms in which record and memory seemed to differ, once a look has ended; it may only have been under
        way: ask again about these alone. Empty while nothing is known, or the partitions have changed meanwhile."""
        if self._asking is None or not self._asking.done():
            return set()
        known, about = self._asking.result(), self._about
        self._asking = None
        if known is None or about != (core, frozenset(partitions)):
            return set()
        return core.differences(known, partitions)

    def forget(self) -> None:
        """Whatever was asked is of no use any more."""
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None

    async def _read(self, partitions: Collection[int]) -> Known | None:
        try:
            return await self._ask(partitions)
        except (DatabaseError, InterfaceError) as error:
            logger.error("the open alarms could not be read: %s", error)
            return None


def words(settled: Settled) -> str:
    """What operators are told of differences that were settled; empty where only points had been switched off."""
    parts = []
    if settled.put_back:
        parts.append(
            _("%(n)s 个未恢复的报警引擎不记得，已接回，由后续数据判定（%(points)s）") % _named(settled.put_back)
        )
    if settled.let_go:
        parts.append(
            _("%(n)s 个报警引擎记得而数据库里没有，已放下，仍越限的会重新报警（%(points)s）") % _named(settled.let_go)
        )
    if not parts:
        return ""
    ask = _("点位改过网关、数据库或存档还原过时属正常，否则请查磁盘与内存")
    return _("引擎与数据库里未恢复的报警不一致：%(parts)s。%(ask)s") % {"parts": "；".join(parts), "ask": ask}


def _named(points: list[str]) -> dict[str, object]:
    more = _(" 等") if len(points) > NAMED else ""
    return {"n": len(points), "points": "、".join(points[:NAMED]) + more}
