"""The centre may be down, up, failing, hanging or wrong: what was written arrives once, in order, and nothing is lost.

Against a real nats-server and a real HTTP server.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import nats
import pytest
from nats.aio.client import Client
from tests.unit.edge.intake_double import IntakeDouble, running_intake

from anlan.edge.backoff import Backoff
from anlan.edge.buffer import Buffer, Depth, Gap
from anlan.edge.config import GatewayConfig, IntakeConfig
from anlan.edge.losses import Losses
from anlan.edge.packet import collect_time
from anlan.edge.scan import Quality, Sample, Scan
from anlan.edge.uplink import LinkState, Uplink
from anlan.edge.writer import Writer
from anlan.now import SystemClock, monotonic, now_us
from anlan.stream.natsd import NatsServer
from anlan.stream.tasks import end

GATEWAY = GatewayConfig("54017000701", "540170007", "secret-key", 1.0, "replay", {}, Path())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    server = NatsServer(tmp_path_factory.mktemp("edge-log"))
    server.start()
    try:
        server.wait_ready()
        yield server
    finally:
        server.stop()


@pytest.fixture
def intake() -> Iterator[IntakeDouble]:
    with running_intake() as double:
        yield double


@dataclass
class Line:
    """One gateway's writer, buffer and uplink, and the collect times it wrote."""

    client: Client
    buffer: Buffer
    losses: Losses
    writer: Writer
    uplink: Uplink
    written: list[str]

    async def write(self, count: int) -> None:
        start = now_us() // 1000 * 1000
        for number in range(count):
            at = start + number * 1000
            self.writer.offer(Scan(at, True, {"P1": Sample(float(number), Quality.GOOD, at)}))
            self.written.append(collect_time(at))
        await asyncio.wait_for(self.writer.drain(), 60)

    async def empty(self) -> None:
        async with asyncio.timeout(60):
            while (await self.buffer.depth()).packets:  # noqa: ASYNC110 - the log tells nobody when it is empty
                await asyncio.sleep(0.02)


async def until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = monotonic() + seconds
    while not true():
        assert monotonic() < deadline, "did not happen in time"
        await asyncio.sleep(0.02)


@asynccontextmanager
async def line(
    server: NatsServer, intake: IntakeDouble, folder: Path, *, code: str, max_bytes: int = 1 << 26, **changes: object
) -> AsyncIterator[Line]:
    """A running line whose uplink waits only briefly between attempts."""
    gateway = replace(GATEWAY, code=code)
    settings = replace(IntakeConfig(intake.url, timeout_seconds=0.5, batch_packets=20), **changes)
    client = await nats.connect(server.url, max_reconnect_attempts=-1, reconnect_time_wait=0.1)
    losses = Losses(folder / "gaps.jsonl", code)
    buffer = Buffer(client, code, max_bytes, losses.record)
    await buffer.ensure()
    writer = Writer(gateway, buffer, losses, {})
    uplink = Uplink(
        gateway, settings, buffer, losses, SystemClock(), retry=Backoff(0.02, 0.1), slow_retry=Backoff(0.05, 0.1)
    )
    tasks = [asyncio.create_task(writer.run()), asyncio.create_task(uplink.run())]
    try:
        yield Line(client, buffer, losses, writer, uplink, [])
    finally:
        errors = await end(tasks)
        await client.close()
    assert errors == []


async def test_what_is_written_arrives_once_and_in_order(server, intake, tmp_path):
    async with line(server, intake, tmp_path, code="in-order") as one:
        await one.write(150)
        await one.empty()
        assert intake.order == one.written
        assert intake.duplicates == 0
        assert one.uplink.state is LinkState.OK


@pytest.mark.parametrize("trouble", ["500", "503", "401", "portal", "hang", "slam"])
async def test_trouble_at_the_centre_loses_nothing(server, intake, tmp_path, trouble):
    intake.mode = trouble
    async with line(server, intake, tmp_path, code=f"trouble-{trouble}") as one:
        await one.write(45)
        before = intake.requests
        await until(lambda: intake.requests >= before + 2)
        assert (await one.buffer.depth()).packets == 45
        expected = LinkState.REJECTED if trouble == "401" else LinkState.RETRYING
        await until(lambda: one.uplink.state is expected)
        intake.mode = "ok"
        intake.release.set()
        await one.empty()
        assert intake.order == one.written
        assert one.uplink.refused == 0


async def test_a_centre_that_is_away_and_returns_gets_everything(server, intake, tmp_path):
    async with line(server, intake, tmp_path, code="away") as one:
        await one.write(10)
        await one.empty()
        intake.stop()
        await one.write(60)
        await until(lambda: one.uplink.state is LinkState.RETRYING)
        intake.start()
        await one.empty()
        assert intake.order == one.written


async def test_a_packet_the_centre_refuses_is_recorded_and_never_blocks_the_rest(server, intake, tmp_path):
    intake.refuse = lambda packet: "future_dated" if packet["report"]["datas"][0]["value"] == "7.0" else None
    async with line(server, intake, tmp_path, code="refused") as one:
        await one.write(30)
        await one.empty()
        assert intake.order == one.written[:7] + one.written[8:]
        assert one.uplink.refused == 1
        record = json.loads((await one.client.jetstream().get_msg("EDGE-REFUSED-refused", seq=1)).data)
        assert record["reason"] == "future_dated"
        assert json.loads(record["packet"])["report"]["collectTime"] == one.written[7]


async def test_a_batch_too_big_is_halved_until_it_passes(server, intake, tmp_path):
    intake.most_packets = 3
    async with line(server, intake, tmp_path, code="halved") as one:
        await one.write(40)
        await one.empty()
        assert intake.order == one.written


async def test_a_packet_that_is_never_answered_for_is_set_aside_alone(server, intake, tmp_path):
    intake.mode = "400"
    async with line(server, intake, tmp_path, code="set-aside") as one:
        await one.write(5)
        await until(lambda: one.uplink.refused == 5)
        await one.empty()
        records = await one.client.jetstream().stream_info("EDGE-REFUSED-set-aside")
        assert records.state.messages == 5


async def test_a_centre_without_zstd_is_served_plain(server, intake, tmp_path):
    intake.mode = "415"
    async with line(server, intake, tmp_path, code="plain") as one:
        await one.write(5)
        await one.empty()
        assert intake.order == one.written
        assert "Content-Encoding" not in intake.last_headers


async def test_each_batch_tells_depth_oldest_and_drops(server, intake, tmp_path):
    async with line(server, intake, tmp_path, code="headers") as one:
        await one.write(3)
        await one.empty()
        assert int(intake.last_headers["Anlan-Buffer-Packets"]) >= 1
        assert int(intake.last_headers["Anlan-Buffer-Oldest-Us"]) > 0
        assert intake.last_headers["Anlan-Dropped-Packets"] == "0"


async def test_late_packets_are_marked_as_backfill(server, intake, tmp_path):
    async with line(server, intake, tmp_path, code="backfill") as one:
        at = now_us() - 3_600_000_000
        one.writer.offer(Scan(at, True, {"P1": Sample(1.0, Quality.GOOD, at)}))
        await one.empty()
        await until(lambda: len(intake.accepted) == 1)
        (packet,) = intake.accepted.values()
        assert packet["report"]["reportType"] == "continues"


@pytest.mark.reliability(34)
async def test_a_full_buffer_gives_up_its_oldest_and_says_how_many(server, intake, tmp_path):
    intake.mode = "503"
    async with line(server, intake, tmp_path, code="full", max_bytes=40_000) as one:
        await one.write(300)
        depth: Depth = await one.buffer.depth()
        assert depth.packets + one.losses.dropped == 300
        assert one.losses.dropped > 0
        intake.mode = "ok"
        await one.empty()
        # What the uplink held in its hands when room was made still arrives: a gap is over- but never under-reported.
        assert intake.order[-depth.packets :] == one.written[-depth.packets :]
    assert Losses(tmp_path / "gaps.jsonl", "full").dropped == one.losses.dropped
    lines = [json.loads(text) for text in (tmp_path / "gaps.jsonl").read_text().splitlines()]
    assert {entry["reason"] for entry in lines} == {"buffer_full"}
    assert all(0 < entry["fromUs"] <= entry["toUs"] for entry in lines)


async def test_the_local_log_server_may_be_killed_while_all_runs(intake, tmp_path):
    server = NatsServer(tmp_path / "log")
    server.start()
    server.wait_ready()
    try:
        async with line(server, intake, tmp_path, code="killed") as one:
            await one.write(20)
            for _ in range(2):
                assert server.pid is not None
                os.kill(server.pid, signal.SIGKILL)
                await until(lambda: server.pid is None)
                writing = asyncio.create_task(one.write(20))
                server.start()
                await asyncio.to_thread(server.wait_ready)
                await writing
            await one.empty()
            assert list(dict.fromkeys(intake.order)) == one.written
    finally:
        server.stop()


def test_losses_survive_a_torn_last_line(tmp_path):
    losses = Losses(tmp_path / "gaps.jsonl", "g")
    losses.record(Gap(3, 1, 2, "buffer_full"))
    with (tmp_path / "gaps.jsonl").open("ab") as file:
        file.write(b'{"gateway":"g","rea')
    assert Losses(tmp_path / "gaps.jsonl", "g").dropped == 3


def test_losses_that_the_disk_refused_are_counted_and_written_with_the_next(tmp_path):
    path = tmp_path / "not-yet" / "gaps.jsonl"
    losses = Losses(path, "g")
    losses.record(Gap(3, 1, 2, "buffer_full"))
    assert losses.dropped == 3
    path.parent.mkdir()
    losses.record(Gap(4, 3, 4, "buffer_full"))
    assert losses.dropped == 7
    assert Losses(path, "g").dropped == 7


def test_losses_that_the_disk_refuses_for_long_take_no_memory_and_come_out_whole(tmp_path):
    path = tmp_path / "not-yet" / "gaps.jsonl"
    losses = Losses(path, "g")
    for second in range(5000):
        losses.record(Gap(1, second, second, "local_log_unavailable"))
    path.parent.mkdir()
    losses.record(Gap(2, 5000, 5001, "buffer_full"))
    told = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(each["reason"], each["packets"], each["fromUs"], each["toUs"]) for each in told] == [
        ("local_log_unavailable", 5000, 0, 4999),
        ("buffer_full", 2, 5000, 5001),
    ]


async def test_a_wrong_certificate_is_a_retry_and_not_an_end(server, intake, tmp_path):
    async with line(server, intake, tmp_path, code="tls", url=intake.url.replace("http:", "https:")) as one:
        await one.write(2)
        await until(lambda: one.uplink.state is LinkState.RETRYING)
        assert (await one.buffer.depth()).packets == 2


async def test_the_list_is_announced_once_and_again_when_the_centre_forgot_it(server, intake, tmp_path):
    async with line(server, intake, tmp_path, code="announce") as one:
        await one.write(3)
        await one.empty()
        assert intake.forms.count("tags") == 1
        intake.lists.clear()
        await one.write(3)
        await one.empty()
        assert one.uplink.refused == 0
    assert intake.forms.count("tags") == 2
    assert "national" not in intake.forms
    reports = [packet["report"] for packet in intake.accepted.values()]
    assert [report["seq"] for report in reports] == [1, 2, 3, 4, 5, 6]
    assert len({report["boot"] for report in reports}) == 1


async def test_a_centre_that_knows_no_compact_form_is_served_the_national_one(server, intake, tmp_path):
    intake.knows_compact = False
    async with line(server, intake, tmp_path, code="national") as one:
        await one.write(5)
        await one.empty()
        assert one.uplink.refused == 0
        assert intake.order == one.written
    assert intake.forms.count("tags") == 1
    assert "compact" not in intake.forms
