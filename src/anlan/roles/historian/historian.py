"""The historian's loop: fetch, decode, write blocks with positions; compact hours that ended.

History never holds up alarms: it has its own reader of the log and its own database, and may be minutes behind.
It works on the partitions that its `Keeper` holds; when another historian has taken one over, nothing more is written
and what is still held is read anew.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

from django.db import DatabaseError, InterfaceError
from django.utils.translation import gettext as _

from anlan.apps.alarms.selectors import point_specs, registry_versions
from anlan.apps.alarms.selectors.points import enterprises_of, specs_of
from anlan.apps.gateways.selectors import tag_list
from anlan.apps.gateways.services import PacketRefused, quarantine
from anlan.apps.history.selectors.newest import newest_frames
from anlan.apps.history.services import Batch, compact_hour, hours_to_compact, take_up, write
from anlan.apps.history.services.compaction import HOUR_US
from anlan.apps.obligations import services as obligations
from anlan.apps.registry.selectors.homes import homes_until
from anlan.database.leases import Fenced, Leases
from anlan.now import Clock
from anlan.process import log_watch
from anlan.process.disk_space import Room, Stage
from anlan.process.own_faults import OwnFaults
from anlan.process.partitions import Keeper, keep_working, starts_behind, until_answered
from anlan.process.worker import close_all, give_up_broken, say_failed, wait_for
from anlan.roles.historian.cadences import Cadences
from anlan.roles.historian.chores import Chores
from anlan.roles.historian.former import Former, Past
from anlan.roles.historian.minutes import OpenMinutes
from anlan.stream.envelope import EnvelopeError, unpack
from anlan.stream.frame import FrameDecoder
from anlan.stream.gateway_clock import marked
from anlan.stream.log import Log, LogCut, LogMessage, LogState, LogUnavailable
from anlan.stream.packet import Form, PacketError
from anlan.stream.partition import partition_of
from anlan.stream.points import PointTable

logger = logging.getLogger(__name__)
T = TypeVar("T")

ROLE = "historian"


class Historian:
    """Stores what the log brings to its partitions. ``run`` until ``leaving()`` is true; then everything is written."""

    def __init__(
        self,
        log: Log,
        clock: Clock,
        leaving: Callable[[], bool],
        room: Room,
        leases: Leases,
        instance: str = ROLE,
        cadences: Cadences = Cadences(),  # noqa: B008 - frozen
    ) -> None:
        self._pace, self._own = cadences, OwnFaults()
        self._log, self._clock, self.leaving, self._room = log, clock, leaving, room
        self._leases, self._instance = leases, instance
        self._keeper = Keeper(leases, steady=clock.monotonic)
        self._reader = log.reader(instance)
        self._database = ThreadPoolExecutor(1, thread_name_prefix="history-database")
        self._chores = Chores(lambda: set(self._keeper.held), cadences.chores_s)
        self._flush_took = 0.0
        self._paused = False
        self.ready = asyncio.Event()

    async def run(self) -> None:
        """Go on where the positions stopped."""
        try:
            self._own.remember(await self.in_database(obligations.last_detail, self._instance))
            await keep_working(self, self._keeper)
        finally:
            self._database.submit(close_all)
            self._database.shutdown(wait=True)

    async def finish(self) -> None:
        """Write what is in memory."""
        try:
            await self._flush()
        finally:
            await self._reader.close()

    def figures(self) -> dict[str, float]:
        """What the historian counts, for `anlan.process.metrics`; once it is ready."""
        return {
            "historian_partitions": len(self._keeper.held),
            "historian_open_samples": self._open.samples,
            "historian_open_minutes": self._open.gateways,
            "historian_flush_seconds": round(self._flush_took, 3),
            "historian_removed_rows_total": self._chores.removed,
            "historian_paused": int(self._paused),
        }

    async def begin(self) -> None:
        """Begin with nothing in memory: what is held is taken up from the database."""
        self._versions: dict[str, tuple[int, ...]] = {}
        self._table = PointTable([])
        self._decoder = FrameDecoder(self._table, self._tag_list)
        self._former = Former(self._table, self._tag_list, self._past)
        self._open = OpenMinutes(self._table)
        self._positions: dict[int, int] = {}
        self._saved: dict[int, int] = {}
        self._identity = (await self._log_state()).identity
        await self._reader.aim([], 0)
        await self._change_partitions()
        moment = self._clock.monotonic()
        self._flush_at = moment + self._pace.shortest_flush_s
        self._registry_at = moment + self._pace.registry_s
        self._versions_at = moment
        self._compact_at = moment + self._pace.compact_s
        self._chores_at = moment + self._pace.compact_s
        self._log_at = moment
        self.ready.set()

    async def _change_partitions(self) -> None:
        """Take up what the keeper gained, give back what is too much. Raises `Fenced` when something was lost."""
        change = self._keeper.change()
        if change.lost:
            raise Fenced(f"partitions {sorted(change.lost)} have another owner")
        if not change:
            return
        if change.surplus:
            await self._flush()
            self._open.drop(change.surplus)
            for partition in change.surplus:
                self._positions.pop(partition, None)
            await self.in_database(self._keeper.give_back, change.surplus)
        behind = self._reader.handed
        positions = await self._take_up(change.gained) if change.gained else {}
        held = self._keeper.held
        before = behind if set(held) - set(positions) else None
        after = await until_answered(lambda: starts_behind(self._log, positions, before), self.leaving)
        await self._reader.aim(held, after)
        logger.info("historian: %d of the partitions", len(held))

    async def _take_up(self, gained: Collection[int]) -> dict[int, int]:
        """Points and positions of partitions that nobody works on now; returns the positions."""
        state = await self._log_state()
        if state.identity != self._identity:
            raise Fenced("the log is another one")
        enterprises = set(await self.in_database(enterprises_of, gained))
        before, read_at = set(self._table.gateways), self._clock.now()
        versions = await self.in_database(registry_versions)
        self._table.update(await self.in_database(point_specs, enterprises), enterprises)
        self._former.registers_read(enterprises, read_at)
        self._versions |= {code: version for code, version in versions.items() if code in enterprises}
        held = self._keeper.took_up(gained)
        places = await self.in_database(self._leases.places, set(held), state.identity)
        cut = await until_answered(lambda: self._log.lacks(places), self.leaving)
        taken = await self.in_database(take_up, self._leases, held, state.identity, state.first_seq, cut)
        lost = {partition: places[partition][0] for partition in cut}
        log_watch.told(self._own, ROLE, _("历史"), self._clock.now(), state, lost, taken.missed)
        positions = taken.positions
        self._positions |= positions
        self._saved |= positions
        gateways = [code for code in self._table.gateways if code not in before]
        self._open.remember(await self.in_database(newest_frames, gateways))
        return positions

    async def _log_state(self) -> LogState:
        return await until_answered(self._log.state, self.leaving)

    async def turn(self) -> None:
        """Take what came, and do what is due."""
        await self._change_partitions()
        if self._pauses():
            await asyncio.sleep(0.5)
            if self._clock.monotonic() >= self._registry_at:
                self._registry_at = self._clock.monotonic() + self._pace.registry_s
                await self._follow_registry()
            return
        try:
            if self._clock.monotonic() >= self._log_at:
                self._log_at = self._clock.monotonic() + self._pace.log_s
                await log_watch.compare(self._log, self._reader, self._identity)
            messages = await self._reader.fetch(self._pace.fetch, self._pace.fetch_s)
        except LogUnavailable as error:
            logger.warning("%s", error)
            await asyncio.sleep(0.2)
            messages = []
        except LogCut:
            await self._flush()  # what was read of it is nowhere else any more
            raise
        for message in messages:
            self._take(message)
        moment = self._clock.monotonic()
        if moment >= self._flush_at or self._open.samples >= self._pace.max_samples:
            await self._flush()
        if moment >= self._registry_at:
            self._registry_at = moment + self._pace.registry_s
            await self._follow_registry()
        if moment >= self._compact_at and (not messages or moment >= self._compact_at + self._pace.compact_s):
            await self._compact()
        if moment >= self._chores_at:
            self._chores_at = moment + await self.in_database(self._chores.step, self._clock.now())

    def _pauses(self) -> bool:
        """Whether history gives way to everything else because the disk is short; the log keeps what comes."""
        paused = self._room.stage >= Stage.HISTORY
        if paused != self._paused:
            free = self._room.space.free // 1024**2
            logger.error("the disk has %d MiB left, history pauses", free) if paused else logger.warning(
                "history resumes"
            )
            self._paused = paused
        return paused

    def _take(self, message: LogMessage) -> None:
        if message.seq <= self._positions.get(message.partition, 0):
            return
        self._positions[message.partition] = message.seq
        try:
            for record in unpack(message.data):
                if record.form == Form.ALARMS:
                    continue
                try:
                    frame = marked(self._decoder.decode(record), record)
                except PacketError as error:
                    logger.warning("record of %s in message %d: %s", record.gateway, message.seq, error)
                else:
                    self._open.add(record.enterprise, frame, message.seq)
                    if frame.unknown and (former := self._former.rescued(record, frame)) is not None:
                        self._open.add(record.enterprise, former, message.seq)
        except EnvelopeError as error:
            logger.error("message %d of the log cannot be read: %s", message.seq, error)

    async def _flush(self) -> None:
        begun = self._clock.monotonic()
        for partition, seq in self._positions.items():
            # messages come in order, so quiet partitions are as far as the others
            if (reached := max(seq, self._reader.handed)) > self._saved.get(partition, 0):
                self._open.reached(partition, reached)
        if refused := self._former.take_refused():
            # first, so that a kill in between tells it twice rather than never
            self._former.give_back(await self.in_database(_told, refused))
        batch: Batch = self._open.batch()
        batch.newest = (self._reader.handed, self._reader.handed_us)
        if batch:
            await self.in_database(write, batch, lambda: self._leases.guard(self._keeper.held))
            self._open.written(batch)
            self._saved |= batch.positions
        # a flush writes filling minutes anew: where that is much work it is done less often
        took = self._flush_took = self._clock.monotonic() - begun
        self._flush_at = self._clock.monotonic() + min(
            max(self._pace.shortest_flush_s, self._pace.flush_share * took), self._pace.longest_flush_s
        )

    async def _follow_registry(self) -> None:
        await self.in_database(_sign, self._instance, self._clock.now(), self._own)
        begun = self._clock.monotonic()
        if begun < self._versions_at:
            return
        held = self._keeper.held
        found = await self.in_database(registry_versions)
        self._versions_at = self._clock.monotonic() + self._pace.registry_share * (self._clock.monotonic() - begun)
        versions = {code: version for code, version in found.items() if partition_of(code) in held}
        known = {code: version for code, version in self._versions.items() if partition_of(code) in held}
        changed = {code for code in {*versions, *known} if versions.get(code) != known.get(code)}
        if changed:
            # frames in memory speak of rows of the table, which keep their meaning for ever
            read_at = self._clock.now()
            self._table.update(await self.in_database(point_specs, changed), changed)
            self._former.registers_read(changed, read_at)
        self._versions = versions

    async def _compact(self) -> None:
        held = set(self._keeper.held)
        before = round(self._clock.now().timestamp() * 1_000_000) - self._pace.late_us
        hours = await self.in_database(hours_to_compact, before, 20, held)
        for gateway, hour in hours:
            self._open.forget(gateway, hour, hour + HOUR_US)
            await self.in_database(compact_hour, gateway, hour, self._still_ours)
            if self.leaving():
                return
        self._compact_at = self._clock.monotonic() + (0.5 if hours else self._pace.compact_s)

    def _tag_list(self, gateway: str, tags_hash: str) -> list[str] | None:
        """An agreed tag list from the records. Stands still while their database does."""
        return wait_for(self._database, lambda: tag_list(gateway, tags_hash), self.leaving)

    def _past(self, codes: Collection[str], since: datetime) -> Past:
        """Points and their former homes, from the records. Stands still while their database does."""
        return wait_for(self._database, lambda: (specs_of(codes), homes_until(codes, since)), self.leaving)

    def _still_ours(self, enterprise: str) -> None:
        self._leases.guard(self._keeper.held, [partition_of(enterprise)])

    async def in_database(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run ``work`` in the database thread, again and again while the database cannot be written."""
        pause = 0.2
        loop = asyncio.get_running_loop()

        def in_thread() -> T:
            give_up_broken()
            return work(*arguments)

        while True:
            try:
                return await loop.run_in_executor(self._database, in_thread)
            except (DatabaseError, InterfaceError) as error:
                logger.error("the history database does not answer: %s", error)
                if self.leaving():
                    raise
                await asyncio.sleep(pause)
                pause = min(2 * pause, 5.0)


def _sign(name: str, at: datetime, own: OwnFaults) -> None:
    """Leave a sign of life among the records, with what the historian finds wrong with its own work; one that cannot be
    left holds up no history."""
    try:
        obligations.tick(name, at, own=own.detail(at))
    except DatabaseError as error:
        say_failed(logger, "no sign of life could be left", error)


def _told(refused: list[PacketRefused]) -> list[PacketRefused]:
    """Put what history could not take into the quarantine; returns what could not be written, to be tried again."""
    try:
        quarantine(refused)
    except DatabaseError as error:
        say_failed(logger, "what history refused is not in the quarantine yet", error)
        return refused
    return []
