"""``anlan intake``: puts the parts together and serves."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import msgspec
import uvicorn

from anlan import config as settings
from anlan import now
from anlan.now import SystemClock
from anlan.process import django, metrics
from anlan.process.disk_space import Room
from anlan.process.hearing import ACCEPTING, EVERY_S, LOST_S, Word
from anlan.process.http_limits import listen
from anlan.process.life import Leaving, begin
from anlan.process.log import open_log
from anlan.process.places import announce
from anlan.process.single_instance import sign_name
from anlan.process.worker import give_up_broken, is_shared, let_go_when_frozen
from anlan.roles.intake.bundler import Bundler
from anlan.roles.intake.keys import KeyRing, from_records
from anlan.roles.intake.replay import Taken
from anlan.rules import rulebook
from anlan.stream.log import Log, LogUnavailable
from anlan.stream.tasks import end, finish

KEYS_EVERY_S = 5.0
LIVE_AGE = timedelta(days=30)

logger = logging.getLogger(__name__)


class _Publisher:
    """The log's connection, made as soon as a server is there; until then nothing is taken in."""

    log: Log | None = None

    @property
    def there(self) -> bool:
        return self.log is not None and self.log.connected

    @property
    def connection(self) -> object:
        return None if self.log is None else self.log.connection

    async def publish(self, partition: int, envelope: bytes, message_id: str) -> int:
        if self.log is None:
            raise LogUnavailable("log server not reachable")
        return await self.log.publish(partition, envelope, message_id)


async def say_accepting(log: Log, accepts: Callable[[], bool], every_s: float = EVERY_S) -> None:
    """Say each second that packets are taken in and for how long, so that our own absence is no gateway's silence."""
    intake, since = uuid4().hex, now.monotonic()
    before = since
    while True:
        moment = now.monotonic()
        if moment - before > LOST_S:
            since = moment  # we were frozen: nothing was taken in
        before = moment
        if accepts():
            await log.tell(ACCEPTING, msgspec.json.encode(Word(intake, moment - since)))
        else:
            since = moment
        await asyncio.sleep(every_s)


async def newest_at(log: Log) -> datetime | None:
    """When the log took its newest message; None when it has none, or does not answer now."""
    try:
        return await log.newest_at()
    except LogUnavailable as error:
        logger.warning("%s", error)
        return None


async def serve(config: settings.Config, leaving: Leaving, taken: socket.socket) -> None:
    """Serve at this socket until asked to leave. The database is read and written in threads of its own.

    Raises what the work beside the server ended with: without it nothing would be taken in, nor anybody say so.
    """
    from django.db import DatabaseError

    from anlan.apps.gateways.selectors import tag_list_sizes
    from anlan.apps.gateways.services import announce_tags, quarantine
    from anlan.apps.gateways.services.cameras import Report, record_cameras
    from anlan.roles.intake.application import Application, IntakeParts
    from anlan.roles.intake.dead_letters import DeadLetters
    from anlan.roles.intake.packet_http import PacketHttp
    from anlan.roles.intake.records import Database, limits
    from anlan.roles.intake.refusals import Refusals
    from anlan.roles.intake.self_check import SelfCheck
    from anlan.roles.intake.standing import Standing
    from anlan.roles.intake.tag_lists import RecordsUnavailable, TagLists

    loop = asyncio.get_running_loop()
    keys, publisher, refusals = KeyRing(from_records), _Publisher(), Refusals(quarantine)
    clock = SystemClock()
    standing = Standing(Database(), clock)
    reader = ThreadPoolExecutor(1, thread_name_prefix="keys")

    async def in_thread(work: Callable[..., Any], *arguments: Any) -> Any:
        def fresh() -> Any:
            give_up_broken()
            return work(*arguments)

        return await loop.run_in_executor(reader, fresh)

    tag_lists = TagLists(tag_list_sizes, announce_tags, in_thread)
    standing.take_used, standing.give_back = tag_lists.take_used, tag_lists.give_back

    async def refresh() -> None:
        await loop.run_in_executor(reader, keys.refresh)
        await loop.run_in_executor(reader, standing.refresh)

    async def keep_fresh() -> None:
        while True:
            await refresh()
            await in_thread(self_check.look, await identity())
            await asyncio.sleep(KEYS_EVERY_S)

    async def keep_cameras(gateway: str, reports: Sequence[Report], at: datetime) -> list[str]:
        try:
            answers: list[str] = await in_thread(partial(record_cameras, reports, at, gateway=gateway))
        except DatabaseError as error:
            raise RecordsUnavailable(str(error)) from error
        return answers

    bundler, room = Bundler(publisher.publish), Room(config)
    taken_in = Taken(lambda: publisher.connection)
    dead_letters = DeadLetters(limits(rulebook.load()))
    app = Application(
        IntakeParts(keys, bundler, taken_in, refusals, standing, tag_lists, dead_letters, keep_cameras),
        clock,
        refresh_keys=refresh,
        log_is_there=lambda: publisher.there,
        future_limit=timedelta(seconds=rulebook.load().number("future_tolerance_seconds")),
        live_age=LIVE_AGE,
        room=lambda: room.stage,
    )
    self_check = SelfCheck(app, sign_name(config, "intake") if is_shared() else "intake", clock)

    async def identity() -> str:
        if publisher.log is None:
            return ""
        try:
            return await publisher.log.identity()
        except LogUnavailable:
            return ""

    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http=PacketHttp,
            lifespan="off",
            access_log=False,
            log_config=None,
            log_level="error",
            backlog=4096,
            proxy_headers=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=2,
            server_header=False,
        )
    )
    host = f"[{config.host}]" if ":" in config.host else config.host
    url = f"http://{host}:{taken.getsockname()[1]}"
    leaving.then(lambda: setattr(server, "should_exit", True))
    refusals.start()

    async def say_ready() -> None:
        log = await open_log(config, "intake", leaving)
        if log is not None:
            app.own_time.recorded(await newest_at(log))
        publisher.log = log
        while not (server.started and keys.loaded):  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.02)
        figures = metrics.serve(config, "intake", app.figures)
        announce(config, "intake", url=url, metrics=figures)
        if log is not None:
            await say_accepting(log, lambda: server.started and publisher.there)

    def fallen(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            server.should_exit = True

    tasks = [asyncio.create_task(keep_fresh()), asyncio.create_task(say_ready())]
    for task in tasks:
        task.add_done_callback(fallen)
    try:
        await server.serve(sockets=[taken])
    finally:
        failed = await end(tasks)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(3):
                await bundler.close()
        refusals.close()
        if publisher.log is not None:
            await publisher.log.close()
        reader.shutdown(wait=False)
        for error in failed:
            logger.error("%s: %s", type(error).__name__, error)
    if failed and not leaving:
        raise failed[0]


def main(arguments: list[str]) -> int:
    """Take packets in until SIGTERM. Settings from the environment; no arguments. 1 when the port cannot be had."""
    leaving = begin("intake")
    django.start()
    let_go_when_frozen()
    from anlan.apps.delivery.services import connect

    connect()  # else what the first pause of a gateway tells the pages is lost
    config = settings.load()
    try:
        taken = listen(config.host, config.intake_port)
    except OSError as error:
        logger.error("端口 %s:%d 不能使用：%s", config.host, config.intake_port, error.strerror)
        return 1
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(finish(serve(config, leaving, taken)))
    return 0
