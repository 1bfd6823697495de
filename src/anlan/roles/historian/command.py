"""``anlan historian [NAME]``: connects to the log and runs the historian until asked to leave."""

from __future__ import annotations

import asyncio
import logging
import sys

from django.db import DatabaseError, InterfaceError

from anlan import config as settings
from anlan.database.addresses import HISTORY
from anlan.now import SystemClock
from anlan.process import django, metrics
from anlan.process.life import Leaving, begin, instance_of
from anlan.process.log import open_log
from anlan.process.places import announce
from anlan.process.single_instance import alone, owner_name
from anlan.process.worker import close_all, give_up_broken, is_shared, let_go_when_frozen
from anlan.stream.tasks import finish

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 15.0

logger = logging.getLogger(__name__)


async def history_is_there(leaving: Leaving) -> bool:
    """Return when the history database can be read, brought to our schema where it could not be before; False when
    asked to leave. Meanwhile the log keeps what comes, and the auditor tells of it."""
    from anlan.apps.history.services import newest_number
    from anlan.process.migrating import HistoryUnavailable, migrate_history

    def look() -> bool:
        try:
            newest_number()
        except (DatabaseError, InterfaceError):
            give_up_broken()
            migrate_history()
            newest_number()
        return True

    def try_it() -> bool:
        try:
            return look()
        except (HistoryUnavailable, DatabaseError, InterfaceError) as error:
            logger.error("%s", error)
            return False
        finally:
            close_all()

    pause = FIRST_PAUSE_S
    while not leaving:
        if await asyncio.to_thread(try_it):
            return True
        for _ in range(round(pause / 0.5)):
            if not leaving:
                await asyncio.sleep(0.5)
        pause = min(2 * pause, LONGEST_PAUSE_S)
    return False


async def work(config: settings.Config, leaving: Leaving, instance: str) -> None:
    """Run the historian; says ready when it has found its place in the log."""
    from anlan.apps.history.models import HistorianWorker, Position
    from anlan.database.leases import Leases
    from anlan.process.disk_space import Room, history_folder
    from anlan.roles.historian.historian import ROLE, Historian

    log = await open_log(config, instance, leaving)
    if log is None:
        return
    await log.forget_consumer(ROLE)
    if not await history_is_there(leaving):
        await log.close()
        return
    leases = Leases(Position, HistorianWorker, owner_name(config, instance), HISTORY)
    room = Room(config, history_folder(config))
    historian = Historian(log, SystemClock(), lambda: bool(leaving), room, leases, instance)
    running = asyncio.create_task(historian.run())
    waiting = asyncio.create_task(historian.ready.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if historian.ready.is_set():
        announce(config, instance, metrics=metrics.serve(config, "historian", historian.figures, instance))
    try:
        await running
    finally:
        await log.close()


def main(arguments: list[str]) -> int:
    """Store what the log brings until SIGTERM. ``arguments``: an optional name (``historian-2``) when several run.

    Exit code 2 when a historian of this name already works on the data directory; on SQLite there is only one at all.
    """
    instance = instance_of("historian", arguments)
    leaving = begin(instance)
    django.start()
    let_go_when_frozen()
    config = settings.load()
    import uvloop

    with alone(config, instance if is_shared(HISTORY) else "historian") as free:
        if not free:
            sys.stderr.write("本数据目录已有历史存储在运行\n")
            return 2
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(finish(work(config, leaving, instance)))
    return 0
