"""One byte of the gateway's own log goes bad on disk: that packet is found out and reported, the others arrive."""

from __future__ import annotations

from pathlib import Path

import nats
import pytest

from anlan.edge.buffer import Buffer, Gap
from anlan.edge.losses import Losses
from anlan.stream.natsd import NatsServer

PACKETS = 50


def packet(number: int) -> bytes:
    return b"packet-%03d-" % number + b"x" * 200


@pytest.mark.reliability(37)
async def test_a_damaged_packet_of_the_gateways_log_is_given_up_and_recorded_and_the_rest_is_read(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "log"
    losses = Losses(tmp_path / "gaps.jsonl", "g1")
    server = NatsServer(folder)
    server.start()
    try:
        server.wait_ready()
        client = await nats.connect(server.url)
        buffer = Buffer(client, "g1", 1 << 26, losses.record)
        await buffer.ensure()
        for number in range(PACKETS):
            await buffer.put(packet(number), f"id-{number}", 1000 + number)
        await client.close()
    finally:
        server.stop()
    damage(folder, packet(20)[:11])
    server = NatsServer(folder)
    server.start()
    try:
        server.wait_ready()
        client = await nats.connect(server.url)
        gaps: list[Gap] = []

        def note(gap: Gap) -> None:
            gaps.append(gap)
            losses.record(gap)

        buffer = Buffer(client, "g1", 1 << 26, note)
        await buffer.ensure()
        reader = await buffer.reader(30.0)
        taken: list[bytes] = []
        assert await buffer.give_up_unreadable(reader) == 0  # what has not been handed out yet is not given up
        while fetched := await reader.fetch(PACKETS, 2.0):
            taken += [each.data for each in fetched]
            await reader.settle(fetched)
        assert taken == [packet(number) for number in range(PACKETS) if number != 20]
        assert await buffer.give_up_unreadable(reader) == 1
        assert [(gap.packets, gap.reason) for gap in gaps] == [(1, "unreadable")]
        assert (await buffer.depth()).packets == 0
        await buffer.put(packet(99), "id-99", 2000)
        [fresh] = await reader.fetch(1, 30.0)
        assert fresh.data == packet(99)
        await client.close()
    finally:
        server.stop()
    assert Losses(tmp_path / "gaps.jsonl", "g1").dropped == 1


def damage(folder: Path, mark: bytes) -> None:
    """Flip one bit behind ``mark`` in the file of the log that holds it."""
    [path] = [path for path in folder.rglob("*.blk") if mark in path.read_bytes()]
    held = bytearray(path.read_bytes())
    held[held.index(mark) + len(mark) + 40] ^= 1
    path.write_bytes(bytes(held))
