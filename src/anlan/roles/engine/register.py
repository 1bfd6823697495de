"""What an engine reads of the register for the partitions that it takes up, and how it reads it in good time.

At half a million points that takes seconds, which alarms would wait. An owner who stopped renewing leaves his
partitions to others when his lease has run out; whoever will get them reads while it does.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass

from django.db import DatabaseError, InterfaceError

from anlan.apps.alarms.selectors import point_specs, registry_versions
from anlan.apps.alarms.selectors.points import enterprises_of
from anlan.stream.partition import partition_of
from anlan.stream.points import PointSpec

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Register:
    """The points of all enterprises of some partitions, and the versions that they are at least of."""

    enterprises: set[str]
    versions: dict[str, tuple[int, ...]]
    specs: list[PointSpec]

    def only(self, partitions: Collection[int]) -> Register:
        """The part of it in these partitions."""
        mine = {code for code in self.enterprises if partition_of(code) in partitions}
        if mine == self.enterprises:
            return self
        versions = {code: version for code, version in self.versions.items() if code in mine}
        return Register(mine, versions, [spec for spec in self.specs if spec.enterprise in mine])


def read(partitions: Collection[int]) -> Register:
    """Ask the database; for versions first, so that what changes meanwhile is found by comparing them."""
    enterprises = set(enterprises_of(partitions))
    versions = {code: version for code, version in registry_versions().items() if code in enterprises}
    return Register(enterprises, versions, point_specs(enterprises))


class ReadAhead:
    """The register of partitions that may come, read once. ``ask`` runs `read` where nothing else waits for it."""

    def __init__(self, ask: Callable[[Collection[int]], Awaitable[Register]]) -> None:
        self._ask = ask
        self._partitions: frozenset[int] = frozenset()
        self._reading: asyncio.Task[Register | None] | None = None

    def expect(self, coming: frozenset[int]) -> None:
        """These may come within seconds; none: whoever was late is back, or another has them."""
        if not coming:
            self.forget()
        elif self._reading is None:
            self._partitions, self._reading = coming, asyncio.create_task(self._read(coming))

    async def take(self, gained: Collection[int]) -> Register | None:
        """What was read ahead of the partitions that came; None when that is not all of them."""
        reading, self._reading = self._reading, None
        if reading is None or not self._partitions.issuperset(gained):
            return None
        found = await reading
        return found and found.only(gained)

    def forget(self) -> None:
        """Whatever was read belongs to nobody here."""
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    async def _read(self, coming: frozenset[int]) -> Register | None:
        try:
            return await self._ask(coming)
        except (DatabaseError, InterfaceError) as error:
            logger.error("the register could not be read ahead: %s", error)
            return None
