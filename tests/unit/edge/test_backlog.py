"""After a long outage the backlog goes up in order while fresh packets do not wait behind it, as configured."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import nats
import pytest
from tests.unit.edge.intake_double import running_intake

from anlan.edge.backoff import Backoff
from anlan.edge.buffer import Buffer
from anlan.edge.config import BACKLOG, GatewayConfig, IntakeConfig
from anlan.edge.losses import Losses
from anlan.edge.packet import collect_time
from anlan.edge.scan import Quality, Sample, Scan
from anlan.edge.uplink import Uplink
from anlan.edge.writer import Writer
from anlan.now import SystemClock, now_us
from anlan.stream.natsd import NatsServer
from anlan.stream.tasks import end

HOUR_US = 3_600_000_000
OLD, FRESH = 300, 20


@pytest.mark.parametrize("order", BACKLOG)
async def test_fresh_packets_go_past_an_old_backlog_as_configured(tmp_path: Path, order: str) -> None:
    server = NatsServer(tmp_path / "log")
    server.start()
    try:
        server.wait_ready()
        with running_intake() as intake:
            intake.mode = "503"
            client = await nats.connect(server.url)
            buffer = Buffer(client, "backlog", 1 << 26, lambda gap: None)
            await buffer.ensure()
            gateway = GatewayConfig("backlog", "540170007", "secret-key", 1.0, "replay", {}, Path())
            writer = Writer(gateway, buffer, Losses(tmp_path / "gaps.jsonl", "backlog"), {})
            settings = IntakeConfig(intake.url, timeout_seconds=5, batch_packets=7, backlog=order)
            losses = Losses(tmp_path / "gaps.jsonl", "backlog")
            uplink = Uplink(gateway, settings, buffer, losses, SystemClock(), retry=Backoff(0.02, 0.1))
            tasks = [asyncio.create_task(writer.run()), asyncio.create_task(uplink.run())]

            def offer(at_us: int) -> str:
                writer.offer(Scan(at_us, True, {"P1": Sample(1.0, Quality.GOOD, at_us)}))
                return collect_time(at_us)

            start = now_us() // 1000 * 1000
            old = [offer(start - HOUR_US + number * 1000) for number in range(OLD)]
            await asyncio.wait_for(writer.drain(), 60)
            # a slow centre: the fresh packets come while the backlog is on its way
            intake.refuse = lambda packet: time.sleep(0.004)
            intake.mode = "ok"
            fresh = []
            for number in range(FRESH):
                fresh.append(offer(start + number * 1000))
                await asyncio.wait_for(writer.drain(), 60)
                await asyncio.sleep(0.02)
            async with asyncio.timeout(60):
                while (await buffer.depth()).packets:  # noqa: ASYNC110 - the log tells nobody when it is empty
                    await asyncio.sleep(0.02)
            assert await end(tasks) == []
            await client.close()
        assert sorted(intake.order) == sorted(old + fresh)
        assert [at for at in intake.order if at in set(old)] == old
        if order == "oldest_first":
            assert intake.order == old + fresh
        else:
            place = {at: number for number, at in enumerate(intake.order)}
            past = [at for at in intake.order if at in set(fresh) and place[at] < place[old[-1]]]
            assert past
            assert past == sorted(past)
    finally:
        server.stop()


async def test_a_packet_removed_twice_is_gone_once(tmp_path: Path) -> None:
    server = NatsServer(tmp_path / "log")
    server.start()
    try:
        server.wait_ready()
        client = await nats.connect(server.url)
        buffer = Buffer(client, "twice", 1 << 26, lambda gap: None)
        await buffer.ensure()
        for number in range(3):
            await buffer.put(b"{}", f"id-{number}", 1)
        found = await buffer.look(2, 9)
        assert [packet.seq for packet in found] == [2, 3]
        await buffer.remove(found)
        await buffer.remove(found)
        assert await buffer.look(2, 3) == []
        assert (await buffer.depth()).packets == 1
        await client.close()
    finally:
        server.stop()
