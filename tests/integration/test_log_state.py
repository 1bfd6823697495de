"""What the operations page says of the log is what the log server says of itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from anlan import now as clock
from anlan.apps.alarms.models import EnginePosition, EngineWorker
from anlan.apps.gateways.selectors.log_state import LogState, Reader, log_state
from anlan.database.leases import TTL_S
from anlan.stream.log import Log, LogMessage
from anlan.stream.natsd import NatsServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    server = NatsServer(tmp_path / "log")
    server.start()
    server.wait_ready(20)
    run = settings.CONFIG.data_dir / "run.json"
    run.write_text(json.dumps({"nats_url": server.url}), encoding="utf-8")
    yield server
    run.unlink()
    server.stop()


def answer(within_s: float = 20.0) -> LogState | None:
    """The first answer: the bus connects in its own time."""
    until = clock.monotonic() + within_s
    while clock.monotonic() < until:
        if found := log_state(timeout=1.0):
            return found
    return None


async def fill(url: str) -> None:
    log = await Log.connect(url)
    try:
        await log.ensure()
        for number in range(5):
            await log.publish(number, b"x" * 100, f"message-{number}")
        reader = log.reader("engine-2")
        await reader.aim(range(4), 0)
        read: list[LogMessage] = []
        while len(read) < 4:
            read += await reader.fetch(10, 5.0)
    finally:
        await log.close()
    log = await Log.connect(url)
    await log.publish(2, b"x", "behind it")
    await log.publish(4, b"x", "of another engine")
    await log.close()


@pytest.mark.django_db
def test_records_size_and_readers_are_those_of_the_server(server: NatsServer) -> None:
    EnginePosition.objects.bulk_create(
        EnginePosition(partition=number, seq=1, owner="engine-2" if number < 4 else "gone") for number in range(64)
    )
    asyncio.run(fill(server.url))
    lives = EngineWorker.objects.create(name="engine-2", expires_at=clock.now())
    found = None
    while found is None or not found.newest_at or lives.expires_at <= clock.now():
        # a lease ends within seconds, and a slow machine may take as long to ask
        EngineWorker.objects.update(expires_at=clock.now() + timedelta(seconds=TTL_S))
        lives.refresh_from_db()
        found = answer()
    assert found is not None
    assert found.records == 7
    assert found.size > 500
    assert 0 < found.fullness < 0.001
    assert found.newest_at is not None
    assert abs((clock.now() - found.newest_at).total_seconds()) < 120
    lost = 60 if connection.vendor == "postgresql" else 0  # on SQLite nobody else could take them
    assert found.readers == [Reader("engine", waiting=1, unsettled=3, unowned=lost)]


@pytest.mark.django_db
def test_a_log_without_its_stream_or_without_a_server_is_no_answer(server: NatsServer) -> None:
    assert log_state(timeout=5.0) is None
    server.stop()
    assert log_state(timeout=0.2) is None
