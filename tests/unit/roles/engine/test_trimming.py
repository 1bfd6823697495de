"""What the log may remove: what both its readers have, by the very messages and not by their numbers alone."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest
from tests.simulation.memory_log import MemoryLog

from anlan import now
from anlan.apps.alarms.models import EnginePosition, EngineWorker
from anlan.apps.history.models import HistorianWorker, Position
from anlan.database.leases import Leases
from anlan.now import SystemClock
from anlan.process.worker import close_all
from anlan.roles.engine.engine import Engine

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "history"])


@pytest.mark.case("A2")
def test_a_reader_that_has_yet_to_notice_that_the_log_lost_its_tail_keeps_what_it_has_not_read() -> None:
    log = MemoryLog(now.now_us, now.monotonic)
    engine = _engine(log)
    try:
        asyncio.run(_story(log, engine))
    finally:
        engine._database.submit(close_all)
        engine._database.shutdown(wait=True)


async def _story(log: MemoryLog, engine: Engine) -> None:
    for number in range(3):
        await log.publish(0, b"", f"old-{number}")
    await _read(engine, log, EnginePosition, Position)
    log.cut(2)
    await asyncio.sleep(0.002)  # another instant, as after any restart of a server
    for number in range(2):
        await log.publish(0, b"", f"new-{number}")
    await _read(engine, log, EnginePosition)  # the historian is down, or about to notice
    await engine._trim()
    assert (await log.state()).first_seq == 1
    await _read(engine, log, Position)
    await engine._trim()
    assert (await log.state()).first_seq == 4


def _engine(log: Any) -> Engine:
    leases = Leases(EnginePosition, EngineWorker, "one")
    leases.prepare()
    Leases(Position, HistorianWorker, "one", "history").prepare()
    engine = Engine(log, SystemClock(), lambda: False, leases)
    engine._identity = "SAMPLES@1"
    return engine


async def _read(engine: Engine, log: MemoryLog, *roles: Any) -> None:
    """These roles have read the log to its end."""
    last = log.store.messages[log.store.last_seq]
    values = {"log": "SAMPLES@1", "seq": last.seq, "newest_seq": last.seq, "newest_us": last.taken_us}
    for rows in roles:
        all_of_them = rows._base_manager.using("history" if rows is Position else "default")
        await engine.in_database(partial(all_of_them.update, **values))
