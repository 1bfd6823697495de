"""The engine's loop: fetch, apply, commit; sweep, follow the registry, tell what is live.

It works on the partitions that its `Keeper` holds, and on those alone. How far it is stands in the transaction that
holds the effect of what was read. While the database cannot be written the loop stands still and the log keeps what
comes; when another engine has taken a partition over, nothing more is written and everything is read anew.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from django.db import DatabaseError, InterfaceError
from django.utils.translation import gettext as _

from anlan.apps.alarms.selectors import point_specs, registry_versions
from anlan.apps.alarms.selectors.open_alarms import judged_until, open_alarms, open_among
from anlan.apps.alarms.selectors.points import former_settings
from anlan.apps.alarms.services.alarms import instant
from anlan.apps.alarms.services.suppression import follow
from anlan.apps.gateways.selectors import tag_list
from anlan.apps.obligations.services import last_detail
from anlan.database.instants import micros
from anlan.database.leases import Fenced, Leases
from anlan.now import Clock
from anlan.process import log_watch
from anlan.process.hearing import ACCEPTING, Hearing
from anlan.process.own_clock import ClockWatch, clock_doubt
from anlan.process.own_faults import OwnFaults
from anlan.process.partitions import Keeper, keep_working, starts_behind, until_answered
from anlan.process.worker import close_all, give_up_broken, wait_for
from anlan.roles.engine import agreement, register, store
from anlan.roles.engine.agreement import Agreement
from anlan.roles.engine.cadences import Cadences
from anlan.roles.engine.conditions import values_of
from anlan.roles.engine.live import GET, WATCH, LiveDesk
from anlan.roles.engine.register import ReadAhead
from anlan.roles.engine.state import EngineCore
from anlan.stream.alarm import AlarmEvent
from anlan.stream.kernel.former import Settings
from anlan.stream.log import Log, LogCut, LogMessage, LogUnavailable
from anlan.stream.partition import partition_of

logger = logging.getLogger(__name__)
T = TypeVar("T")

ROLE = "engine"
DOUBT = "clock_doubt"
"""Kind of the fault that most gateways stand apart from our clock."""


class _Every:
    """True once per period of a steady clock."""

    def __init__(self, seconds: float, steady: Callable[[], float]) -> None:
        self._seconds, self._steady, self._next = seconds, steady, float("-inf")

    def due(self) -> bool:
        moment = self._steady()
        if moment < self._next:
            return False
        self._next = moment + self._seconds
        return True

    def at_once(self) -> None:
        self._next = float("-inf")

    def not_within(self, seconds: float) -> None:
        self._next = self._steady() + max(seconds, self._seconds)


class Engine:
    """One engine over the partitions that ``leases`` gives it. ``run`` until ``leaving()`` is true; then everything is
    committed and given back."""

    _core: EngineCore
    """From `begin` on."""

    def __init__(
        self,
        log: Log,
        clock: Clock,
        leaving: Callable[[], bool],
        leases: Leases,
        instance: str = ROLE,
        cadences: Cadences = Cadences(),  # noqa: B008 - frozen
    ) -> None:
        self._pace = cadences
        self._log, self._clock, self.leaving, self._leases, self._instance = log, clock, leaving, leases, instance
        self._keeper = Keeper(leases, steady=clock.monotonic)
        self._hearing = Hearing()
        self._agreement = Agreement(lambda partitions: self._in_aside(open_alarms, partitions))
        self._database = ThreadPoolExecutor(1, thread_name_prefix="engine-database")
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="engine-registry")
        """For long questions, which no commit waits behind."""
        self._reader = log.reader(instance)
        self._owed: list[int] = []
        self._covered = 0
        self._saving_took = 0.0
        self._samples = self._repeated = 0
        self._following: asyncio.Task[None] | None = None
        self._ahead = ReadAhead(lambda coming: self._in_aside(register.read, coming))
        self._every = {
            name: _Every(getattr(cadences, f"{name}_s"), clock.monotonic)
            for name in (
                "flush",
                "sweep",
                "registry",
                "links",
                "sign",
                "conditions",
                "coverage",
                "trim",
                "log",
                "compare",
            )
        }
        self._watch, self._own = ClockWatch(), OwnFaults()
        self.ready = asyncio.Event()

    async def run(self) -> None:
        """Take up the checkpoint and work."""
        try:
            self._own.remember(await self.in_database(last_detail, self._instance))
            await keep_working(self, self._keeper)
        finally:
            for pool in (self._aside, self._database):
                pool.submit(close_all)
                pool.shutdown(wait=True)

    def figures(self) -> dict[str, float]:
        """What the engine counts, for `anlan.process.metrics`; once it is ready."""
        return {
            "engine_samples_total": self._samples + self._core.samples,
            "engine_points": int(self._core.table.alive.sum()),
            "engine_partitions": len(self._keeper.held),
            "engine_reached_seconds": self._core.reached_us / 1_000_000,
            "engine_owed_sources": len(self._owed),
            "engine_repeated_numbers_total": self._repeated + self._core.sequences.repeated,
        }

    async def begin(self) -> None:
        """Begin with nothing in memory: what is held is taken up from the database."""
        if hasattr(self, "_core"):
            self._samples += self._core.samples
            self._repeated += self._core.sequences.repeated
        if self._following is not None:
            self._following.cancel()
            self._following = None
        self._ahead.forget()
        self._agreement.forget()
        self._core = EngineCore([], self._tag_list, self._former)
        self._desk = LiveDesk(self._core, lambda: self._keeper.held)
        self._versions: dict[str, tuple[int, ...]] = {}
        self._identity = (await until_answered(self._log.state, self.leaving)).identity
        self._settled_at = self._clock.monotonic() + self._pace.settle_s
        self._started = self._clock.monotonic()
        self._behind_until = 0
        await self._reader.aim([], 0)
        await self._change_partitions()
        if not self.ready.is_set():
            await self._log.answer(GET, lambda payload: self._desk.answer(payload))
            await self._log.listen(ACCEPTING, lambda payload: self._hearing.word(payload, self._clock.monotonic()))
            await self._log.answer(WATCH, lambda payload: self._desk.watch(payload))
            self.ready.set()

    async def finish(self) -> None:
        """Write what is in memory."""
        try:
            await self._write(self._core.everything([]))
        finally:
            await self._reader.close()

    async def turn(self) -> None:
        """Take what came, and do what is due."""
        await self._change_partitions()
        idle, messages = await self._fetch()
        events = self._core.take(messages, micros(self._clock.now()))
        if self._every["sweep"].due():
            self._watch_the_clock()
            events += self._sweep(idle)
            for subject, payload in self._desk.ticks():
                await self._log.tell(subject, payload)
        checkpoint = self._core.of_events(events) if events or self._core.edge_alarms else store.Checkpoint()
        begun = self._clock.monotonic()
        saving = self._core.in_round or self._every["flush"].due()
        if saving:
            checkpoint = checkpoint.joined(self._core.next_slice(self._pace.slice))
        await self._write(checkpoint)
        if saving:
            self._saving_took += self._clock.monotonic() - begun
            if not self._core.in_round:
                pause = min(self._pace.flush_share * self._saving_took, self._pace.longest_flush_s)
                self._every["flush"].not_within(pause)
                self._saving_took = 0.0
        await self._upkeep(idle)

    async def _change_partitions(self) -> None:
        """Take up what the keeper gained, give back what is too much. Raises `Fenced` when something was lost."""
        change = self._keeper.change()
        if change.lost:
            raise Fenced(f"partitions {sorted(change.lost)} have another owner")
        if not change:
            self._ahead.expect(change.coming)
            return
        if change.surplus:
            await self._write(self._core.everything([]))
            self._core.drop(change.surplus)
            await self.in_database(self._keeper.give_back, change.surplus)
        behind = self._reader.handed
        positions = await self._take_up(change.gained) if change.gained else {}
        held = self._keeper.held
        before = behind if set(held) - set(positions) else None
        after = await until_answered(lambda: starts_behind(self._log, positions, before), self.leaving)
        self._core.begins_at(after)
        if change.gained:
            self._behind_until = max(behind, self._behind_until)
        await self._reader.aim(held, after)
        self._owed = await self.in_database(store.burning_sources, held)
        logger.info("engine: %d of the partitions, %d points", len(held), int(self._core.table.alive.sum()))

    async def _take_up(self, gained: Collection[int]) -> dict[int, int]:
        """Points, positions and states of partitions that nobody works on now; returns the positions."""
        begun = self._clock.monotonic()
        state = await until_answered(self._log.state, self.leaving)
        if state.identity != self._identity:
            raise Fenced("the log is another one")
        found = await self._ahead.take(gained)
        if found is None:
            found = await self.in_database(register.read, gained)
        self._core.follow(found.specs, found.enterprises, micros(self._clock.now()))
        self._versions |= found.versions
        held = self._keeper.took_up(gained)
        places = await self.in_database(store.places, self._leases, set(held), state.identity)
        cut = await until_answered(lambda: self._log.lacks(places), self.leaving)
        gateways = [g for g in self._core.table.gateways if self._core.partition(g) in held]
        remembered = await self.in_database(store.remember, self._leases, held, set(held), gateways, state, cut)
        lost = {partition: places[partition][0] for partition in cut}
        log_watch.told(self._own, ROLE, _("报警引擎"), self._clock.now(), state, lost, remembered.missed)
        self._core.restore(remembered)
        self._tell_damaged()
        if forgotten := self._core.forgotten(set(gained) & held.keys()):
            self._core.judged(await self.in_database(judged_until, forgotten))
        known = await self.in_database(open_alarms, set(gained) & held.keys())
        await self._settle(self._core.differences(known, set(gained) & held.keys()))
        self._started = self._clock.monotonic()
        self._settled_at = self._started + self._pace.settle_s
        self._hearing.begin(self._started)
        logger.info("engine: took up %d partitions in %.1f s", len(held), self._started - begun)
        return dict(remembered.positions)

    def _tell_damaged(self) -> None:
        damaged = self._core.damaged_states
        if damaged:
            logger.error("the saved states of gateways %s are damaged, their points begin anew", ", ".join(damaged))
            words = _(
                "%(n)s 个网关的引擎存档损坏，未采用（%(codes)s）：其点位的延时与无数据从现在重新计，请查磁盘与内存"
            )
            named = {"n": len(damaged), "codes": "、".join(damaged[:5])}
            self._own.happened("engine_state_damaged", words % named, self._clock.now())
        damaged.clear()

    async def _settle(self, suspects: Collection[str]) -> None:
        """Bring memory up to the record where they differ. Call it when everything that was said is committed."""
        if not suspects:
            return
        known = await self.in_database(open_among, suspects)
        settled = self._core.settle(suspects, known, micros(self._clock.now()))
        if settled.events:
            logger.warning("%d alarms end: their points are not in use", len(settled.events))
            await self._write(self._core.of_events(settled.events))
        if told := agreement.words(settled):
            logger.error(
                "%d open alarms were not in memory, %d not on record", len(settled.put_back), len(settled.let_go)
            )
            self._own.happened("engine_memory", told, self._clock.now())

    async def _fetch(self) -> tuple[bool, list[LogMessage]]:
        try:
            if self._every["log"].due():
                await log_watch.compare(self._log, self._reader, self._identity)
            messages = await self._reader.fetch(self._pace.fetch, self._pace.fetch_s)
        except LogUnavailable as error:
            logger.warning("%s", error)
            await asyncio.sleep(0.2)
            return False, []
        except LogCut:
            await self._write(self._core.everything([]))  # what was read of it is nowhere else any more
            raise
        idle = not messages and self._reader.at_end
        if idle:
            self._behind_until = 0
        if messages:
            self._hearing.read()
        return idle, messages

    def _sweep(self, idle: bool) -> list[AlarmEvent]:
        """With the log read to its end the present counts; else only what the log has told so far.

        While partitions just taken up are still behind the others, their silence means nothing yet.
        """
        if self._reader.handed < self._behind_until:
            return []
        if self._behind_until:
            logger.info("engine: level with the others after %.1f s", self._clock.monotonic() - self._started)
            self._behind_until = 0
        listening = self._listening_us()
        if idle and self._settled():
            return self._core.sweep(micros(self._clock.now()), listening)
        return self._core.sweep(self._core.reached_us, listening, by_log=True) if self._core.reached_us else []

    def _listening_us(self) -> int:
        return self._hearing.since_us(self._clock.monotonic(), micros(self._clock.now()))

    def _settled(self) -> bool:
        return self._clock.monotonic() > self._settled_at

    def _watch_the_clock(self) -> None:
        """When our own clock was set, whatever seems silent by it gets the time to be heard first."""
        present, steady = self._clock.now(), self._clock.monotonic()
        if by := self._watch.moved(present, steady):
            logger.error("our own clock was set by %+.0f s", by)
            self._settled_at = steady + self._pace.settle_s
        doubt = self._core.clock_doubt()
        if doubt is None:
            self._own.over(DOUBT)
        else:
            words = clock_doubt(doubt.ahead_us / 1e6, doubt.gateways, doubt.heard)
            self._own.found(DOUBT, words, present, instant(doubt.since_us))

    async def _upkeep(self, idle: bool) -> None:
        held = self._keeper.held
        await self._sign_when_due()
        await self._settle(self._agreement.suspects(self._core, held))
        if self._every["compare"].due():
            self._agreement.begin(self._core, set(held))
        if self._every["registry"].due():
            if self._following is None or self._following.done():
                self._following = asyncio.create_task(self._look_at_registry())
            if self._owed:
                self._owed = await self.in_database(store.react_again, self._owed, self._clock.now())
        if self._settled() and self._every["links"].due():
            reached = self._clock.now() if idle else instant(self._core.reached_us)
            listening = self._listening_us()
            if await self.in_database(store.sweep, reached, held, self._core.tally.heard, listening):
                self._every["links"].at_once()
        if self._clock.monotonic() - self._started > self._pace.coverage_after_s and self._every["coverage"].due():
            # one enterprise at a time, so that nothing waits behind it
            self._covered = await self.in_database(store.check_next_enterprise, self._covered, self._clock.now(), held)
        if self._settled() and self._every["conditions"].due():
            values, ours = partial(values_of, self._core), partial(self._still_ours, None)
            await self.in_database(follow, values, self._clock.now(), ours)
        if 0 in held and self._every["trim"].due():
            try:
                await self._trim()
            except LogUnavailable as error:
                logger.warning("%s", error)

    async def _trim(self) -> None:
        """Let the log remove what both its readers have in their databases.

        Where one of them has read what the log lacks, its numbers are those of other messages, which it has yet to
        read: nothing is removed until it has noticed.
        """
        readers = await self.in_database(store.read_by_both, self._identity)
        for reads in readers:
            if await self._log.lacks({partition: read.newest for partition, read in reads.items()}):
                return
        if readers:
            await self._log.trim({p: min(reads[p].seq for reads in readers) for p in readers[0]})

    async def _look_at_registry(self) -> None:
        """Compare the registry with what is known, beside the loop; only enterprises that changed are read."""
        core, held = self._core, set(self._keeper.held)
        begun = self._clock.monotonic()
        versions = await self._in_aside(registry_versions)
        self._every["registry"].not_within(self._pace.registry_share * (self._clock.monotonic() - begun))
        wanted = {code: version for code, version in versions.items() if partition_of(code) in held}
        known = {code: version for code, version in self._versions.items() if partition_of(code) in held}
        changed = {code for code in {*wanted, *known} if wanted.get(code) != known.get(code)}
        if not changed:
            return
        specs = await self._in_aside(point_specs, changed)
        if core is not self._core or not held <= set(self._keeper.held):
            return  # the partitions have changed meanwhile: the next look finds what is left to do
        change = core.follow(specs, changed, micros(self._clock.now()))
        self._versions = {code: v for code, v in self._versions.items() if code not in changed}
        self._versions |= {code: versions[code] for code in changed if code in versions}
        logger.info(
            "registry changed: %d points added, %d changed, %d removed",
            len(change.added), len(change.changed), len(change.removed),
        )  # fmt: skip

    async def _write(self, checkpoint: store.Checkpoint) -> None:
        """Commit a checkpoint, one of many events in several parts; what fails ends the process, or part of it would
        be taken for saved."""
        if not checkpoint:
            return
        for part in self._core.parts(checkpoint, self._pace.most_events):
            await self._write_part(part)
            self._keeper.turned()
            await self._sign_when_due()

    async def _sign_when_due(self) -> None:
        if self._every["sign"].due():
            await self.in_database(store.sign, self._instance, self._clock.now(), self._own)

    async def _write_part(self, checkpoint: store.Checkpoint) -> None:
        tries, pause = 0, 0.1
        while True:
            try:
                react = tries < self._pace.tries
                await self._run_in_database(
                    store.commit, checkpoint, self._clock.now(), self._still_ours,
                    react=react, listening_us=self._listening_us(),
                )  # fmt: skip
            except Fenced:
                raise
            except Exception as error:
                outage = isinstance(error, (DatabaseError, InterfaceError)) and not await self._database_answers()
                if outage:
                    logger.error("the database cannot be written (%s), the log keeps what comes", error)
                else:
                    # an alarm must not be lost because what follows from it failed; it is graded later
                    tries += 1
                    logger.exception("a commit failed, try %d", tries)
                if tries > self._pace.tries or self.leaving():
                    raise
            else:
                break
            await asyncio.sleep(pause)
            pause = min(2 * pause, 5.0)
        if not react:
            self._owed = sorted({*self._owed, *await self.in_database(store.burning_sources, self._keeper.held)})
        self._core.saved(checkpoint)

    def _still_ours(self, partitions: Collection[int] | None) -> None:
        self._leases.guard(self._keeper.held, partitions)

    async def _database_answers(self) -> bool:
        try:
            # a write: a full disk still answers questions
            await self._run_in_database(store.sign, self._instance, self._clock.now(), self._own)
        except (DatabaseError, InterfaceError):
            return False
        return True

    async def in_database(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run ``work`` in the database thread, again and again while the database cannot be reached."""
        pause = 0.2
        while True:
            try:
                return await self._run_in_database(work, *arguments)
            except (DatabaseError, InterfaceError) as error:
                logger.error("the database does not answer: %s", error)
                if self.leaving():
                    raise
                await asyncio.sleep(pause)
                pause = min(2 * pause, 5.0)

    def _tag_list(self, gateway: str, tags_hash: str) -> list[str] | None:
        """An agreed tag list from the records. Stands still while the database does, like everything here."""
        return wait_for(self._database, lambda: tag_list(gateway, tags_hash), self.leaving)

    def _former(self, codes: Sequence[str]) -> Mapping[str, Settings]:
        """What points were set to before, from the records. Stands still while the database does, as above."""
        return wait_for(self._database, lambda: former_settings(codes), self.leaving)

    async def _in_aside(self, work: Callable[..., T], *arguments: Any) -> T:
        return await self._in_thread(self._aside, work, *arguments)

    async def _run_in_database(self, work: Callable[..., T], *arguments: Any, **options: Any) -> T:
        return await self._in_thread(self._database, work, *arguments, **options)

    async def _in_thread(self, pool: ThreadPoolExecutor, work: Callable[..., T], *arguments: Any, **options: Any) -> T:
        loop = asyncio.get_running_loop()

        def in_thread() -> T:
            give_up_broken()
            return work(*arguments, **options)

        return await loop.run_in_executor(pool, in_thread)
