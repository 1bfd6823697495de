"""``anlan engine [NAME]``: connects to the log and runs the engine until asked to leave."""

from __future__ import annotations

import asyncio
import sys

from anlan import config as settings
from anlan.now import SystemClock
from anlan.process import django, metrics
from anlan.process.life import Leaving, begin, instance_of
from anlan.process.log import open_log
from anlan.process.places import announce
from anlan.process.single_instance import alone, owner_name
from anlan.process.worker import is_shared, let_go_when_frozen
from anlan.stream.tasks import finish


async def work(config: settings.Config, leaving: Leaving, instance: str) -> None:
    """Run the engine; says ready when it has taken up its checkpoint."""
    from anlan.apps.alarms.models import EnginePosition, EngineWorker
    from anlan.apps.delivery.services import connect as connect_hints
    from anlan.database.leases import Leases
    from anlan.roles.engine.engine import ROLE, Engine
    from anlan.roles.engine.state import warm

    log = await open_log(config, instance, leaving)
    if log is None:
        return
    connect_hints()
    warm()
    await log.forget_consumer(ROLE)
    leases = Leases(EnginePosition, EngineWorker, owner_name(config, instance))
    engine = Engine(log, SystemClock(), lambda: bool(leaving), leases, instance)
    running = asyncio.create_task(engine.run())
    waiting = asyncio.create_task(engine.ready.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if engine.ready.is_set():
        announce(config, instance, metrics=metrics.serve(config, "engine", engine.figures, instance))
    try:
        await running
    finally:
        await log.close()


def main(arguments: list[str]) -> int:
    """Evaluate what the log brings until SIGTERM. ``arguments``: an optional name (``engine-2``) when several run.

    Exit code 2 when an engine of this name already works on the data directory; on SQLite there is only one at all.
    """
    instance = instance_of("engine", arguments)
    leaving = begin(instance)
    django.start()
    let_go_when_frozen()
    config = settings.load()
    import uvloop

    with alone(config, instance if is_shared() else "engine") as free:
        if not free:
            sys.stderr.write("本数据目录已有引擎在运行\n")
            return 2
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(finish(work(config, leaving, instance)))
    return 0
