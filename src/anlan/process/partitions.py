"""Keeps the partitions of one process: renews its leases from a thread of its own, and tells its loop what changed.

The loop takes up what was gained, gives back what is too much after it has saved everything, and begins anew when
something was lost; until then every commit is guarded by the epochs of what is held. A loop that no longer turns is
no owner: its leases are left to run out.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from django.db import DatabaseError, InterfaceError

from anlan import now as clock
from anlan.database.leases import Fenced, Leases
from anlan.process.worker import close_all, give_up_broken
from anlan.stream.log import NEAR, Log, LogCut, LogUnavailable

RENEW_S = 1.0
LOOK_S = 0.25
"""How often to look while an owner is late: his partitions are taken as soon as his lease has run out."""
HUNG_S = 60.0
"""A loop that has not turned for so long is taken for dead, though its process lives."""

logger = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Change:
    """What the loop should do: take up ``gained``, give back ``surplus``; with ``lost`` begin anew instead.

    ``coming``: what may be gained within seconds, for who wants to read ahead.
    """

    gained: frozenset[int]
    surplus: frozenset[int]
    lost: frozenset[int]
    coming: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.gained or self.surplus or self.lost)


class Keeper:
    """The leases of one process. `begin` and `end` are called in a thread that may wait for the database."""

    def __init__(self, leases: Leases, every_s: float = RENEW_S, steady: Callable[[], float] = clock.monotonic) -> None:
        self._leases, self._every_s, self._steady = leases, every_s, steady
        self._guard = threading.Lock()
        self._held: dict[int, int] = {}
        self._working: set[int] = set()
        self._surplus: frozenset[int] = frozenset()
        self._coming: frozenset[int] = frozenset()
        self._lost: set[int] = set()
        self._leave = threading.Event()
        self._thread: threading.Thread | None = None
        self._turned = self._steady()
        self.workers = 1
        """How many processes share the partitions."""

    @property
    def held(self) -> dict[int, int]:
        """Partition → epoch of what this process works on: what its commits are guarded by."""
        with self._guard:
            return {partition: epoch for partition, epoch in self._held.items() if partition in self._working}

    def begin(self) -> None:
        """Take what is free; from then on keep it. Raises a DatabaseError when the database does not answer."""
        self._leases.prepare()
        self._look()
        if self._leases.shared and self._thread is None:
            self._thread = threading.Thread(target=self._keep, name="leases", daemon=True)
            self._thread.start()

    def again(self) -> None:
        """After something was lost: look at once; everything that is still held is to be taken up again."""
        with self._guard:
            self._working.clear()
        self._look()
        with self._guard:
            self._lost.clear()

    def turned(self) -> None:
        """The loop is at work; call it in the middle of a turn that takes long."""
        self._turned = self._steady()

    def change(self) -> Change:
        """What is to be done since the last call; call it once a turn: it is also the sign that the loop turns."""
        self.turned()
        with self._guard:
            lost, self._lost = frozenset(self._lost), set()
            surplus = self._surplus & self._working
            return Change(frozenset(self._held) - self._working - self._surplus, surplus, lost, self._coming)

    def took_up(self, partitions: Iterable[int]) -> dict[int, int]:
        """The loop works on these from now on; returns those of them that are still held, with their epochs."""
        with self._guard:
            there = {partition: self._held[partition] for partition in partitions if partition in self._held}
            self._working |= set(there)
            return there

    def give_back(self, partitions: Iterable[int]) -> None:
        """Everything of these partitions is in the database: let another have them."""
        given = set(partitions)
        with self._guard:
            self._leases.release(self._held, given)
            self._held = {partition: epoch for partition, epoch in self._held.items() if partition not in given}
            self._working -= given
            self._surplus -= given

    def end(self) -> None:
        """Stop keeping and give everything back. What the database does not take now runs out by itself."""
        self._leave.set()
        if self._thread is not None:
            self._thread.join()
        with self._guard:
            self._leases.leave(self._held)
            self._held, self._working = {}, set()

    def _keep(self) -> None:
        while not self._leave.wait(min(self._every_s, LOOK_S) if self._coming else self._every_s):
            if self._steady() - self._turned > HUNG_S:
                logger.error("the loop has not turned for %.0f s, its partitions are left to others", HUNG_S)
                continue
            try:
                give_up_broken()
                self._look()
            except (DatabaseError, InterfaceError) as error:
                logger.error("the leases cannot be renewed: %s", error)
        close_all()

    def _look(self) -> None:
        now = self._leases.database_now()
        with self._guard:
            turn = self._leases.turn(self._held, now)
            self._lost |= turn.lost & self._working
            self._working -= turn.lost
            self._held = {p: e for p, e in self._held.items() if p not in turn.lost} | dict(turn.gained)
            self._surplus, self._coming, self.workers = turn.surplus, turn.coming, turn.workers
        if turn.gained or turn.lost:
            logger.info("partitions: %d gained, %d lost, %d held", len(turn.gained), len(turn.lost), len(self._held))


class Worker(Protocol):
    """What works on partitions: `begin` with nothing in memory, `turn` again and again, `finish` what is begun."""

    async def begin(self) -> None: ...
    async def turn(self) -> None: ...
    async def finish(self) -> None: ...
    async def in_database(self, work: Callable[..., T], *arguments: Any) -> T: ...
    def leaving(self) -> bool: ...


async def keep_working(worker: Worker, keeper: Keeper) -> None:
    """Work until `leaving`, then give everything back; after `Fenced`, or when the log turns out to lack what was read
    (`LogCut`), what is still held is begun anew."""
    await worker.in_database(keeper.begin)
    begun = fresh = False
    while not worker.leaving():
        try:
            if not fresh:
                await worker.begin()
                begun = fresh = True
            await worker.turn()
        except (Fenced, LogCut) as error:
            logger.warning("%s; reading anew what is still held", error)
            await worker.in_database(keeper.again)
            fresh = False
        except LogUnavailable as error:
            logger.warning("%s", error)  # only when asked to leave: else the log is waited for
            break
    if begun:
        try:
            await worker.finish()
        except (Fenced, LogCut) as error:
            logger.warning("%s; what is left is read anew by whoever comes next", error)
    await worker.in_database(keeper.end)


async def until_answered(question: Callable[[], Awaitable[T]], leaving: Callable[[], bool]) -> T:
    """Ask the log until it answers. Raises LogUnavailable when it does not and this process is to leave."""
    while True:
        try:
            return await question()
        except LogUnavailable as error:
            logger.warning("%s", error)
            if leaving():
                raise
            await asyncio.sleep(0.2)


async def starts_behind(log: Log, gained: Mapping[int, int], behind: int | None) -> int:
    """The number behind which a reader goes on that has read to ``behind`` (None: nothing yet) and has gained these.

    A partition that was quiet for long stands far back though nothing was missed; the log is asked for its next
    message, so that not everything in between is read again.
    """
    furthest = max([behind or 0, *gained.values()])
    found = [] if behind is None else [behind]
    for partition, seq in gained.items():
        if seq + NEAR < furthest:
            coming = await log.next_seq(partition, seq)
            seq = furthest if coming is None else min(furthest, coming - 1)
        found.append(seq)
    return min(found, default=0)
