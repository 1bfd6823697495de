"""``anlan historian [NAME]``: connects to the log and runs the historian until asked to leave."""

from __future__ import annotations

import asyncio
import sys

from anlan import config as settings
from anlan.now import SystemClock
from anlan.roles import django, metrics
from anlan.roles.alone import alone, owner_name
from anlan.roles.database import is_shared, let_go_when_frozen
from anlan.roles.log import open_log
from anlan.roles.process import Leaving, announce, begin, instance_of
from anlan.site.databases import HISTORY
from anlan.stream.tasks import finish


async def work(config: settings.Config, leaving: Leaving, instance: str) -> None:
    """Run the historian; says ready when it has found its place in the log."""
    from anlan.apps.history.models import HistorianWorker, Position
    from anlan.leases import Leases
    from anlan.roles.historian.historian import ROLE, Historian
    from anlan.roles.room import Room, history_folder

    log = await open_log(config, instance, leaving)
    if log is None:
        return
    await log.forget_consumer(ROLE)
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
