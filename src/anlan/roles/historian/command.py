"""``anlan historian``: connects to the log and runs the historian until asked to leave."""

from __future__ import annotations

import asyncio
import sys

from anlan import config as settings
from anlan.now import SystemClock
from anlan.roles import django, metrics
from anlan.roles.alone import alone
from anlan.roles.log import open_log
from anlan.roles.process import Leaving, announce, begin
from anlan.stream.tasks import finish


async def work(config: settings.Config, leaving: Leaving) -> None:
    """Run the historian; says ready when it has found its place in the log."""
    from anlan.roles.historian.historian import Historian
    from anlan.roles.room import Room, history_folder

    log = await open_log(config, "historian", leaving)
    if log is None:
        return
    historian = Historian(log, SystemClock(), lambda: bool(leaving), Room(config, history_folder(config)))
    running = asyncio.create_task(historian.run())
    waiting = asyncio.create_task(historian.ready.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if historian.ready.is_set():
        announce(config, "historian", metrics=metrics.serve(config, "historian", historian.figures))
    try:
        await running
    finally:
        await log.close()


def main(arguments: list[str]) -> int:
    """Store what the log brings until SIGTERM. Exit code 2 when another historian already works here."""
    leaving = begin("historian")
    django.start()
    config = settings.load()
    import uvloop

    with alone(config, "historian") as free:
        if not free:
            sys.stderr.write("本数据目录已有历史存储在运行\n")
            return 2
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(finish(work(config, leaving)))
    return 0
