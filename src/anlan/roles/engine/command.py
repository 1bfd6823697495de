"""``anlan engine``: connects to the log and runs the engine until asked to leave."""

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
    """Run the engine; says ready when it has taken up its checkpoint."""
    from anlan.apps.delivery.services import connect as connect_hints
    from anlan.roles.engine.engine import DURABLE, Engine

    log = await open_log(config, "engine", leaving)
    if log is None:
        return
    connect_hints()
    engine = Engine(log, SystemClock(), lambda: bool(leaving), readers=(DURABLE, "historian"))
    running = asyncio.create_task(engine.run())
    waiting = asyncio.create_task(engine.ready.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if engine.ready.is_set():
        announce(config, "engine", metrics=metrics.serve(config, "engine", engine.figures))
    try:
        await running
    finally:
        await log.close()


def main(arguments: list[str]) -> int:
    """Evaluate what the log brings until SIGTERM. Exit code 2 when another engine already works here."""
    leaving = begin("engine")
    django.start()
    config = settings.load()
    import uvloop

    with alone(config, "engine") as free:
        if not free:
            sys.stderr.write("本数据目录已有引擎在运行\n")
            return 2
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(finish(work(config, leaving)))
    return 0
